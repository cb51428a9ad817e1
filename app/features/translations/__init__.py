"""Reviews into natural English or another language."""

from app.features.translations import dropin
from app.features.translations.routes import router
from app.features.translations.translator import FEATURE

ROUTERS = (router, *dropin.ROUTERS)

__all__ = ["FEATURE", "ROUTERS"]
