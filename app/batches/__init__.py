"""Bulk: files of rows in, files of rows out, durable (``docs/batches.md``)."""

from app.batches.asking import Asker
from app.batches.batches import Batches
from app.batches.routes import MODELS, router
from app.batches.values import Offer

__all__ = ["MODELS", "Asker", "Batches", "Offer", "router"]
