"""A folder's feature gets what one of Python gets: routes, stream, document, proofs, repairs."""

import json
import re
from pathlib import Path

import httpx
from openapi_spec_validator import validate

from tests.features.folder.folders import (
    GRADED,
    INSTRUCTION,
    REVIEW,
    TEXT,
    WRITTEN,
    folders_on,
    write,
)

MARKED = re.compile(r"\[([0-9a-f]{8})\]\n(.*?)\n\[/\1\]", re.DOTALL)


async def test_reply_has_the_fields_and_what_it_took(tmp_path: Path) -> None:
    write(tmp_path / "grades")
    async with folders_on(json.dumps(GRADED), tmp_path) as (client, asked):
        response = await client.post("/grades", json={"text": REVIEW})
    assert response.status_code == 200, response.text
    reply = response.json()
    assert list(reply) == ["grade", "quotes", "model", "adapter", "usage", "checks"]
    assert (reply["grade"], reply["quotes"]) == ("bad", ["broke at once"])
    assert reply["checks"] == [
        {"check": "verbatim_in", "kept": True, "missing": [], "unexpected": []}
    ]
    (messages,) = asked
    assert messages[0]["content"].startswith(INSTRUCTION)
    assert MARKED.fullmatch(messages[-1]["content"])[2] == REVIEW  # type: ignore[index]


async def test_what_is_trusted_stands_outside_the_marks_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "grades")
    body = {"text": REVIEW, "stars": 2, "audience": "children"}
    async with folders_on(json.dumps(GRADED), tmp_path) as (client, asked):
        assert (await client.post("/grades", json=body)).status_code == 200
    said = asked[0][-1]["content"]
    assert MARKED.findall(said)[0][1] == f"text: {REVIEW}\nstars: 2"
    assert MARKED.sub("", said).strip() == "audience: children"


async def test_a_list_is_sent_line_by_line(tmp_path: Path) -> None:
    toml = TEXT.replace('type = "text"', 'type = "list"')
    write(tmp_path / "titles", toml, examples=[{"input": {"text": ["a"]}, "output": "A"}], cases=[])
    async with folders_on("Two notes", tmp_path) as (client, asked):
        response = await client.post("/titles", json={"text": ["one", "two"]})
    assert response.json()["text"] == "Two notes"
    assert MARKED.findall(asked[0][-1]["content"])[0][1] == "- one\n- two"


async def test_a_proof_that_fails_costs_one_repair(tmp_path: Path) -> None:
    wrong = json.dumps({**GRADED, "quotes": ["fell apart"]})
    write(tmp_path / "grades")
    async with folders_on(
        lambda said: json.dumps(GRADED) if "earlier answer" in said[-1]["content"] else wrong,
        tmp_path,
    ) as (client, asked):
        response = await client.post("/grades", json={"text": REVIEW})
    assert response.json()["quotes"] == ["broke at once"]
    assert "Copy word for word, not fell apart." in asked[1][-1]["content"]


async def test_plain_text_is_streamed_and_its_reply_has_a_name_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "some-titles", TEXT, examples=WRITTEN, cases=[])
    write(tmp_path / "more-titles", TEXT, examples=WRITTEN, cases=[])
    async with folders_on("A title", tmp_path) as (client, _):
        response = await client.post("/some-titles/stream", json={"text": REVIEW})
        document = (await client.get("/openapi.json")).json()
    events = [json.loads(line[6:]) for line in response.text.split("\n\n") if line]
    assert [event["type"] for event in events] == ["delta", "delta", "completed"]
    assert events[-1]["result"]["text"] == "A title"
    schemas = document["components"]["schemas"]
    assert {"SomeTitles", "SomeTitlesEvent", "MoreTitlesRequest", "MoreTitles"} <= schemas.keys()
    assert not [name for name in schemas if "__" in name]


async def test_the_document_is_precise(tmp_path: Path) -> None:
    write(tmp_path / "grades")
    async with folders_on(json.dumps(GRADED), tmp_path) as (client, _):
        document = (await client.get("/openapi.json")).json()
        wrong = await client.post("/grades", json={"text": " ", "stars": 9, "more": 1})
        long = await client.post("/grades", json={"text": "a" * 501})
    validate(document)
    post = document["paths"]["/grades"]["post"]
    assert (post["operationId"], post["tags"]) == ("create_grades", ["grades"])
    assert post["summary"] == "Reviews into grades"
    assert post["description"] == "A grade for a review."
    schemas = document["components"]["schemas"]
    assert schemas["GradesRequest"]["examples"] == [{"text": "I like it."}]
    assert schemas["GradesRequest"]["properties"]["text"]["description"] == "The review."
    assert schemas["Grades"]["properties"]["grade"]["enum"] == ["good", "bad"]
    assert {error["pointer"] for error in wrong.json()["errors"]} == {"/text", "/stars", "/more"}
    assert (long.status_code, long.json()["code"]) == (413, "text-too-long")


async def test_the_samples_are_served_and_their_examples_work() -> None:
    def says(messages: list[dict[str, str]]) -> str:
        graded = json.dumps({"sentiment": "negative", "reason": "It broke."})
        return graded if "how the customer feels" in messages[0]["content"] else "It broke."

    async with folders_on(says, "sample") as (client, _):
        document = (await client.get("/openapi.json")).json()
        validate(document)
        for name in ("summary", "reviews"):
            schema = document["components"]["schemas"][f"{name.capitalize()}Request"]
            response = await client.post(f"/{name}", json=schema["examples"][0])
            assert response.status_code == 200, response.text
            assert all(check["kept"] for check in response.json()["checks"])


async def test_an_upstream_that_fails_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path / "grades")
    async with folders_on(lambda _: httpx.Response(503), tmp_path) as (client, _):
        response = await client.post("/grades", json={"text": REVIEW})
    assert (response.status_code, response.json()["code"]) == (503, "upstream-unavailable")
