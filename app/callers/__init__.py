"""Who calls, and what they may."""

from app.callers.caller import OPERATOR, Caller, Limits
from app.callers.door import UNNAMED, Door
from app.callers.limits import Allowance, Limiter
from app.callers.ring import KeyRing

__all__ = ["OPERATOR", "UNNAMED", "Allowance", "Caller", "Door", "KeyRing", "Limiter", "Limits"]
