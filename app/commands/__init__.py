"""Commands: what the service kept, who may call it; and, loaded when it is called, batches."""

from app.commands.kept import answers, candidate, cases
from app.commands.keys import keys

__all__ = ["answers", "candidate", "cases", "keys"]
