"""What code proves of an answer: exactly, in any language, and nothing else."""

import pytest

from app.features.answers.feature import keeps_figures, names_sources
from app.features.answers.task import AnswerTask, Written

TASK = AnswerTask.model_validate(
    {
        "question": "My KX-200 from 2023 says E7, what now?",
        "documents": [
            {
                "title": "Karula 2 tent",
                "text": "It weighs 2.40 kg. It costs 1,200 euros. We open at 07:00. "
                "Error code E 9 means no water. Write to help@karula.example.",
            },
            {
                "title": "Karula 4 tent",
                "text": "It weighs 4.1 kg. See https://karula.example/4?x=1. It has 45 days.",
            },
        ],
        "history": [{"role": "user", "content": "Order 5512 is late."}],
    }
)
WEIGHT, PRICE, OPENING, CODE, WRITE, OTHER_WEIGHT, PAGE, DAYS = range(1, 9)


def unexpected(sources: int, text: str) -> tuple[str, ...] | None:
    check = keeps_figures(TASK, Written(f"[{sources}] {text}"))
    if check is None:
        return None
    assert check.kept is not bool(check.unexpected)
    return check.unexpected


@pytest.mark.parametrize(
    ("sources", "text"),
    [
        (WEIGHT, "The Karula 2 weighs 2.40 kg."),
        (WEIGHT, "Es wiegt 2,4 kg."),
        (WEIGHT, "২.৪০ কেজি"),
        (PRICE, "It is 1200 euros."),
        (PRICE, "Das macht 1.200 €."),
        (PRICE, "1\u202f200 euros, 1'200, 1’200.00"),
        (OPENING, "We open at 7."),
        (OPENING, "7:00 Uhr"),
        (CODE, "E9 means that there is no water."),
        (CODE, "Your KX200 from 2023 says E7; e-9 is another one."),
        (WRITE, "Write to help@karula.example."),
        (PAGE, "See https://karula.example/4?x=1."),
        (DAYS, "You have a 45-day right to return it."),
        (DAYS, "Das sind 45Tage."),
        (WEIGHT, "Order 5512 weighs 2.4 kg."),
        (WEIGHT, "1. Weigh it.\n2. It has 2.4 kg."),
    ],
)
def test_what_stands_there_is_kept(sources: int, text: str) -> None:
    assert unexpected(sources, text) == ()


@pytest.mark.parametrize(
    ("sources", "text", "wrong"),
    [
        (WEIGHT, "The Karula 2 weighs 4.1 kg.", ("4.1",)),
        (WEIGHT, "It weighs 24 kg or 0.24 kg, no, 24.", ("24", "0.24")),
        (WEIGHT, "It weighs 3 kg, surely 3.", ("3",)),
        (OPENING, "We open at 7:30.", ("7:30",)),
        (PRICE, "It is 1.20 euros.", ("1.20",)),
        (CODE, "E8 means that there is no water.", ("E8",)),
        (WRITE, "Write to sales@karula.example.", ("sales@karula.example",)),
        (PAGE, "See https://karula.example/5", ("https://karula.example/5",)),
        (OTHER_WEIGHT, "Karula 2: 4.1 kg", ("2",)),
    ],
)
def test_what_does_not_stand_there_is_found(
    sources: int, text: str, wrong: tuple[str, ...]
) -> None:
    assert unexpected(sources, text) == wrong


def test_words_are_not_looked_at() -> None:
    assert unexpected(WEIGHT, "It weighs about three tonnes and costs nothing.") is None


def test_asking_back_may_name_what_was_shown() -> None:
    assert keeps_figures(TASK, Written("[clarify] The Karula 2 or the Karula 4?")).kept  # type: ignore[union-attr]
    assert not keeps_figures(TASK, Written("[clarify] The Karula 2 or the Karula 6?")).kept  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("written", "kept", "wrong", "says"),
    [
        ("[1][8] Yes.", True, (), ""),
        ("[unknown] I don't know.", True, (), ""),
        ("[9][0] Yes.", False, ("[9]", "[0]"), "no sentence [9], [0]: the last one is [8]"),
        ("Yes.", False, (), "square brackets"),
    ],
)
def test_sources_have_to_exist(written: str, kept: bool, wrong: tuple[str, ...], says: str) -> None:
    check = names_sources(TASK, Written(written))
    assert (check.kept, check.unexpected) == (kept, wrong)
    assert says in check.advice


def test_without_documents_no_number_exists() -> None:
    check = names_sources(TASK.changed(passages=()), Written("[1] Yes."))
    assert check.unexpected == ("[1]",)


def test_a_long_text_takes_no_long_time() -> None:
    text = "a1b2" * 5_000 + " " + "x@" * 5_000 + "9." * 5_000
    task = TASK.changed(question=text)
    assert keeps_figures(task, Written(f"[1] {text}")) is not None
