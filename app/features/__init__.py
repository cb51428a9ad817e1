"""The features. To add one: a folder like its neighbours, an import, and a line in ``FEATURES``.

``docs/adding-a-feature.md`` shows how.
"""

from app.features import answers, tickets, translations
from app.features.feature import Feature
from app.features.registry import Registered

FEATURES = (
    Registered(tickets.FEATURE, tickets.router),
    Registered(answers.FEATURE, *answers.ROUTERS),
    Registered(translations.FEATURE, *translations.ROUTERS),
)

__all__ = ["FEATURES", "Feature", "Registered"]
