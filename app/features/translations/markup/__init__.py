"""HTML and XML, translated as texts with numbered marks in the places of the tags."""

from app.features.translations.markup.marks import compared, without_marks
from app.features.translations.markup.readers import Kind, MarkupError, read
from app.features.translations.markup.sheets import Sheet, sheets_of

__all__ = ["Kind", "MarkupError", "Sheet", "compared", "read", "sheets_of", "without_marks"]
