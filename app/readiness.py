"""Whether the service can answer: what ``/readyz`` says."""

from collections.abc import Callable, Iterable

Check = Callable[[], str | None]


class Readiness:
    """A list of checks; each gives the reason why the service is not ready, or None."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._checks = tuple(checks)

    def problem(self) -> str | None:
        """The first reason why requests cannot be answered now."""
        return next(filter(None, (check() for check in self._checks)), None)
