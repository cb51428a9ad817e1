"""Where a text of strangers talks to the machine instead of to people."""

from app.features.injection.detector import (
    WITHHELD,
    Suspicion,
    find_injections,
    find_mentions,
    without,
)

__all__ = ["WITHHELD", "Suspicion", "find_injections", "find_mentions", "without"]
