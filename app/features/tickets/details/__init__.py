"""Intent and custom fields of a ticket: a second question about the same email."""

from app.features.tickets.details.feature import Details, DetailsRequest

__all__ = ["Details", "DetailsRequest"]
