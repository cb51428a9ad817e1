"""Groundwork: one foundation model behind many feature endpoints."""

__version__ = "0.3.0"
