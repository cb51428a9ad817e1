"""A line of the log is ours: nobody else begins one, and none says what a customer wrote."""

import logging
import re
from typing import Annotated
from urllib.parse import quote

import httpx
import pytest
from fastapi import Body, FastAPI
from pydantic import BaseModel

from app.web.logs import configure_logging
from tests.contract.serving import application, serving
from tests.wire.service import service_on
from tests.wire.upstream import settings

WROTE = "my-iban-is-DE02-1203"
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [a-z._]+ \[[^]]+\] ")
ENDS = "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"


@pytest.mark.parametrize("end", ENDS, ids=ascii)
async def test_a_path_begins_no_line(end: str, capsys: pytest.CaptureFixture[str]) -> None:
    name = quote(f"x{end}2026-12-01 00:00:00,000 ERROR app [-] forged\x1b[31m\u202e")
    async with service_on() as client:
        response = await client.delete(f"/answers/conversations/{name}")
        assert response.status_code == 404
    told = capsys.readouterr().err
    assert "forged" in told
    assert all(LINE.match(line) for line in told.splitlines()), told
    assert told.replace("\n", "").isprintable()


class Owned(BaseModel):
    number: int


def break_down(app: FastAPI) -> None:
    """Give the application a path that fails in all the ways that quote what was sent."""

    @app.post("/broken")
    async def broken(text: Annotated[str, Body()]) -> None:  # pyright: ignore[reportUnusedFunction] # a route
        try:
            Owned.model_validate({"number": text})
        except ValueError as error:
            error.add_note(text)
            raise ExceptionGroup(text, [KeyError(text), RuntimeError(text)]) from error


@pytest.mark.parametrize("level", ["info", "debug"])
def test_a_traceback_quotes_customers_for_debugging_alone(
    level: str, capfd: pytest.CaptureFixture[str]
) -> None:
    app = application(log_level=level)
    break_down(app)
    with serving(app) as client:
        response = client.post("/broken", json=f"{WROTE}\nforged")
    assert response.status_code == 500
    assert WROTE not in response.text
    told = capfd.readouterr().err
    for part in ("ValidationError", "ExceptionGroup", "KeyError", "RuntimeError", "in broken"):
        assert part in told
    assert (WROTE in told) == (level == "debug")
    assert not any(line.startswith("forged") for line in told.splitlines())


@pytest.mark.parametrize("level", ["info", "debug"])
@pytest.mark.parametrize("form", ["json", "text", "stream"])
async def test_what_the_model_server_says_is_for_debugging_alone(
    level: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = {"type": "invalid_request_error", "code": "bad_prompt", "message": f"No {WROTE}\nx"}
    answer = httpx.Response(400, json={"error": error})
    if form == "text":
        answer = httpx.Response(400, text=f"No {WROTE}\nx")
    if form == "stream":
        answer = httpx.Response(200, json={"error": error})
    async with service_on(lambda _: answer, log_level=level) as client:
        response = await client.post("/tickets", json={"text": WROTE})
        assert response.status_code in {502, 503}
    told = capsys.readouterr().err
    assert (WROTE in told) == (level == "debug")
    assert ("invalid_request_error bad_prompt" in told) == (form != "text")
    assert all(LINE.match(line) for line in told.splitlines()), told


async def test_an_output_that_does_not_fit_is_told_to_the_caller_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    says = '{"issue": "x", "urgency": "' + WROTE + '"}'
    async with service_on(lambda _: says) as client:
        response = await client.post("/tickets", json={"text": WROTE})
    problem = response.json()
    assert problem["code"] == "model-output-invalid"
    assert problem["finding"]
    told = capsys.readouterr().err
    assert "model-output-invalid" in told
    assert WROTE not in told


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (
            "/translations",
            {"text": [f'<!DOCTYPE p [<!ENTITY {WROTE} "">]><p/>'], "tag_handling": "xml"},
            "markup-invalid",
        ),
        ("/v2/translate", {"text": ["x"], "glossary": {WROTE: 1}}, "request-invalid"),
    ],
    ids=["markup", "name"],
)
async def test_what_is_wrong_with_a_field_is_told_to_the_caller_alone(
    path: str, body: dict[str, object], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with service_on() as client:
        response = await client.post(path, json=body | {"target_lang": "DE"})
    assert response.json()["code"] == code
    assert WROTE in response.json()["detail"]
    told = capsys.readouterr().err
    assert f"{code}:" in told
    assert WROTE not in told


def test_what_asyncio_says_quotes_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info")
    message = f"Task exception was never retrieved\nfuture: <Task exception=ValueError({WROTE!r})>"
    logging.getLogger("asyncio").error(message, exc_info=ValueError(WROTE))
    told = capsys.readouterr().err
    assert "never retrieved" in told
    assert "ValueError" in told
    assert WROTE not in told


def test_secrets_are_struck_out_of_what_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", [settings("openai").upstream_key or ""])
    logging.getLogger("app").error("a key: %s\n", settings("openai").upstream_key)
    assert "a key: [secret]\n" in capsys.readouterr().err
