"""The features. To add one: a folder like its neighbours, its import, and its name in ``FEATURES``.

``docs/adding-a-feature.md`` shows how, and how to do without Python.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from fastapi.routing import APIRoute

from app.errors import ConfigurationError
from app.features import answers, tickets, translations
from app.features.folder.loading import Features, read
from app.features.routes import Borrowed, FeaturePackage, KeyInside
from app.settings import Settings

FEATURES: tuple[FeaturePackage, ...] = (tickets, answers, translations)

__all__ = [
    "FEATURES",
    "Borrowed",
    "FeaturePackage",
    "Features",
    "KeyInside",
    "features_of",
    "paths_of",
    "read_features",
    "replies_of",
    "scopes_of",
]


def features_of(settings: Settings) -> Sequence[FeaturePackage]:
    """These features and those of the operator's folder, in use.

    Raises ``ConfigurationError`` where a folder is wrong, with file, line and what would be right, or an
    adapter is for no feature.
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


def replies_of(packages: Sequence[FeaturePackage]) -> Mapping[str, Any]:
    """What each feature's own endpoint answers, by the features' names."""
    return {
        name: route.response_model
        for name, route in _routes_of(packages)
        if route.path == f"/{name}"
    }


def scopes_of(packages: Sequence[FeaturePackage]) -> Mapping[str, str]:
    """Whose path it is: features by the first part of the paths that they answer."""
    return {route.path.split("/")[1]: feature for feature, route in _routes_of(packages)}


def paths_of(packages: Sequence[FeaturePackage], kind: type) -> Collection[str]:
    """The paths whose routes are of a kind: ``KeyInside`` or ``Borrowed``."""
    return {route.path for _, route in _routes_of(packages) if isinstance(route, kind)}


def _routes_of(packages: Sequence[FeaturePackage]) -> Iterator[tuple[str, APIRoute]]:
    for package in packages:
        for router in package.ROUTERS:
            for route in router.routes:
                if isinstance(route, APIRoute):
                    yield package.FEATURE.name, route
