"""Everything between the socket and a feature."""
