"""The features. To add one: a folder like its neighbours, its import, and its name in ``FEATURES``.

``docs/adding-a-feature.md`` shows how, and how to do without Python.
"""

from collections.abc import Sequence

from app.errors import ConfigurationError
from app.features import answers, tickets, translations
from app.features.folder.loading import Features, read
from app.features.routes import FeaturePackage
from app.settings import Settings

FEATURES: tuple[FeaturePackage, ...] = (tickets, answers, translations)

__all__ = ["FEATURES", "FeaturePackage", "Features", "features_of", "read_features"]


def features_of(settings: Settings) -> Sequence[FeaturePackage]:
    """These features and those of the operator's folder, in use.

    Raises:
        ConfigurationError: a folder is wrong; file and line are named, and what would be right. Or
            an adapter is for no feature.
    """
    return read_features(settings).use()


def read_features(settings: Settings) -> Features:
    """The same, read and checked, not yet in use."""
    features = read(settings.features, FEATURES)
    known = [package.FEATURE.name for package in features.packages]
    for name in settings.adapters:
        if name not in known:
            raise ConfigurationError(
                f"GROUNDWORK_ADAPTERS: there is no feature {name}. There are {', '.join(known)}."
            )
    return features
