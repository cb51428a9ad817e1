# each language has its own marks
"""A customer's own questions, word for word."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.features.tickets.questions import LONGEST, MOST, open_questions


@pytest.mark.parametrize(
    ("language", "text", "questions"),
    [
        ("EN", "Hi. Can you help me? Thanks.", ["Can you help me?"]),
        ("en-GB", "Why? Because it broke.", ["Why?"]),
        ("EN", "Is it ok?! Really?? Yes!", ["Is it ok?!", "Really??"]),
        ("DE", "Ist z. B. ein Tausch möglich? Danke.", ["Ist z. B. ein Tausch möglich?"]),
        ("FR", "Bonjour. Avez-vous une idée ? Merci.", ["Avez-vous une idée ?"]),
        ("ES", "Gracias. ¿Cómo lo hago?", ["¿Cómo lo hago?"]),
        ("JA", "注文はどこですか？ありがとう。", ["注文はどこですか？"]),
        ("AR", "أين طلبي؟ شكرا", ["أين طلبي؟"]),
        ("EL", "Πού είναι; Ευχαριστώ.", ["Πού είναι;"]),
        ("HY", "Որտե՞ղ է իմ պատվերը։ Շնորհակալություն։", ["Որտե՞ղ է իմ պատվերը։"]),
        ("XX", "Is it? No.", ["Is it?"]),
    ],
)
def test_questions_are_found_by_the_marks_of_their_language(
    language: str, text: str, questions: list[str]
) -> None:
    assert open_questions(text, language) == questions


def test_a_semicolon_asks_only_in_greek() -> None:
    assert open_questions("one; two;", "EN") == []


def test_line_breaks_are_folded_and_list_items_stand_alone() -> None:
    text = "Where is\n  my order?\n- Can I return it?\n- When"
    assert open_questions(text) == ["Where is my order?", "Can I return it?"]


def test_question_marks_in_addresses_do_not_count() -> None:
    text = "See https://shop.example/?Token=1 or shop.example/a?b=c. Thanks"
    assert open_questions(text) == []
    assert open_questions("Is it https://shop.example/a?b=c? Yes.") == [
        "Is it https://shop.example/a?b=c?"
    ]


def test_quoted_lines_and_bare_marks_are_no_questions() -> None:
    assert open_questions("> Is it old?\nNo.\n\n???\n\n12?") == []


def test_a_question_that_somebody_else_quotes_within_a_sentence_is_none() -> None:
    assert open_questions('The app says "Continue?". Then it stops.') == []


def test_each_question_is_given_once_and_no_more_than_ten() -> None:
    assert open_questions("Why? Why? How?") == ["Why?", "How?"]
    many = open_questions(" ".join(f"Is it number {number}?" for number in range(20)))
    assert many == [f"Is it number {number}?" for number in range(MOST)]


def test_a_sentence_without_end_is_no_question() -> None:
    assert open_questions("word " * LONGEST + "?") == []


@given(st.text(alphabet=st.one_of(st.sampled_from("a? .;>\n“-1"), st.characters())))
@settings(max_examples=200, deadline=None)
def test_a_question_is_in_the_text_but_for_its_whitespace(text: str) -> None:
    squeezed = "".join(text.split())
    for question in open_questions(text, "EL"):
        assert question == " ".join(question.split())
        assert "".join(question.split()) in squeezed


@pytest.mark.parametrize("piece", ["?", "“a? ", "\n", "a?\n\n", "?a", "http://?", "> \n", "- \n"])
def test_hostile_text_takes_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.perf_counter()
    open_questions(text)
    assert time.perf_counter() - start < 5
