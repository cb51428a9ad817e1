"""What a translation has to keep, and whether it does."""

from app.features.translations.fidelity.checks import Check, CheckName, compare, finding_of
from app.features.translations.fidelity.spans import terms_in

__all__ = ["Check", "CheckName", "compare", "finding_of", "terms_in"]
