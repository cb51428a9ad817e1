"""What the service has to know of a feature to serve it."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from app.features.feature import Feature


@dataclass(frozen=True, slots=True)
class Registered:
    """A feature and its endpoints."""

    feature: Feature[Any, Any]
    router: APIRouter
