"""What a weak model gets to see of a text, and how the rest comes back."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.features.translations.protection import Protected, StreamRestorer, mask, protect

_ANY_TEXT = st.text(max_size=80) | st.lists(
    st.sampled_from(
        ["{name}", "https://example.com/a", "me@example.com", "😀", "<b>", "</b>", "<br>", "[1]",
         "(2)", "［3］", "[", "]", "1", " ", "\n", "Lampe", "ist", "灯", "%d", "."]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@given(_ANY_TEXT)
@settings(max_examples=400, deadline=None)
def test_a_text_that_comes_back_as_it_went_is_the_same(text: str) -> None:
    protected = protect(text)
    assert protected.restore(protected.text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Hallo {name}, schau auf https://example.com/x!", "Hallo [1], schau auf [2]!"),
        ("😀 Sehr gut! 🎉🎉", "Sehr gut!"),
        ("Mehr dazu: https://example.com/x ", "Mehr dazu:"),
        ("Mehr dazu: https://example.com/x.", "Mehr dazu: [1]."),
        ("<p>Guten Tag</p>", "Guten Tag"),
        ("<br>Guten Tag", "Guten Tag"),
        ("Klicke <b>hier</b>", "Klicke [1]hier[2]"),
        ("{count} Artikel für {name}", "[1] Artikel für [2]"),
        ("Siehe [1] und (2): %s", "Siehe [1] und (2): [3]"),
        ("Kostet 5 € um 15:30 Uhr 😀 genau", "Kostet 5 € um 15:30 Uhr [1] genau"),
        ("So <b>{name}</b>😀 nicht", "So [1] nicht"),
        ("😀 https://example.com", ""),
        ("", ""),
    ],
)
def test_the_model_sees_masks_and_nothing_at_the_ends(text: str, seen: str) -> None:
    protected = protect(text)
    assert protected.text == seen
    assert protected.has_masks == (mask(next(iter(protected.masked), 0)) in seen)


def test_a_term_comes_back_as_its_target() -> None:
    protected = protect(
        "The Air Fryer beats the fryer, see https://fryer.example/fryer today.",
        glossary={"air fryer": "Heißluftfritteuse", "Fryer": "Fritteuse"},
    )
    assert protected.text == "The [1] beats the [2], see [3] today."
    assert (
        protected.restore("Die [1] schlägt die [2], siehe heute [3].")
        == "Die Heißluftfritteuse schlägt die Fritteuse, siehe heute https://fryer.example/fryer."
    )


@pytest.fixture
def greeting() -> Protected:
    return protect("😀 Hallo {a}, hier ist {b}!")


@pytest.mark.parametrize(
    ("translation", "restored"),
    [
        ("Hello [1], here is [2]!", "😀 Hello {a}, here is {b}!"),
        ("Here is [2], hello [1]!", "😀 Here is {b}, hello {a}!"),
        ("Hello [ 1 ], here is ［2］!", "😀 Hello {a}, here is {b}!"),
        ("Hello (1), here is 【2】!", "😀 Hello {a}, here is {b}!"),
        ("Hello [١], here is （2）!", "😀 Hello {a}, here is {b}!"),
        ("Hello [1], [1] here is [2]!", "😀 Hello {a},  here is {b}!"),
        ("Hello, here is [2]!", "😀 Hello, here is {b}!"),
        ("Hello [3] [1", "😀 Hello  [1"),
        ("\n Hello [1]\n", "😀 Hello {a}"),
        ("", "😀 "),
    ],
)
def test_masks_are_read_as_models_write_them(
    greeting: Protected, translation: str, restored: str
) -> None:
    assert greeting.restore(translation) == restored


def test_a_number_in_brackets_that_the_text_has_is_no_mask() -> None:
    protected = protect("Schritt (1): {name} öffnen.")
    assert protected.restore("Step (1): open [2].") == "Step (1): open {name}."


def test_a_stream_holds_back_only_what_may_be_a_mask(greeting: Protected) -> None:
    restorer = StreamRestorer(greeting)
    deltas = ["Hello", " [", "1", "], here [is", " [2]", "!"]
    assert [restorer.feed(delta) for delta in deltas] == [
        "😀 Hello",
        " ",
        "",
        "{a}, here [is",
        " {b}",
        "!",
    ]
    assert restorer.flush() == ""


@given(
    st.lists(
        st.sampled_from(
            ["[", "]", "1", "2", "[1]", "（2）", " ", "\n", "a", "[2", "99999999", "("]
        ),
        max_size=16,
    )
)
@settings(max_examples=400, deadline=None)
def test_a_stream_comes_out_as_the_whole(pieces: list[str]) -> None:
    protected = protect("😀 Hallo {a}, hier ist {b}! https://example.com")
    restorer = StreamRestorer(protected)
    streamed = "".join(map(restorer.feed, pieces)) + restorer.flush()
    assert streamed == protected.restore("".join(pieces))


@given(_ANY_TEXT, st.data())
@settings(max_examples=200, deadline=None)
def test_cuts_anywhere_make_no_difference(text: str, data: st.DataObject) -> None:
    protected = protect(text)
    cuts = data.draw(st.lists(st.integers(0, len(protected.text)), max_size=4).map(sorted))
    bounds = [0, *cuts, len(protected.text)]
    restorer = StreamRestorer(protected)
    pieces = [protected.text[start:end] for start, end in pairwise(bounds)]
    assert "".join(map(restorer.feed, pieces)) + restorer.flush() == text
