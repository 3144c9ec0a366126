"""Which media show one event, over all batches of a collection."""
