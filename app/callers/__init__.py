"""Who calls, and what they may."""

from app.callers.caller import OPERATOR, Caller, Limits
from app.callers.door import Door
from app.callers.limits import Allowance, Limiter

__all__ = ["OPERATOR", "Allowance", "Caller", "Door", "Limiter", "Limits"]
