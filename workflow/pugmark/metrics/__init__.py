"""Figures with their exact definitions: rankings, partitions, intervals."""
