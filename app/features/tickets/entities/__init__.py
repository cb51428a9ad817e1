"""What a text names exactly: order and invoice numbers, addresses, phones, dates, amounts."""

from app.features.tickets.entities.find import EntityType, Found, find_entities

__all__ = ["EntityType", "Found", "find_entities"]
