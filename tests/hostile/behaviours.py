"""How the hostile upstream may treat a call: each behaviour is a value that knows how to act.

::

    Behaviour
    ├── Good                 a whole answer
    ├── Drip                 a whole answer, byte by byte
    ├── Huge                 a whole answer of many megabytes
    ├── NotATicket           a whole answer that says something else
    ├── EmptyChoices         a whole answer that says nothing
    ├── JsonToStream         a whole answer, but not as a stream
    ├── Status               an error's status, with or without a hint when to come again
    ├── Garbage              200, and no JSON
    ├── WrongType            200, and a web page
    ├── Hang                 nothing, until the client leaves
    ├── ResetBeforeAnswer    a reset instead of an answer
    ├── ResetMidBody         a reset amid a JSON answer
    ├── TruncatedBody        an end amid a JSON answer
    ├── StreamReset          a reset amid a stream
    ├── TruncatedStream      an end amid a stream
    ├── StreamError          an error that is reported amid a stream
    ├── Endless              an answer that never ends
    └── Silence              a stream that never says anything
"""

from tests.hostile.answering import (
    MEGABYTE,
    NOT_A_TICKET,
    Drip,
    EmptyChoices,
    Good,
    Huge,
    JsonToStream,
    NotATicket,
)
from tests.hostile.breaking import (
    Endless,
    ResetMidBody,
    Silence,
    StreamError,
    StreamReset,
    TruncatedBody,
    TruncatedStream,
)
from tests.hostile.refusing import Garbage, Hang, ResetBeforeAnswer, RetryAfter, Status, WrongType
from tests.hostile.scene import Behaviour, Ending, Scene

__all__ = [
    "MEGABYTE",
    "NOT_A_TICKET",
    "Behaviour",
    "Drip",
    "EmptyChoices",
    "Ending",
    "Endless",
    "Garbage",
    "Good",
    "Hang",
    "Huge",
    "JsonToStream",
    "NotATicket",
    "ResetBeforeAnswer",
    "ResetMidBody",
    "RetryAfter",
    "Scene",
    "Silence",
    "Status",
    "StreamError",
    "StreamReset",
    "TruncatedBody",
    "TruncatedStream",
    "WrongType",
]
