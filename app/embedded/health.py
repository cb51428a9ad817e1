"""Whether the engine still answers: asked, not assumed."""

import http.client
from contextlib import closing
from dataclasses import dataclass
from threading import Thread


@dataclass(frozen=True, slots=True)
class Health:
    """How often the engine is asked; by default, one that hangs is found within 8 seconds.

    Missed answers are counted, not timed: a pause of the whole machine is none of the engine's.
    """

    interval: float = 1.0  # seconds between an answer and the next question
    timeout: float = 1.5  # seconds that an answer may take
    misses: int = 3  # answers in a row

    def is_lost(self, port: int, life: Thread) -> bool:
        """Ask the server on ``port`` until it hangs (True), or ``life`` ends before (False)."""
        missed = 0
        while missed < self.misses:
            life.join(self.interval)
            if not life.is_alive():
                return False
            missed = 0 if self._answers(port) else missed + 1
        return True

    def _answers(self, port: int) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self.timeout)
        with closing(connection):
            try:
                connection.request("GET", "/health")
                connection.getresponse()
            except (OSError, http.client.HTTPException):
                return False
        return True
