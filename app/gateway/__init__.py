"""What a feature may know of the model: the gateway and its values."""

from app.gateway.adapter import Adapter
from app.gateway.batching import Compiled
from app.gateway.boundary import delimited, fixed_mark
from app.gateway.breaker import BreakerState
from app.gateway.dialects import OutputMode
from app.gateway.gateway import ModelGateway
from app.gateway.ladder import Finding
from app.gateway.prompt import (
    Chunk,
    Completion,
    OutputSchema,
    Part,
    Prompt,
    PromptPrefix,
    Shot,
    StopReason,
    Token,
    Turn,
    Untrusted,
    Usage,
)
from app.gateway.standby import Standby
from app.gateway.structured import find_json
from app.gateway.traits import ModelTraits

__all__ = [
    "Adapter",
    "BreakerState",
    "Chunk",
    "Compiled",
    "Completion",
    "Finding",
    "ModelGateway",
    "ModelTraits",
    "OutputMode",
    "OutputSchema",
    "Part",
    "Prompt",
    "PromptPrefix",
    "Shot",
    "Standby",
    "StopReason",
    "Token",
    "Turn",
    "Untrusted",
    "Usage",
    "delimited",
    "find_json",
    "fixed_mark",
]
