"""What ends the bench."""


class BenchError(Exception):
    """The figures would be worth nothing; the text says why."""
