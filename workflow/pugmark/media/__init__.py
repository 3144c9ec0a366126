"""What lies in a batch folder: which files are media, their pixels, and when they were taken."""
