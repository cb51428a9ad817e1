"""Raw emails: their parts, and what their senders newly wrote."""

from app.features.tickets.mail.message import (
    Attachment,
    Email,
    EmailUnreadable,
    is_automatic,
    read_email,
)
from app.features.tickets.mail.replies import Reply, split_reply, without_oldest

__all__ = [
    "Attachment",
    "Email",
    "EmailUnreadable",
    "Reply",
    "is_automatic",
    "read_email",
    "split_reply",
    "without_oldest",
]
