"""Grouping of features without labels: neighbour lists, k-reciprocal Jaccard distance, algorithms."""
