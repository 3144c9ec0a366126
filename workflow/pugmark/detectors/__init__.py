"""Ways to find boxes: each module has `detect(frames, settings, weights)`; only the chosen one is imported."""
