"""What the service costs beside other ways to do the same; ``python -m bench``."""
