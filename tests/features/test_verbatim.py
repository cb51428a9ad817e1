"""Where an email has what a model says: exactly, and nothing like it."""

import pytest

from app.features.verbatim import in_catalogue, place, spelled


@pytest.mark.parametrize(
    ("text", "wanted", "at"),
    [
        ("order 77120", "77120", 6),
        ("order 77120", "77", -1),
        ("77120 or 77", "77", 9),
        ("20EUR", "20", -1),
        ("20 EUR", "20", 0),
        ("49.90 EUR", "49.90 EUR", 0),
        ("注文番号77120です", "77120", 4),
        ("٧٧١٢٠", "٧٧", -1),
        ("Überlumo", "lumo", -1),
        ("Lumo", "lumo", -1),
        ("Lumo", "", -1),
        ("", "Lumo", -1),
        ("a" * 50_000, "aa", -1),
    ],
)
def test_a_text_stands_as_a_whole_or_not_at_all(text: str, wanted: str, at: int) -> None:
    assert place(text, wanted) == at


def test_the_next_place_is_found() -> None:
    assert place("77 and 77", "77", 1) == 7
    assert place("77 and 77", "77", 8) == -1


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("Lumo S2", "LUMO-S2"),
        ("LUMO S-2", "LUMO-S2"),
        ("Lumo", "LUMO"),
        ("umo", None),
        ("Lumo S", None),
        ("Crème Brûlée", "crème brûlée"),
        ("C++", "C++"),
        ("- -", None),
        ("x" * 101, None),
    ],
)
def test_a_name_is_spelled_as_the_email_has_it(name: str, spelling: str | None) -> None:
    assert spelled("The LUMO-S2, the crème \n brûlée and C++", name) == spelling


PRODUCTS = ("Inkwell", "Inkwell Pro", "Lumo S2", "Lumo S3", "One", "Crème-Brûlée Set")


@pytest.mark.parametrize(
    ("said", "product"),
    [
        ("inkwell", "Inkwell"),
        ("INKWELL-pro", "Inkwell Pro"),
        ("lumo s-2", "Lumo S2"),
        ("Lumo", None),
        ("Lumo S2 lamp", "Lumo S2"),
        ("Lumo S2 and Lumo S3", None),
        ("Crème Brûlée", "Crème-Brûlée Set"),
        ("Phone", None),
        ("ne", None),
        ("Lumo S4", None),
        ("Inkwel Pro", None),
    ],
)
def test_one_product_of_the_catalogue_or_none(said: str, product: str | None) -> None:
    """Nothing is alike that is not the same words."""
    assert in_catalogue(said, PRODUCTS) == product
