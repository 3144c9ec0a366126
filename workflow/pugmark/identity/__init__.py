"""Who was it: the boxes of one animal in one event, and what they are called."""
