"""The pages on which a person answers, and a small server that takes the answers down at once."""
