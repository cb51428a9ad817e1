"""What the service has to know of a feature to serve it."""

from typing import Any

from fastapi import APIRouter

from app.features.feature import Feature


class Registered:
    """A feature and its endpoints: its own router, and those that other APIs' clients need."""

    def __init__(self, feature: Feature[Any, Any], *routers: APIRouter) -> None:
        self.feature = feature
        self.routers = routers
