"""Reviews into natural English or another language."""

from app.features.translations.router import FEATURE, router

__all__ = ["FEATURE", "router"]
