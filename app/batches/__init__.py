"""Bulk: files of rows in, files of rows out, durable (``docs/batches.md``)."""

from app.batches.asking import Asker
from app.batches.batches import Batches
from app.batches.routes import router
from app.batches.values import Offer

__all__ = ["Asker", "Batches", "Offer", "router"]
