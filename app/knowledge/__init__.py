"""The operator's documents: read from a folder, cut into passages, searched."""
