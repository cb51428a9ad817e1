"""Who calls, and what they may."""

from app.callers.caller import OPERATOR, Caller, Limits
from app.callers.door import UNNAMED, Door
from app.callers.ring import KeyRing

__all__ = ["OPERATOR", "UNNAMED", "Caller", "Door", "KeyRing", "Limits"]
