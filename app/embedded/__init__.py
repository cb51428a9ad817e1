"""The default base model: llama.cpp's own HTTP server in a child process on loopback."""

from app.embedded.engine import Engine

__all__ = ["Engine"]
