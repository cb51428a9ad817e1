"""What a feature may know of the model: the gateway and its values."""

from app.gateway.gateway import ModelGateway
from app.gateway.prompt import (
    Chunk,
    Completion,
    OutputSchema,
    Prompt,
    PromptPrefix,
    Shot,
    StopReason,
    Turn,
    Usage,
)
from app.gateway.structured import find_json

__all__ = [
    "Chunk",
    "Completion",
    "ModelGateway",
    "OutputSchema",
    "Prompt",
    "PromptPrefix",
    "Shot",
    "StopReason",
    "Turn",
    "Usage",
    "find_json",
]
