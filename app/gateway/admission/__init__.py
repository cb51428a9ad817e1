"""Admission: who may call the model server now, who waits, and who is sent away at once."""

from app.gateway.admission.limit import AdaptiveLimit
from app.gateway.admission.pressure import Pressure
from app.gateway.admission.queue import Admission, GaveWay, Place

__all__ = ["AdaptiveLimit", "Admission", "GaveWay", "Place", "Pressure"]
