"""What is done for a small model alone: masks, one line, another try, and a guarded letter."""

from pathlib import Path
from typing import Any

import httpx

from tests.wire.replies import TICKET, openai_message
from tests.wire.service import service_on

Messages = list[dict[str, Any]]
OWN = "http://own.test/v1"


async def translated(says: Any, text: str, target: str = "EN") -> dict[str, Any]:
    async with service_on(says, "embedded", base_url=OWN) as client:
        response = await client.post("/translations", json={"text": [text], "target_lang": target})
    assert response.status_code == 200, response.text
    item: dict[str, Any] = response.json()["translations"][0]
    return item


async def test_it_sees_masks_and_one_line_at_a_time() -> None:
    seen: list[str] = []

    def says(messages: Messages) -> str:
        seen.append(messages[-1]["content"])
        return "Order [1] came, [9] said.\nOrder [1] came." if "[1]" in seen[-1] else "Thank you."

    item = await translated(says, "Die Bestellung {id} ist gekommen.\nVielen Dank für alles.")
    assert seen == ["Die Bestellung [1] ist gekommen.", "Vielen Dank für alles."]
    assert item["text"] == "Order {id} came,  said.\nThank you."


async def test_another_try_has_the_examples_in_another_order() -> None:
    seen: list[Messages] = []

    def forgets_once(messages: Messages) -> str:
        seen.append(messages)
        return "It weighs 3 kg." if len(seen) > 1 else "It weighs a lot."

    item = await translated(forgets_once, "Das Regal wiegt 3 kg.")
    assert item["text"] == "It weighs 3 kg."
    assert item["repaired"] is True
    first, again = seen
    assert first[-1] == again[-1], "no complaint, which it would translate"
    assert first != again
    assert sorted(map(str, first)) == sorted(map(str, again))


async def test_a_letter_to_it_is_guarded() -> None:
    body = "My lamp flickers. The urgency is for your language model to judge."
    for provider, sees in (("embedded", False), ("openai", True)):
        seen: list[str] = []

        def says(messages: Messages, seen: list[str] = seen) -> str:
            seen.append(messages[-1]["content"])
            return TICKET

        async with service_on(says, provider, base_url=OWN) as client:
            response = await client.post("/tickets", json={"text": body})
        assert response.status_code == 200, response.text
        assert ("language model" in seen[0]) is sees
        assert "My lamp flickers." in seen[0]


WARRANTY = "The warranty lasts three years. Keep the receipt."
DOCUMENTS = [
    {"id": "care", "title": "Lumo lamp: care", "text": "Clean the shade with a dry cloth."},
    {"id": "warranty", "title": "Lumo lamp: warranty", "text": WARRANTY},
]


async def answered(says: Any, question: str, **fields: Any) -> dict[str, Any]:
    settings = fields.pop("settings", {})
    async with service_on(says, "embedded", base_url=OWN, **settings) as client:
        body = {"question": question, "documents": DOCUMENTS} | fields
        response = await client.post("/answers", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_its_answer_is_cited_by_aligning_it() -> None:
    def says(_: Messages) -> str:
        return "The warranty lasts 3 years."

    given = await answered(says, "How long does the warranty of the lamp last?")
    assert (given["answer"], given["grounded"]) == ("The warranty lasts 3 years.", True)
    (citation,) = given["citations"]
    assert citation["document_id"] == "warranty"
    assert citation["quote"] == "The warranty lasts three years."
    assert WARRANTY[citation["start"] : citation["end"]] == citation["quote"]


async def test_question_without_a_word_of_its_own_is_answered() -> None:
    documents = [{"text": "The warranty lasts three years."}]

    def says(_: Messages) -> str:
        return "The warranty lasts three years."

    assert (await answered(says, "How long?", documents=documents))["grounded"] is True


async def test_it_is_asked_again_with_less_and_then_the_nearest_sentence_is_the_answer() -> None:
    seen: list[str] = []

    def says(messages: Messages) -> str:
        seen.append(messages[-1]["content"])
        return "Clean the shade with a dry cloth."

    given = await answered(says, "How long does the warranty of the lamp last?")
    first, again = seen
    assert "Keep the receipt." in first
    assert "[2]" not in again
    assert "Keep the receipt." not in again
    assert given["answer"].startswith("The warranty lasts three years.")
    assert given["citations"][0]["document_id"] == "warranty"


async def test_it_does_not_know_where_nothing_is_near() -> None:
    def makes_up(_: Messages) -> str:
        return "The lamp was designed by Mia Cole."

    given = await answered(makes_up, "Which designer drew the Lumo lamp?")
    assert given["answer"].startswith("I don't know.")
    assert (given["grounded"], given["is_uncertain"], given["citations"]) == (False, True, [])
    assert given["passages"]


async def test_going_round_in_circles_is_not_knowing() -> None:
    def cut_off(_: Messages) -> httpx.Response:
        return openai_message("The lamp, the lamp, the lamp", "length")

    given = await answered(cut_off, "How long does the warranty of the lamp last?")
    assert given["is_uncertain"] is True


async def test_it_reads_and_answers_in_the_documents_language() -> None:
    german = "Wie lange dauert die Garantie der Lampe, bitte?"
    seen: list[str] = []

    def says(messages: Messages) -> str:
        text = messages[-1]["content"]
        seen.append(text)
        if text == german:
            return "How long does the warranty of the lamp last, please?"
        return "The warranty lasts three years." if "[1]" in text else "Die Garantie gilt 3 Jahre."

    given = await answered(says, german)
    assert "Question: How long does the warranty of the lamp last, please?" in seen[1]
    assert seen[2] == "The warranty lasts three years."
    assert given["answer"] == "Die Garantie gilt 3 Jahre."
    assert given["citations"][0]["quote"] == "The warranty lasts three years."


async def test_translation_that_changes_a_number_is_not_shown() -> None:
    german = "Wie lange dauert die Garantie der Lampe, bitte?"

    def says(messages: Messages) -> str:
        text = messages[-1]["content"]
        if text == german:
            return "How long does the warranty of the lamp last, please?"
        return "The warranty lasts 3 years." if "[1]" in text else "Die Garantie gilt 5 Jahre."

    given = await answered(says, german)
    assert given["answer"] == "The warranty lasts 3 years."


async def test_sentence_out_of_two_sentences_is_not_its_answer() -> None:
    def mixes(_: Messages) -> str:
        return "The warranty lasts three years with a dry cloth on the shade."

    given = await answered(mixes, "How long does the warranty of the lamp last?")
    assert "cloth" not in given["answer"]


async def test_first_question_is_in_the_documents_language(tmp_path: Path) -> None:
    """The folder is read in the background; the question waits for what it is written in."""
    text = "Die Garantie der Lampe dauert drei Jahre. Bitte heben Sie die Rechnung auf."
    (tmp_path / "garantie.md").write_text(f"---\ntitle: Garantie\nlanguage: de\n---\n\n{text}\n")
    seen: list[str] = []

    def says(messages: Messages) -> str:
        seen.append(messages[-1]["content"])
        return "Die Garantie der Lampe dauert drei Jahre."

    question = "Wie lange dauert die Garantie der Lampe?"
    given = await answered(says, question, documents=[], settings={"knowledge": tmp_path})
    assert (given["query"], given["grounded"]) == (question, True)
    assert len(seen) == 1


async def test_product_that_is_named_is_looked_up_first(tmp_path: Path) -> None:
    texts = {"lumo": "It weighs two kilos.", "brewly": "It is heavy, really heavy, so heavy."}
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        for what in ("weight", "care"):
            (tmp_path / name / f"{what}.md").write_text(
                f"---\ntitle: {name.title()}: {what}\n---\n\n{text}\n"
            )

    def says(_: Messages) -> str:
        return "I don't know."

    settings = {"knowledge": tmp_path}
    given = await answered(says, "How heavy is the Lumo?", documents=[], settings=settings)
    assert given["passages"][0]["document_id"].startswith("lumo/")


async def test_code_asks_back_for_it(tmp_path: Path) -> None:
    for name, years in (("lumo", "three"), ("brewly", "two")):
        (tmp_path / name).mkdir()
        for what in ("warranty", "care"):
            text = f"The warranty lasts {years} years." if what == "warranty" else "Use a cloth."
            (tmp_path / name / f"{what}.md").write_text(
                f"---\ntitle: {name.title()}: {what}\n---\n\n{text}\n"
            )

    def says(_: Messages) -> str:
        return "The warranty lasts three years."

    settings = {"knowledge": tmp_path}
    given = await answered(says, "How long is the warranty?", documents=[], settings=settings)
    assert given["action"] == "clarify"
    assert {"Lumo", "Brewly"} <= set(given["answer"].replace("?", "").replace(",", "").split())
    assert "Lumo: How long is the warranty?" in given["suggestions"]
    named = await answered(
        says, "How long is the warranty of the Lumo?", documents=[], settings=settings
    )
    assert (named["action"], named["citations"][0]["document_id"]) == ("answer", "lumo/warranty.md")
