"""HTML and XML, translated as texts with numbered marks in the places of the tags."""

from app.features.translations.markup.marks import compared, without_marks
from app.features.translations.markup.sheets import Kind, Markup, Sheet
from app.features.translations.markup.tokens import MarkupError

__all__ = ["Kind", "Markup", "MarkupError", "Sheet", "compared", "without_marks"]
