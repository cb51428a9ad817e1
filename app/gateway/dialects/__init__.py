"""The two ways to speak to a model server; pure translation, no input or output."""

from app.gateway.dialects.anthropic import AnthropicDialect
from app.gateway.dialects.dialect import Dialect, OutputMode, Profile
from app.gateway.dialects.openai import OpenAIDialect

__all__ = ["AnthropicDialect", "Dialect", "OpenAIDialect", "OutputMode", "Profile"]
