"""What comes in and goes out: pixels, times, sidecars and interchange formats."""
