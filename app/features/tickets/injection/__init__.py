"""Where an email talks to the machine instead of to the support team."""

from app.features.tickets.injection.detector import (
    WITHHELD,
    Suspicion,
    find_injections,
    find_mentions,
    without,
)

__all__ = ["WITHHELD", "Suspicion", "find_injections", "find_mentions", "without"]
