"""Clients made for DeepL's and LibreTranslate's APIs translate through the running service."""

import json
import re
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.error import HTTPError

import deepl
import pytest
from libretranslatepy import LibreTranslateAPI

from tests.service import Service, run_service

GERMAN = "Das Produkt ist sehr gut."
FRENCH = "Le tapis est très doux."
ENGLISH = {
    GERMAN: "The product is very good.",
    FRENCH: "The rug is very soft.",
    f"<1><2>{GERMAN}</2></1><3/>": "<1><2>The product is very good.</2></1><3/>",
}


class Upstream(BaseHTTPRequestHandler):
    """A model server that knows two sentences, and what a glossary asks for."""

    def do_GET(self) -> None:
        self._reply({})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = body["messages"][-1]["content"]
        found = re.search(r"\[(\w{8})\]\n(.*?)\n\[/\1\]", asked, re.DOTALL)
        text = ENGLISH.get(found[2] if found else "", "Fine.")
        if "Produkt = gadget" in asked:
            text = text.replace("product", "gadget")
        message = {"role": "assistant", "content": text}
        self._reply({"model": "m", "choices": [{"message": message, "finish_reason": "stop"}]})

    def _reply(self, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the library's name
        """Nothing."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    folder = tmp_path_factory.mktemp("glossaries")
    (folder / "shop.de-en.tsv").write_text("Produkt\tgadget\n", "utf-8")
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    Thread(target=upstream.serve_forever).start()
    try:
        with run_service(
            tmp_path_factory.mktemp("service"),
            glossaries=str(folder),
            model="openai:m",
            api_key="key",
            base_url=f"http://127.0.0.1:{upstream.server_port}/v1",
        ) as running:
            yield running
    finally:
        upstream.shutdown()
        upstream.server_close()


@pytest.fixture
def deepl_client(service: Service) -> Generator[deepl.DeepLClient]:
    client = deepl.DeepLClient("any-key:fx", server_url=str(service.client.base_url))
    yield client
    client.close()


@pytest.fixture
def libretranslate(service: Service) -> Any:
    return LibreTranslateAPI(str(service.client.base_url), api_key="any")


def translated(client: Any, text: str | list[str], **options: Any) -> list[deepl.TextResult]:
    """The client's own types are not complete."""
    given: list[deepl.TextResult] | deepl.TextResult = client.translate_text(text, **options)
    return given if isinstance(given, list) else [given]


def test_deepl_translates_a_list(deepl_client: deepl.DeepLClient) -> None:
    results = translated(deepl_client, [GERMAN, FRENCH, ""], target_lang="EN-GB")
    assert [result.detected_source_lang for result in results] == ["DE", "FR", ""]
    assert "good" in results[0].text
    assert results[2].text == ""
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
    assert "gadget" in result.text
    with pytest.raises(deepl.DeepLException, match="glossary-invalid"):
        translated(deepl_client, GERMAN, source_lang="DE", target_lang="EN-US", glossary="none")


def test_deepl_keeps_markup(deepl_client: deepl.DeepLClient) -> None:
    html = '<p class="a"><b>Das Produkt ist sehr gut.</b></p><p translate="no">Bleibt so.</p>'
    (result,) = translated(
        deepl_client, html, target_lang="EN-GB", tag_handling="html", ignore_tags=["code", "pre"]
    )
    assert result.text.startswith('<p class="a"><b>The product')
    assert result.text.endswith('</b></p><p translate="no">Bleibt so.</p>')


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


def test_deepl_takes_forms(service: Service) -> None:
    """As its older clients send them."""
    response = service.client.post(
        "/v2/translate", data={"text": [GERMAN, FRENCH], "target_lang": "en"}
    )
    assert response.status_code == 200, response.text
    assert len(response.json()["translations"]) == 2


def test_libretranslate_translates_and_detects(libretranslate: Any) -> None:
    assert "good" in libretranslate.translate(GERMAN, "auto", "en")
    assert "good" in libretranslate.translate(GERMAN, "de", "en")
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


def test_libretranslate_takes_json_and_lists(service: Service) -> None:
    answer = service.post(
        "/translate",
        {"q": [GERMAN, " "], "source": "auto", "target": "en", "format": "text", "api_key": "k"},
    )
    assert "good" in answer["translatedText"][0]
    assert answer["translatedText"][1] == " "
    assert answer["detectedLanguage"][0]["language"] == "de"
