"""Reviews into natural English or another language."""

from app.features.translations import dropin
from app.features.translations.router import FEATURE, router

ROUTERS = (router, *dropin.ROUTERS)

__all__ = ["FEATURE", "ROUTERS"]
