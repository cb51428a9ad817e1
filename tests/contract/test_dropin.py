"""Clients made for DeepL's and LibreTranslate's APIs translate through the running service."""

import json
from collections.abc import Generator
from typing import Any
from urllib.error import HTTPError

import deepl
import httpx
import pytest
from libretranslatepy import LibreTranslateAPI

from tests.contract.serving import application, serving

GERMAN, FRENCH = "Das Produkt ist sehr gut.", "Le tapis est très doux."
GOOD, SOFT = "The product is very good.", "The rug is very soft."
ENGLISH = {GERMAN: GOOD, FRENCH: SOFT}


def says(messages: list[dict[str, Any]]) -> str:
    """The text between the marks, in English, with the word that a glossary wants."""
    asked: str = messages[-1]["content"]
    text = asked.split("\n[/", 1)[0].partition("]\n")[2]
    for sentence, translation in ENGLISH.items():
        text = text.replace(sentence, translation)
    return text.replace("product", "gadget") if "gadget" in asked else text


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[httpx.Client]:
    folder = tmp_path_factory.mktemp("glossaries")
    (folder / "shop.de-en.tsv").write_text("Produkt\tgadget\n", "utf-8")
    with serving(application(says, glossaries=folder)) as client:
        yield client


@pytest.fixture
def deepl_client(service: httpx.Client) -> Generator[deepl.DeepLClient]:
    client = deepl.DeepLClient("any-key:fx", server_url=str(service.base_url))
    yield client
    client.close()


@pytest.fixture
def libretranslate(service: httpx.Client) -> Any:
    return LibreTranslateAPI(str(service.base_url), api_key="any")


def translated(client: Any, text: str | list[str], **options: Any) -> list[deepl.TextResult]:
    """The client's own types are not complete."""
    given: list[deepl.TextResult] | deepl.TextResult = client.translate_text(text, **options)
    return given if isinstance(given, list) else [given]


def test_deepl_translates_a_list(deepl_client: deepl.DeepLClient) -> None:
    results = translated(deepl_client, [GERMAN, FRENCH, ""], target_lang="EN-GB")
    assert [result.detected_source_lang for result in results] == ["DE", "FR", ""]
    assert [result.text for result in results] == [GOOD, SOFT, ""]
    assert results[0].billed_characters == len(GERMAN)


def test_deepl_takes_a_glossary_by_name(deepl_client: deepl.DeepLClient) -> None:
    (result,) = translated(
        deepl_client,
        GERMAN,
        source_lang="DE",
        target_lang="EN-US",
        glossary="shop",
        context="A review",
    )
    assert result.text == "The gadget is very good."
    with pytest.raises(deepl.DeepLException, match="glossary-invalid"):
        translated(deepl_client, GERMAN, source_lang="DE", target_lang="EN-US", glossary="none")


def test_deepl_keeps_markup(deepl_client: deepl.DeepLClient) -> None:
    html = f'<p class="a"><b>{GERMAN}</b></p><p translate="no">Bleibt so.</p>'
    (result,) = translated(
        deepl_client, html, target_lang="EN-GB", tag_handling="html", ignore_tags=["code", "pre"]
    )
    assert result.text == html.replace(GERMAN, GOOD)


def test_deepl_lists_languages(deepl_client: deepl.DeepLClient) -> None:
    sources = {language.code for language in deepl_client.get_source_languages()}
    targets = {language.code: language for language in deepl_client.get_target_languages()}
    assert "DE" in sources
    assert "EN-GB" not in sources
    assert targets["DE"].supports_formality
    assert targets["EN-GB"].name == "British English"


def test_deepl_reads_what_is_wrong(deepl_client: deepl.DeepLClient) -> None:
    with pytest.raises(deepl.DeepLException, match="language-unknown"):
        translated(deepl_client, GERMAN, target_lang="TLH")
    with pytest.raises(deepl.DeepLException, match="formality-unsupported"):
        translated(deepl_client, GERMAN, target_lang="EN-GB", formality="more")


def test_deepl_takes_forms(service: httpx.Client) -> None:
    """As its older clients send them."""
    response = service.post("/v2/translate", data={"text": [GERMAN, FRENCH], "target_lang": "en"})
    assert response.status_code == 200, response.text
    assert [each["text"] for each in response.json()["translations"]] == [GOOD, SOFT]


def test_what_is_no_form_is_said_to_be_none(service: httpx.Client) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = service.post("/v2/translate", content=b"no form", headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "malformed-form")


def test_libretranslate_translates_and_detects(libretranslate: Any) -> None:
    assert libretranslate.translate(GERMAN, "auto", "en") == GOOD
    assert libretranslate.translate(GERMAN, "de", "en") == GOOD
    (found,) = libretranslate.detect(GERMAN)
    assert found["language"] == "de"
    assert found["confidence"] > 90


def test_libretranslate_lists_languages(libretranslate: Any) -> None:
    languages = {language["code"]: language for language in libretranslate.languages()}
    assert languages["de"]["name"] == "German"
    assert {"en", "zh-Hans", "pt-BR"} <= set(languages["de"]["targets"])


def test_libretranslate_reads_what_is_wrong(libretranslate: Any) -> None:
    with pytest.raises(HTTPError) as caught:
        libretranslate.translate(GERMAN, "auto", "klingon")
    assert caught.value.code == 422
    problem = json.loads(caught.value.read())
    assert problem["code"] == "language-unknown"
    assert "target" in problem["error"]


def test_libretranslate_takes_json_and_lists(service: httpx.Client) -> None:
    body = {"q": [GERMAN, " "], "source": "auto", "target": "en", "format": "text", "api_key": "k"}
    answer = service.post("/translate", json=body).json()
    assert answer["translatedText"] == [GOOD, " "]
    assert answer["detectedLanguage"][0]["language"] == "de"
