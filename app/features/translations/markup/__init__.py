"""The texts between the tags of HTML and XML."""

from app.features.translations.markup.document import Kind, Markup, MarkupError

__all__ = ["Kind", "Markup", "MarkupError"]
