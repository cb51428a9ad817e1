"""Support emails into structured tickets."""

from app.features.tickets.router import FEATURE, router

__all__ = ["FEATURE", "router"]
