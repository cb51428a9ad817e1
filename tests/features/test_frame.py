"""The frame of all features, by the one that ``docs/adding-a-feature.md`` adds."""

import json
import re
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager

from app.errors import ConfigurationError
from app.factory import create_app
from app.features import FeaturePackage
from app.features.feature import Feature
from app.features.folder.declaration import Declaration, InputField
from app.features.folder.feature import read_folder
from app.features.folder.scaffold import make_folder
from app.features.proofs import PROOFS
from app.features.wire import Reply
from tests.features import titles
from tests.wire.replies import openai_message, openai_stream
from tests.wire.upstream import body_of, settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-feature.md").read_text("utf-8")
NOTE = "The lamp arrived broken."
GOOD, BROKEN, LONG = (
    json.dumps({"title": title}) for title in ("Broken lamp", "Broken\nlamp", "So " * 40)
)
PROBE = "capital of France"  # the gateway's own question in the background
MARKED = re.compile(r"\[([0-9a-f]{8})\]\n(.*?)\n\[/\1\]", re.DOTALL)

Says = Callable[[list[dict[str, Any]]], str | httpx.Response]


@asynccontextmanager
async def titles_on(
    says: Says, package: FeaturePackage = titles
) -> AsyncGenerator[tuple[httpx.AsyncClient, list[str]]]:
    """A client of the service with this feature alone, and the last messages of all its calls."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/models"):
            return httpx.Response(200, json={})
        body = body_of(request)
        if PROBE in body["messages"][-1]["content"]:
            return openai_message('{"word": "heliotrope-4711"}')
        asked.append(body["messages"][-1]["content"])
        said = says(body["messages"])
        if isinstance(said, httpx.Response):
            return said
        return openai_stream([said[:5], said[5:]]) if body.get("stream") else openai_message(said)

    app = create_app(
        settings("openai"), features=[package], open_http=lambda: httpx.MockTransport(answer)
    )
    async with (
        LifespanManager(app) as running,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(running.app), base_url="http://service"
        ) as client,
    ):
        yield client, asked


def repaired_to(second: str | httpx.Response, first: str = BROKEN) -> Says:
    return lambda messages: second if "earlier answer" in messages[-1]["content"] else first


async def post(
    says: Says, path: str = "/titles", package: FeaturePackage = titles
) -> tuple[httpx.Response, list[str]]:
    async with titles_on(says, package) as (client, asked):
        return await client.post(path, json={"text": NOTE}), asked


async def test_reply_has_the_output_s_fields_and_what_it_took() -> None:
    response, _ = await post(lambda _: GOOD)
    assert response.status_code == 200
    reply = response.json()
    assert list(reply) == ["title", "model", "adapter", "usage", "checks"]
    assert reply["title"] == "Broken lamp"
    assert reply["usage"]["output_tokens"] == 7
    assert [(check["check"], check["kept"]) for check in reply["checks"]] == [("one_line", True)]


async def test_text_of_strangers_stands_between_marks_in_request_and_examples() -> None:
    seen: list[Any] = []

    def says(messages: list[dict[str, Any]]) -> str:
        seen.extend(messages)
        return GOOD

    await post(says)
    users = [message["content"] for message in seen if message["role"] == "user"]
    assert len(users) == 6
    assert all(MARKED.fullmatch(content) for content in users)
    assert MARKED.fullmatch(users[-1])[2] == NOTE  # type: ignore[index]


async def test_repair_stands_between_marks_and_its_output_counts() -> None:
    response, asked = await post(repaired_to(GOOD))
    assert response.json()["title"] == "Broken lamp"
    assert response.json()["usage"]["output_tokens"] == 14, "both calls count"
    assert len(asked) == 2
    outside = MARKED.sub("", asked[1])
    assert "Broken" not in outside
    assert NOTE not in outside
    assert next(found[2] for found in MARKED.finditer(asked[1])) == NOTE
    assert "in one line" in MARKED.findall(asked[1])[1][1], "the model is told what is wrong"


async def test_each_text_has_marks_of_its_own() -> None:
    """The note keeps its mark in the repair, so that what was read of it can be used again."""
    _, asked = await post(repaired_to(GOOD))
    (first,), (again, wrong) = ([found[1] for found in MARKED.finditer(text)] for text in asked)
    assert first == again != wrong


async def test_what_still_fails_is_reported_and_not_replaced() -> None:
    response, asked = await post(repaired_to(BROKEN))
    assert response.status_code == 200
    assert response.json()["title"] == "Broken\nlamp"
    assert response.json()["checks"][0]["kept"] is False
    assert len(asked) == 2, "one repair"


async def test_of_an_output_that_fits_and_one_that_does_not_the_first_counts() -> None:
    response, _ = await post(repaired_to(LONG))
    assert response.json()["title"] == "Broken\nlamp"


async def test_output_that_fits_no_schema_twice_is_a_problem() -> None:
    response, _ = await post(repaired_to(LONG, first=LONG))
    assert (response.status_code, response.json()["code"]) == (502, "model-output-invalid")
    assert "title" in response.json()["finding"]


@pytest.mark.parametrize(
    ("first", "status"), [(BROKEN, 200), (LONG, 503)], ids=["flawed", "unreadable"]
)
async def test_upstream_that_fails_in_a_repair_is_said_to_have_failed(
    first: str, status: int
) -> None:
    """What was readable is given with its failed check; else the upstream's failure is told."""
    response, _ = await post(repaired_to(httpx.Response(503, text="down"), first))
    assert response.status_code == status
    if status == 200:
        assert response.json()["checks"][0]["kept"] is False
    else:
        assert response.json()["code"] == "upstream-unavailable"


async def test_stream_gives_what_is_written_and_then_the_same_reply() -> None:
    response, _ = await post(lambda _: GOOD, "/titles/stream")
    events = [json.loads(line[6:]) for line in response.text.split("\n\n") if line]
    assert [event["type"] for event in events] == ["delta", "delta", "completed"]
    assert "".join(event["text"] for event in events[:-1]) == GOOD
    whole, _ = await post(lambda _: GOOD)
    assert events[-1]["result"] == whole.json()


async def test_stream_that_fails_before_its_first_word_is_an_ordinary_problem() -> None:
    response, _ = await post(lambda _: httpx.Response(503), "/titles/stream")
    assert (response.status_code, response.json()["code"]) == (503, "upstream-unavailable")


async def test_document_names_reply_and_events_after_the_output() -> None:
    async with titles_on(lambda _: GOOD) as (client, _):
        document = (await client.get("/openapi.json")).json()
        bad = await client.post("/titles", json={"text": " ", "more": 1})
    schemas, paths = document["components"]["schemas"], document["paths"]
    assert {"Note", "Title", "TitleCompleted", "TitleEvent", "Delta", "Failed"} <= set(schemas)
    assert paths["/titles"]["post"]["operationId"] == "create_title"
    stream = paths["/titles/stream"]["post"]
    assert stream["operationId"] == "stream_titles"
    assert list(stream["responses"]["200"]["content"]) == ["text/event-stream"]
    assert {"422", "502", "503", "504"} <= set(stream["responses"])
    assert schemas["Title"]["required"] == ["title", "model", "adapter", "usage", "checks"]
    assert {error["pointer"] for error in bad.json()["errors"]} == {"/text", "/more"}


async def test_of_very_many_errors_twenty_are_reported() -> None:
    body = {"text": NOTE, **{f"field-{number}": 1 for number in range(60)}}
    async with titles_on(lambda _: GOOD) as (client, _):
        response = await client.post("/titles", json=body)
    assert response.status_code == 422
    assert len(response.json()["errors"]) == 20


def test_name_title_and_folder_come_from_where_the_input_is() -> None:
    assert (titles.FEATURE.title, titles.FEATURE.folder.name) == ("Notes into titles", "titles")
    assert Reply[titles.Title] is Reply[titles.Title]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the feature's folder, which its module is in."""
    copy = shutil.copytree(titles.FEATURE.folder, tmp_path / "titles")
    monkeypatch.setattr(titles, "__file__", str(copy / "__init__.py"))
    return copy


@pytest.mark.parametrize(
    ("file", "line", "says"),
    [
        ("examples.jsonl", '{"input": {"text": "x"}, "output": {"title": 1}}', "output.title"),
        ("examples.jsonl", '{"input": {"txt": "x"}, "output": {"title": "x"}}', "input.text"),
        ("examples.jsonl", "{", "JSON"),
    ],
)
def test_wrong_example_stops_the_start_and_is_named(
    folder: Path, file: str, line: str, says: str
) -> None:
    lines = (folder / file).read_text("utf-8")
    (folder / file).write_text(f"{lines}{line}\n", "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        Feature("titles", asks=titles.Note, gives=titles.Title)
    assert f"{file}:{lines.count(chr(10)) + 1}" in caught.value.detail
    assert says in caught.value.detail


@pytest.mark.parametrize("line", ['{"input": {"text": "x"}, "expected": {}}', "{"])
def test_wrong_case_is_named_when_cases_are_read(folder: Path, line: str) -> None:
    with (folder / "cases.jsonl").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    feature = Feature("titles", asks=titles.Note, gives=titles.Title)
    with pytest.raises(ConfigurationError, match=r"titles/cases\.jsonl:11: "):
        assert feature.cases


def test_missing_file_is_named(folder: Path) -> None:
    (folder / "examples.jsonl").unlink()
    with pytest.raises(ConfigurationError, match=r"titles/examples\.jsonl"):
        Feature("titles", asks=titles.Note, gives=titles.Title)


def shown(file: str) -> str:
    """A file as the page has it."""
    found = re.search(
        rf"^`{re.escape(file)}`:\n\n```\w*\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
    )
    assert found, f"the page has no {file}"
    return found[1]


def test_the_page_shows_this_very_feature() -> None:
    own = (titles.FEATURE.folder / "__init__.py").read_text("utf-8")
    assert shown("app/features/titles/__init__.py") == own


@pytest.mark.parametrize(
    "name", ["feature.toml", "instruction.md", "examples.jsonl", "cases.jsonl"]
)
def test_the_page_shows_what_the_command_makes(tmp_path: Path, name: str) -> None:
    made = make_folder("titles", tmp_path) / name
    assert shown(f"features/titles/{name}") == made.read_text("utf-8")
    if name != "feature.toml":
        assert made.read_text("utf-8") == (titles.FEATURE.folder / name).read_text("utf-8")


async def test_with_and_without_python_it_is_the_same_feature(tmp_path: Path) -> None:
    made = read_folder(make_folder("titles", tmp_path))
    for path in ("/titles", "/titles/stream"):
        mine, asked = await post(repaired_to(GOOD), path)
        other, asked_other = await post(repaired_to(GOOD), path, made)
        assert (mine.status_code, mine.text) == (other.status_code, other.text)
        texts, texts_other = (
            [found[1] for text in said for found in MARKED.findall(text)]
            for said in (asked, asked_other)
        )
        assert texts == texts_other


@pytest.mark.parametrize("table", ["What feature.toml may say", "Proofs"])
def test_the_page_names_every_key_and_proof(table: str) -> None:
    text = PAGE[PAGE.index("## What feature.toml may say") : PAGE.index("## With Python")]
    known = PROOFS if table == "Proofs" else [*Declaration.model_fields, *InputField.model_fields]
    assert [name for name in known if not re.search(rf"[`\[]{name}\b", text)] == []


def test_the_page_s_examples_of_proofs_are_right(tmp_path: Path) -> None:
    (example,) = (
        part for part in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if "quotes" in part
    )
    fields = (
        "[output.quotes]\ntype = 'list'",
        *(f"[output.{n}]\ntype = 'text'" for n in ("product", "reason")),
    )
    folder = make_folder("titles", tmp_path)
    toml = "\n".join(("title = 'T'", "[input.text]\ntype = 'text'", *fields, example))
    (folder / "feature.toml").write_text(toml, "utf-8")
    (folder / "products.txt").write_text("Lumo S2\n", "utf-8")
    (folder / "examples.jsonl").write_text("", "utf-8")
    assert read_folder(folder).FEATURE.name == "titles"
