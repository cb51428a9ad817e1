"""What is looked for, where, and what of it the model is shown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.features.answers.model import BODY, DOWN, QUESTION, TOO_LONG, desk

GOOD = "[1] Yes."
PAGES = {
    "noise.md": "# Whirl 8 washing machine\n\nThe night programme stays under 48 dB.\n",
    "price.md": "# Prices\n\nThe Whirl 8 washing machine costs 499 euros.\n",
    "lamp.md": "# Lumo lamp\n\nThe warranty of the lamp lasts three years.\n",
}
LIBRARY: dict[str, Any] = {"documents": []}


@pytest.fixture
def knowledge(tmp_path: Path) -> Path:
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def ids(made: dict[str, Any]) -> list[str]:
    return [passage["document_id"] for passage in made["passages"]]


async def test_without_documents_the_service_s_own_are_searched(knowledge: Path) -> None:
    async with desk(GOOD, knowledge=knowledge) as (client, model):
        made = (await client.post("/answers", json=BODY | LIBRARY)).json()
    assert ids(made)[0] == "lamp.md"
    assert made["query"] == QUESTION
    assert model.searched == [], "what is found by itself needs no call"
    assert "# Lumo lamp" in model.read[0]


@pytest.mark.parametrize(
    ("question", "history"),
    [
        ("thin walls here, will they hate me on a Sunday?", []),
        ("Darf ich die Maschine nachts laufen lassen?", []),
        ("and at night?", [{"role": "user", "content": "I have a lamp and a washing machine."}]),
    ],
    ids=["other words", "another language", "a conversation"],
)
async def test_the_model_says_what_to_search_for(
    knowledge: Path, question: str, history: Sequence[dict[str, str]]
) -> None:
    body = BODY | LIBRARY | {"question": question, "history": history}
    query = "Whirl 8 night programme dB\nand more"
    async with desk(GOOD, query=query, knowledge=knowledge) as (client, model):
        made = (await client.post("/answers", json=body)).json()
    assert made["query"] == "Whirl 8 night programme dB"
    assert ids(made)[0] == "noise.md"
    assert model.searched[0].endswith("Search query in English:")
    lines = model.searched[0].splitlines()[1:-2]
    assert lines == [*(f"Customer: {each['content']}" for each in history), f"Customer: {question}"]
    assert made["usage"]["output_tokens"] == 14, "both calls count"


async def test_the_best_of_both_searches_comes_first(knowledge: Path) -> None:
    body = BODY | LIBRARY | {"history": [{"role": "user", "content": "Hi."}]}
    query = "prices: what the Whirl 8 washing machine and a lamp cost"
    async with desk(GOOD, query=query, knowledge=knowledge) as (client, _):
        made = (await client.post("/answers", json=body)).json()
    assert ids(made) == ["price.md", "lamp.md", "noise.md"]


async def test_without_a_query_what_the_question_finds_is_enough(knowledge: Path) -> None:
    body = BODY | LIBRARY | {"history": [{"role": "user", "content": "Hi."}]}
    async with desk(GOOD, query=DOWN, knowledge=knowledge) as (client, model):
        made = (await client.post("/answers", json=body)).json()
    assert (made["answer"], made["query"]) == ("Yes.", QUESTION)
    assert ids(made)[0] == "lamp.md"
    assert len(model.searched) == 1


async def test_where_nothing_was_found_a_failing_model_is_no_answer(knowledge: Path) -> None:
    body = BODY | LIBRARY | {"question": "xyzzy?"}
    async with desk(GOOD, query=DOWN, knowledge=knowledge) as (client, model):
        response = await client.post("/answers", json=body)
    assert (response.status_code, response.json()["code"]) == (502, "upstream-failed")
    assert model.asked == []


async def test_fewer_of_the_service_s_own_are_no_loss_to_the_caller(knowledge: Path) -> None:
    async with desk(TOO_LONG, GOOD, knowledge=knowledge) as (client, _):
        made = (await client.post("/answers", json=BODY | LIBRARY)).json()
    assert ids(made) == ["lamp.md"]
    assert made["truncated"] is False


@pytest.mark.parametrize("says", ["[unknown] Das weiß ich nicht.", "[3] Drei Jahre."])
async def test_from_nothing_the_model_says_that_it_does_not_know(says: str) -> None:
    async with desk(says) as (client, model):
        made = (await client.post("/answers", json=BODY | LIBRARY)).json()
    assert model.read[0] == f"Question: {QUESTION}"
    assert (made["action"], made["grounded"]) == ("unknown", False)
    assert made["answer"] == says.partition("] ")[2]
    assert (made["passages"], made["citations"]) == ([], [])
    assert made["checks"][0]["kept"] is says.startswith("[unknown]")
    assert model.searched == []


async def test_more_than_the_model_reads_is_searched_and_said_to_be_cut() -> None:
    documents = [
        {"id": f"d{number}", "text": f"Colour {number} is nice. " * 40} for number in range(20)
    ]
    documents[13]["text"] += "The warranty of the lamp lasts three years."
    async with desk(GOOD) as (client, model):
        made = (await client.post("/answers", json=BODY | {"documents": documents})).json()
    assert ids(made)[0] == "d13"
    assert "three years" in made["passages"][0]["text"]
    assert made["truncated"] is True
    assert 7_000 < sum(len(each["text"]) for each in made["passages"]) <= 8_000
    assert len(model.read[0]) < 12_000


async def test_documents_and_the_service_s_own_are_shown_together(knowledge: Path) -> None:
    body = BODY | {"search_knowledge": True}
    async with desk(GOOD, knowledge=knowledge) as (client, _):
        made = (await client.post("/answers", json=body)).json()
    assert ids(made)[:3] == ["lamp", "document-2", "lamp.md"]
    assert made["truncated"] is False


async def test_the_service_s_own_are_left_alone_where_nobody_asks(knowledge: Path) -> None:
    async with desk(GOOD, knowledge=knowledge) as (client, _):
        made = (await client.post("/answers", json=BODY)).json()
        none = (
            await client.post("/answers", json=BODY | LIBRARY | {"search_knowledge": False})
        ).json()
    assert ids(made) == ["lamp", "document-2"]
    assert ids(none) == []
