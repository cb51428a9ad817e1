"""Commands that ask no model: what the service kept, and who may call it."""

from app.commands.kept import answers, candidate, cases
from app.commands.keys import keys

__all__ = ["answers", "candidate", "cases", "keys"]
