"""``/translations`` with a model that says what a test wants: outcomes, checks, repairs."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.features.translations.schemas import MOST_BYTES, MOST_TERMS
from tests.wire.service import service_on

Messages = list[dict[str, Any]]

GERMAN = "Das Produkt ist sehr gut und kommt bald."
ENGLISH = "The product is very good and comes soon."


def asked(messages: Messages) -> str:
    text: str = messages[-1]["content"]
    return text


def english(_: Messages) -> str:
    return ENGLISH


async def post(says: Any, body: dict[str, Any], **settings: Any) -> httpx.Response:
    async with service_on(says, **settings) as client:
        return await client.post("/translations", json=body)


async def translated(says: Any, body: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    response = await post(says, body, **settings)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["translations"]
    return items


async def test_a_text_has_its_language_its_characters_and_its_checks() -> None:
    (item,) = await translated(english, {"text": [GERMAN], "target_lang": "EN"})
    assert item["text"] == ENGLISH
    assert item["detected_source_language"] == "DE"
    assert item["detection_score"] > 0.9
    assert item["billed_characters"] == len(GERMAN)
    assert item["repaired"] is False
    assert all(check["kept"] for check in item["checks"])


async def test_one_bad_text_does_not_lose_the_others() -> None:
    def fails_for_one(messages: Messages) -> str:
        return "" if "Unsinn" in asked(messages) else ENGLISH

    body = {"text": [GERMAN, " \n", "Das hier ist Unsinn."], "target_lang": "EN"}
    good, blank, failed = await translated(fails_for_one, body)
    assert good["problem"] is None
    assert blank["text"] is None
    assert blank["problem"]["code"] == "text-empty"
    assert blank["problem"]["errors"][0]["pointer"] == "/text/1"
    assert failed["text"] is None
    assert failed["problem"]["status"] == 502
    assert failed["billed_characters"] == 0
    assert failed["detected_source_language"] == "DE"


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"text": [" "]}, 422, "text-empty", "/text/0"),
        ({"text": []}, 422, "request-invalid", "/text"),
        ({"text": "Hallo"}, 422, "request-invalid", "/text"),
        ({"text": ["Hallo"] * 51}, 413, "too-many-items", "/text"),
        ({"text": ["ü" * (MOST_BYTES // 2 + 1)]}, 413, "text-too-long", "/text"),
        ({"target_lang": "TLH"}, 422, "language-unknown", "/target_lang"),
        ({"target_lang": "klingon"}, 422, "language-unknown", "/target_lang"),
        ({"source_lang": "??"}, 422, "language-unknown", "/source_lang"),
        ({"formality": "more"}, 422, "formality-unsupported", "/formality"),
        ({"glossary": {"a": " "}}, 422, "glossary-invalid", "/glossary"),
        ({"glossary": {"a": "x", "A": "y"}}, 422, "glossary-invalid", "/glossary"),
        (
            {"glossary": {str(i): "x" for i in range(MOST_TERMS + 1)}},
            422,
            "glossary-invalid",
            "/glossary",
        ),
        ({"glossary_id": "none"}, 422, "glossary-invalid", "/glossary_id"),
        ({"glossary_id": "shop", "target_lang": "FR"}, 422, "glossary-invalid", "/glossary_id"),
        (
            {"text": ["<a>Hallo <b>du</a>"], "tag_handling": "xml"},
            422,
            "markup-invalid",
            "/text/0",
        ),
        ({"tag_handling": "rtf"}, 422, "request-invalid", "/tag_handling"),
        ({"custom_instructions": ["x"] * 11}, 413, "too-many-items", "/custom_instructions"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_bad_input_has_a_code_and_names_its_field(
    tmp_path: Path, body: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    (tmp_path / "shop.de-en.tsv").write_text("Produkt\tgadget\n", "utf-8")
    response = await post(english, {"text": [GERMAN], **body}, glossaries=tmp_path)
    assert response.status_code == status, response.text
    problem = response.json()
    assert problem["code"] == code
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert problem["errors"][0]["code"] == code


async def test_several_faults_are_told_together() -> None:
    body = {"text": [GERMAN], "target_lang": "TLH", "glossary": {"a": ""}, "more": 1}
    problem = (await post(english, body)).json()
    assert problem["code"] == "request-invalid"
    assert {error["pointer"]: error["code"] for error in problem["errors"]} == {
        "/target_lang": "language-unknown",
        "/glossary": "glossary-invalid",
        "/more": "request-invalid",
    }


LINKED = "Mehr unter https://shop.example/a für 20 € {name}."


async def test_a_miss_costs_one_repair_turn() -> None:
    said: list[str] = []

    def forgets_once(messages: Messages) -> str:
        said.append(asked(messages))
        link = " https://shop.example/a" if len(said) > 1 else ""
        return f"More at{link} for €20 {{name}}."

    (item,) = await translated(forgets_once, {"text": [LINKED], "target_lang": "EN"})
    assert len(said) == 2
    assert "https://shop.example/a" in said[1].removeprefix(said[0])
    assert item["repaired"] is True
    assert all(check["kept"] for check in item["checks"])


async def test_what_is_missing_still_is_reported() -> None:
    calls: list[Messages] = []

    def forgets(messages: Messages) -> str:
        calls.append(messages)
        return "More for €30 {surname}."

    (item,) = await translated(forgets, {"text": [LINKED], "target_lang": "EN"})
    assert len(calls) == 2
    broken = {check["check"]: check for check in item["checks"] if not check["kept"]}
    assert set(broken) == {"placeholders", "urls", "numbers"}
    assert broken["placeholders"]["missing"] == ["{name}"]
    assert broken["placeholders"]["unexpected"] == ["{surname}"]


async def test_of_flawed_translations_the_least_flawed_is_taken() -> None:
    answers = ["More at https://shop.example/a for €20.", "More."]

    def gets_worse(_: Messages) -> str:
        return answers.pop(0)

    (item,) = await translated(gets_worse, {"text": [LINKED], "target_lang": "EN"})
    assert item["text"] == "More at https://shop.example/a for €20."
    assert item["repaired"] is True


async def test_a_text_that_is_there_already_costs_no_call() -> None:
    calls: list[Messages] = []

    def counts(messages: Messages) -> str:
        calls.append(messages)
        return "It is a lovely colour."

    body = {"text": ["It is a lovely lamp, and bright."], "target_lang": "EN"}
    (item,) = await translated(counts, body)
    assert item["text"] == body["text"][0]
    assert not calls
    await translated(counts, {**body, "target_lang": "EN-GB"})
    assert len(calls) == 1, "a region may spell otherwise"


async def test_only_texts_between_tags_are_translated() -> None:
    html = '<p class="x">Guten Tag<br><b translate="no">Bleibt</b> 12.5</p><code>ja()</code>'
    seen: list[str] = []

    def upper(messages: Messages) -> str:
        seen.append(asked(messages))
        return asked(messages).upper() + " < & co"

    body = {"text": [html], "target_lang": "EN", "source_lang": "DE", "tag_handling": "html"}
    (item,) = await translated(upper, body)
    assert set(seen) >= {"Guten Tag"}
    assert not [text for text in seen if "Bleibt" in text or "ja()" in text]
    assert item["text"].startswith('<p class="x">GUTEN TAG &lt; &amp; co<br>')
    assert item["text"].endswith('<b translate="no">Bleibt</b> 12.5</p><code>ja()</code>')


async def test_a_long_text_is_cut_and_put_together() -> None:
    sentences = [f"Das ist der Satz mit der Nummer {number}." for number in range(200)]
    text = "  " + " ".join(sentences[:100]) + "\n\n" + " ".join(sentences[100:]) + "\n"
    seen: list[str] = []

    def echo(messages: Messages) -> str:
        seen.append(asked(messages))
        return asked(messages).replace("Das ist der Satz mit der Nummer", "This is sentence")

    (item,) = await translated(echo, {"text": [text], "target_lang": "EN"})
    assert len(seen) > 2
    assert max(map(len, seen)) <= 2_000
    assert item["text"] == text.replace("Das ist der Satz mit der Nummer", "This is sentence")


async def test_wishes_stand_in_the_instruction(tmp_path: Path) -> None:
    (tmp_path / "shop.en-de.tsv").write_text("lamp\tLeuchte\nrug\tLäufer\n", "utf-8")
    seen: list[str] = []

    def german(messages: Messages) -> str:
        seen.append(messages[0]["content"])
        return "Die Leuchte ist hell."

    await translated(
        german,
        {
            "text": ["The lamp is bright."],
            "target_lang": "de-AT",
            "context": "A shop for lamps",
            "formality": "less",
            "custom_instructions": ["Keep it short"],
            "glossary_id": "shop",
        },
        glossaries=tmp_path,
    )
    for wish in ("German", "informally", "A shop for lamps", "Keep it short", "lamp = Leuchte"):
        assert wish in seen[0]
    assert "Läufer" not in seen[0], "only terms of the text"


@pytest.mark.parametrize(
    ("text", "said", "shaped"),
    [
        ("hallo welt", "Hello world.", "hello world"),
        ("Hallo Welt!", "hello world", "Hello world!"),
        ("Hallo Welt", "Hello world", "Hello world"),
        ("これは本です。", "This is a book.", "This is a book."),
    ],
)
async def test_formatting_is_kept_on_demand(text: str, said: str, shaped: str) -> None:
    def says(_: Messages) -> str:
        return said

    body = {"text": [text], "target_lang": "EN", "preserve_formatting": True}
    (item,) = await translated(says, body)
    assert item["text"] == shaped


async def test_a_stream_ends_with_what_counts() -> None:
    said: list[str] = []

    def forgets_once(messages: Messages) -> str:
        said.append(asked(messages))
        return "More at https://shop.example/a for €20 {name}." if len(said) > 1 else "More."

    async with service_on(forgets_once) as client:
        response = await client.post(
            "/translations/stream", json={"text": [LINKED, ""], "target_lang": "EN"}
        )
    frames = response.text.strip().split("\n\n")
    events = [json.loads(frame.removeprefix("data: ")) for frame in frames]
    assert "".join(event["text"] for event in events[:-1]) == "More."
    assert {event["index"] for event in events[:-1]} == {0}
    done, blank = events[-1]["result"]["translations"]
    assert done["repaired"] is True
    assert "https://shop.example/a" in done["text"]
    assert blank["problem"]["code"] == "text-empty"


async def test_languages_are_listed() -> None:
    async with service_on(english) as client:
        listed = (await client.get("/translations/languages")).json()
    formal = {language["code"] for language in listed if language["supports_formality"]}
    assert {"DE", "FR", "PT-BR"} <= formal
    assert "EN" not in formal
    assert len(listed) >= 35
