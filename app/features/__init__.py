"""The features. To add one: a folder like its neighbours, its import, and its name in ``FEATURES``.

``docs/adding-a-feature.md`` shows how.
"""

from app.features import answers, tickets, translations
from app.features.routes import FeaturePackage

FEATURES: tuple[FeaturePackage, ...] = (tickets, answers, translations)

__all__ = ["FEATURES", "FeaturePackage"]
