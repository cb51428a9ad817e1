"""An email as a ticket is made of it: what its sender newly wrote, and what the model may see."""

from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Final

from app.detection import Detection, detect_scored
from app.features.injection import (
    WITHHELD,
    Suspicion,
    find_injections,
    find_mentions,
    without,
)
from app.features.languages import base
from app.features.tickets.mail import Reply, is_automatic, split_reply
from app.features.wire import RequestModel

_MOST_SHOWN: Final = 6_000  # bytes of a body, about three to a token in any language
_MOST_SEARCHED: Final = 100_000  # characters of what the model does not see
_CUT: Final = "\n[…]\n"


class Letter(RequestModel):
    """An email, read by rules alone.

    Attributes:
        subject: empty where there is none.
        body: the whole text.
        headers: its header fields, lower-case name and value.
        hidden: text of its HTML that a reader cannot see.
        guarded: for a small model, which follows what it reads: withhold also the sentences that
            merely speak of machines or of a ticket's fields.
    """

    subject: str = ""
    body: str
    headers: tuple[tuple[str, str], ...] = ()
    hidden: str = ""
    guarded: bool = False

    @cached_property
    def reply(self) -> Reply:
        """The body's parts: newly written, quoted, signature."""
        return split_reply(self.body)

    @cached_property
    def written(self) -> str:
        """What its sender newly wrote; all of it, where everything is quoted."""
        return self.reply.text or self.body

    @cached_property
    def language(self) -> Detection:
        return detect_scored(self.written)

    @cached_property
    def shown(self) -> str:
        """What the model sees: without what talks to the model instead of to people."""
        body = _shortened(self._withheld(self.written))
        return f"Subject: {self._withheld(self.subject)}\n{body}" if self.subject else body

    def _withheld(self, text: str) -> str:
        rest = without(text, self._injections(text))
        if not self.guarded:
            return rest
        rest = without(rest, find_mentions(rest, language=base(self.language.code)))
        return rest.replace(WITHHELD, "").strip() or WITHHELD

    def for_a_small_model(self) -> "Letter":
        """The same letter, guarded."""
        return Letter.model_construct(
            subject=self.subject,
            body=self.body,
            headers=self.headers,
            hidden=self.hidden,
            guarded=True,
        )

    def read(self) -> None:
        """Read all that takes time, once."""
        self.shown  # noqa: B018 # kept by its name
        self.is_injection_suspected  # noqa: B018

    @cached_property
    def is_automatic(self) -> bool:
        """Whether a machine sent it, by its headers."""
        return is_automatic(self.headers)

    @property
    def is_quoted_only(self) -> bool:
        """Whether its sender added nothing to what is quoted."""
        return not self.reply.text and bool(self.reply.quoted)

    @cached_property
    def is_injection_suspected(self) -> bool:
        """Whether something in it, seen by the model or not, talks to the model."""
        reply, values = self.reply, [value for _, value in self.headers]
        unseen = "\n\n".join((self.hidden, *values, reply.quoted, reply.signature))
        texts = (self.subject, self.written, unseen[:_MOST_SEARCHED])
        return any(map(self._injections, texts))

    def _injections(self, text: str) -> tuple[Suspicion, ...]:
        return _injections(text, base(self.language.code)) if text else ()


@lru_cache(maxsize=64)
def _injections(text: str, language: str) -> tuple[Suspicion, ...]:
    return find_injections(text, language=language)


def _shortened(body: str) -> str:
    """A body without its middle, where it is too long for a small model's context."""
    raw = body.encode(errors="replace")
    if len(raw) <= _MOST_SHOWN:
        return body
    start, end = raw[: _MOST_SHOWN * 3 // 4], raw[-_MOST_SHOWN // 4 :]
    return start.decode(errors="ignore") + _CUT + end.decode(errors="ignore")


def headers_of(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Header fields with their names in lower case, as field names are compared (RFC 5322)."""
    return tuple((name.strip().lower(), value) for name, value in pairs)
