"""The drop-in endpoints' own edges; that clients work with them, tests/contract/test_dropin.py."""

from typing import Any

import pytest

from app.features.translations.schemas import MOST_BYTES
from tests.features.translations.service import service_on

GERMAN = "Das Produkt ist sehr gut."


def english(_: list[dict[str, Any]]) -> str:
    return "The product is very good."


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "pointer", "member"),
    [
        ("/translate", {"q": "x" * (MOST_BYTES + 1), "target": "de"}, 413, "text-too-long", "/q",
         "error"),
        ("/translate", {"q": [1], "target": "de"}, 422, "request-invalid", "/q/0", "error"),
        ("/translate", {"q": GERMAN}, 422, "request-invalid", "/target", "error"),
        ("/detect", {}, 422, "request-invalid", "/q", "error"),
        ("/v2/translate", {"text": GERMAN, "target_lang": "EN"}, 422, "request-invalid", "/text",
         "message"),
        ("/v2/translate", {"text": [GERMAN], "target_lang": "XX"}, 422, "language-unknown",
         "/target_lang", "message"),
        ("/v2/translate", {"text": [GERMAN], "target_lang": "EN", "preserve_formatting": "1"}, 422,
         "request-invalid", "/preserve_formatting", "message"),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
async def test_a_problem_has_the_member_that_clients_read(
    path: str, body: dict[str, Any], status: int, code: str, pointer: str, member: str
) -> None:
    async with service_on(english) as client:
        problem = await client.post(path, json=body)
    assert problem.status_code == status, problem.text
    told: dict[str, Any] = problem.json()
    assert told["code"] == code
    assert pointer in {error["pointer"] for error in told["errors"]}
    assert told[member] == told["detail"]


async def test_a_text_that_fails_fails_the_request() -> None:
    def nothing(_: list[dict[str, Any]]) -> str:
        return ""

    async with service_on(nothing) as client:
        body = {"text": [GERMAN], "target_lang": "EN"}
        assert (await client.post("/v2/translate", json=body)).status_code == 502
        assert (await client.post("/v2/translate", json={**body, "text": [" "]})).json() == {
            "translations": [{"detected_source_language": "", "text": " ", "billed_characters": 1}]
        }


async def test_a_form_is_read_as_json_is() -> None:
    form = {
        "text": GERMAN,
        "target_lang": "EN",
        "tag_handling": "xml",
        "ignore_tags": "x,y",
        "preserve_formatting": "1",
        "split_sentences": "nonewlines",
    }
    async with service_on(english) as client:
        made = await client.post("/v2/translate", data=form)
        multipart = await client.post(
            "/v2/translate", files={k: (None, v) for k, v in form.items()}
        )
        listed = await client.request("GET", "/v2/languages", data={"type": "target"})
    assert made.status_code == 200, made.text
    assert made.json() == multipart.json()
    assert "EN-GB" in {language["language"] for language in listed.json()}


async def test_a_flag_of_a_form_is_0_or_1() -> None:
    form = {"text": GERMAN, "target_lang": "EN", "preserve_formatting": "perhaps"}
    async with service_on(english) as client:
        problem = await client.post("/v2/translate", data=form)
    assert problem.status_code == 422, problem.text
    assert [error["pointer"] for error in problem.json()["errors"]] == ["/preserve_formatting"]
