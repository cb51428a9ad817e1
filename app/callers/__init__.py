"""Who calls, and what they may."""

from app.callers.caller import OPERATOR, Caller, Limits
from app.callers.door import Door
from app.callers.ring import KeyRing

__all__ = ["OPERATOR", "Caller", "Door", "KeyRing", "Limits"]
