"""Calls every operation through the client that openapi-python-client generated.

Usage: python tour.py http://127.0.0.1:8000 gw_…
"""

import json
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from typing import Any, TypeVar

from groundwork_client import AuthenticatedClient, Client
from groundwork_client.api.answers import (
    create_answer,
    create_feedback,
    delete_conversation,
)
from groundwork_client.api.batches import (
    cancel_batch,
    create_batch,
    delete_batch,
    list_batches,
    read_batch,
    read_results,
)
from groundwork_client.api.deepl import deepl_languages, deepl_translate
from groundwork_client.api.health import check_health, check_readiness
from groundwork_client.api.libretranslate import libre_detect, libre_languages, libre_translate
from groundwork_client.api.tickets import create_email_ticket, create_ticket
from groundwork_client.api.translations import (
    create_translations,
    list_languages,
)
from groundwork_client.api.usage import read_usage
from groundwork_client.models import (
    AnswerCitation,
    AnswerCompleted,
    AnswerRequest,
    AnswerStarted,
    BatchRequest,
    BatchRow,
    BatchRowParams,
    DeepLRequest,
    DeepLRequestTargetLang,
    Delta,
    Document,
    Failed,
    FeedbackRequest,
    FeedbackRequestRating,
    LibreRequest,
    LibreRequestTarget,
    LibreText,
    Problem,
    TicketRequest,
    TranslationCompleted,
    TranslationDelta,
    TranslationRequest,
    TranslationRequestTargetLang,
    UsageReport,
)
from groundwork_client.types import File

AnswerEvent = AnswerStarted | AnswerCitation | Delta | AnswerCompleted | Failed
TranslationEvent = TranslationDelta | TranslationCompleted | Failed

EMAIL = b"From: Ada Hill <ada@post.example>\r\nSubject: Broken lamp\r\n\r\nMy lamp broke.\r\n"
GERMAN = "Das Produkt ist sehr gut."
QUESTION = AnswerRequest(
    "How long does the warranty of the Lumo lamp last?",
    documents=[
        Document(
            title="Lumo lamp: warranty",
            text="The warranty of the Lumo lamp lasts three years. Keep the receipt.",
        )
    ],
    store=True,
)


T = TypeVar("T")


class Refused(Exception):
    """A request got a problem for an answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem

    @property
    def pointers(self) -> list[str]:
        """Where the request is wrong, as JSON Pointers."""
        return [error.pointer for error in self.problem.errors or []]


def main(url: str, key: str) -> None:
    with AuthenticatedClient(url, key) as client:
        health(client)
        tickets(client)
        answers(client)
        translations(client)
        batches(client)
        other_apis(client)
        problem(client)
    with Client(url, headers={"X-Forwarded-For": "203.0.113.9"}) as client:
        stranger(client)


def tickets(client: AuthenticatedClient) -> None:
    ticket = good(
        create_ticket.sync(client=client, body=TicketRequest(subject="Lamp", body="My lamp broke."))
    )
    print("create_ticket:", ticket.issue, ticket.urgency)
    from_email = good(create_email_ticket.sync(client=client, body=File(BytesIO(EMAIL))))
    print("create_email_ticket:", from_email.email.subject)


def answers(client: AuthenticatedClient) -> None:
    answer = good(create_answer.sync(client=client, body=QUESTION))
    print("create_answer:", answer.answer, [citation.quote for citation in answer.citations])

    praise = FeedbackRequest(FeedbackRequestRating.UP)
    feedback = good(create_feedback.sync(answer.message_id, client=client, body=praise))
    print("create_feedback:", feedback.message_id == answer.message_id)

    forgotten = delete_conversation.sync_detailed(str(answer.conversation_id), client=client)
    print("delete_conversation:", forgotten.status_code.value)

    types: list[str] = []
    for event in answer_events(client, QUESTION):
        types.append(event.type_)
        match event:
            case Delta():
                print(event.text, end="", file=sys.stderr, flush=True)
            case AnswerCompleted():
                print("stream_answer:", event.result.answer, *types)
            case Failed():
                print("stream_answer:", event.problem.code, *types)


def answer_events(client: AuthenticatedClient, request: AnswerRequest) -> Iterator[AnswerEvent]:
    """The events of an answer as they come."""
    classes: dict[str, type[AnswerEvent]] = {
        "started": AnswerStarted,
        "citation": AnswerCitation,
        "delta": Delta,
        "completed": AnswerCompleted,
        "failed": Failed,
    }
    for data in server_sent(client, "/answers/stream", request.to_dict()):
        yield classes[data["type"]].from_dict(data)


def server_sent(
    client: AuthenticatedClient, path: str, body: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The data of server-sent events, each of them JSON on one line."""
    with client.get_httpx_client().stream("POST", path, json=body) as response:
        if not response.is_success:
            response.read()
            raise Refused(Problem.from_dict(response.json()))
        for line in response.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def translations(client: AuthenticatedClient) -> None:
    request = TranslationRequest([GERMAN], target_lang=TranslationRequestTargetLang.EN)
    result = good(create_translations.sync(client=client, body=request))
    for translation in result.translations:
        print("create_translations:", translation.text, translation.detected_source_language)

    types: list[str] = []
    for event in translation_events(client, request):
        types.append(event.type_)
        match event:
            case TranslationDelta():
                print(event.text, end="", file=sys.stderr, flush=True)
            case TranslationCompleted():
                print("stream_translations:", event.result.translations[0].text, *types)
            case Failed():
                print("stream_translations:", event.problem.code, *types)

    languages = list_languages.sync(client=client)
    assert isinstance(languages, list)
    print("list_languages:", *[language.code for language in languages])


def batches(client: AuthenticatedClient) -> None:
    params = BatchRowParams.from_dict({"text": [GERMAN], "target_lang": "EN"})
    body = BatchRequest("translations", [BatchRow(params, custom_id="r1")])
    batch = good(create_batch.sync(client=client, body=body))
    print("create_batch:", batch.feature)
    print("list_batches:", good(list_batches.sync(client=client)).data[0].id == batch.id)
    while batch.status not in ("completed", "failed", "expired"):
        time.sleep(0.1)
        batch = good(read_batch.sync(batch.id, client=client))
    print("read_batch:", batch.request_counts.completed)
    results = read_results.sync_detailed(batch.id, client=client)
    print("read_results:", json.loads(results.content)["custom_id"])
    print("cancel_batch:", good(cancel_batch.sync(batch.id, client=client)).status)
    print("delete_batch:", delete_batch.sync_detailed(batch.id, client=client).status_code.value)


def translation_events(
    client: AuthenticatedClient, request: TranslationRequest
) -> Iterator[TranslationEvent]:
    """The events of translations as they come."""
    classes: dict[str, type[TranslationEvent]] = {
        "delta": TranslationDelta,
        "completed": TranslationCompleted,
        "failed": Failed,
    }
    for data in server_sent(client, "/translations/stream", request.to_dict()):
        yield classes[data["type"]].from_dict(data)


def other_apis(client: AuthenticatedClient) -> None:
    """DeepL's and LibreTranslate's; their own clients work, too."""
    deepl = DeepLRequest([GERMAN], target_lang=DeepLRequestTargetLang.EN_GB)
    deepl_result = good(deepl_translate.sync(client=client, body=deepl))
    print("deepl_translate:", deepl_result.translations[0].text)
    deepl_codes = good(deepl_languages.sync(client=client))
    print("deepl_languages:", *[language.language for language in deepl_codes])

    libre = LibreRequest(GERMAN, target=LibreRequestTarget.EN)
    print("libre_translate:", good(libre_translate.sync(client=client, body=libre)).translated_text)
    (detection, *_) = good(libre_detect.sync(client=client, body=LibreText(GERMAN)))
    print("libre_detect:", detection.language)
    libre_codes = good(libre_languages.sync(client=client))
    print("libre_languages:", *[language.code for language in libre_codes])


def health(client: AuthenticatedClient) -> None:
    alive = check_health.sync(client=client)
    print("check_health:", alive and alive.status)
    ready = good(check_readiness.sync(client=client))
    print("check_readiness:", ready.status, ready.model)
    usage = read_usage.sync(client=client)
    assert isinstance(usage, UsageReport)
    print("read_usage:", usage.caller)


def problem(client: AuthenticatedClient) -> None:
    """What is wrong with a request comes as data, not only as words."""
    empty = AnswerRequest(question=" ")
    try:
        good(create_answer.sync(client=client, body=empty))
    except Refused as refused:
        print("problem:", refused.problem.code, *refused.pointers)
    try:
        next(answer_events(client, empty))
    except Refused as refused:
        print("problem_of_stream:", refused.problem.code, *refused.pointers)


def stranger(client: Client) -> None:
    """From elsewhere and without a key, all there is to know is whether it is ready."""
    ready = good(check_readiness.sync(client=client))
    usage = read_usage.sync(client=client)
    assert isinstance(usage, Problem)
    print("stranger:", ready.status, usage.code)


def good(answer: T | Problem | None) -> T:
    """The answer, unless it is a problem."""
    if isinstance(answer, Problem):
        raise Refused(answer)
    if answer is None:
        raise ValueError("a status that the document does not know")
    return answer


if __name__ == "__main__":
    main(*sys.argv[1:])
