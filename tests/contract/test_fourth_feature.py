"""A fourth feature is a folder and its registration; the frame gives it everything else."""

import json
from pathlib import Path
from typing import Literal

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import APIRouter
from pydantic import SecretStr

from app.web.deps import GatewayDep
from app.embedded import Engine
from app.errors import ConfigurationError
from app.factory import create_app
from app.features import FEATURES, Feature, Registered
from app.features.wire import ModelInfo, Passage, RequestModel, TokenUsage
from app.web.problems import PROBLEMS
from app.settings import Settings

EXAMPLES = [
    ("I love it, thank you!", "positive"),
    ("It broke after a day. Never again.", "negative"),
    ("Great quality and fast delivery.", "positive"),
    ("Terrible. I want my money back.", "negative"),
]


class Review(RequestModel):
    text: Passage


class Mood(RequestModel):
    mood: Literal["positive", "negative"]


class Sentiment(Mood, ModelInfo):
    """The mood of a review, and which model read it."""


class Sentiments(Feature[Review, Mood]):
    name = "sentiments"
    title = "The mood of a review"
    input_type = Review
    output_type = Mood
    max_tokens = 20

    def render(self, request: Review) -> str:
        return request.text


def write_folder(folder: Path) -> None:
    (folder / "instruction.md").write_text("Tell the mood of each review as JSON.\n")
    examples = [{"input": {"text": t}, "output": {"mood": m}} for t, m in EXAMPLES]
    (folder / "examples.jsonl").write_text("".join(json.dumps(e) + "\n" for e in examples))
    case = {"id": "s-1", "input": {"text": "Wonderful!"}, "expected": {"mood": "positive"}}
    (folder / "cases.jsonl").write_text(json.dumps(case) + "\n")


def register(folder: Path) -> Registered:
    class InFolder(Sentiments):
        pass

    InFolder.folder = folder
    feature = InFolder()
    router = APIRouter(prefix="/sentiments", tags=["sentiments"], responses=PROBLEMS)

    @router.post("", summary="Tell the mood of a review")
    async def create_sentiment(request: Review, gateway: GatewayDep) -> Sentiment:  # pyright: ignore[reportUnusedFunction] # the router has it
        result = await feature.run(request, gateway)
        usage = TokenUsage.of(result.usage)
        return Sentiment(mood=result.output.mood, model=result.model, usage=usage)

    return Registered(feature, router)


async def test_route_document_and_checks_come_from_the_frame(
    engine: Engine, tmp_path: Path
) -> None:
    write_folder(tmp_path)
    settings = Settings(
        model=f"openai:{engine.name}",
        base_url=f"{engine.base_url}/v1",
        api_key=SecretStr(engine.key),
    )
    app = create_app(settings, features=(*FEATURES, register(tmp_path)))
    async with LifespanManager(app) as running:
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://service", timeout=60
        ) as client:
            good = await client.post("/sentiments", json={"text": "I am so happy with it!"})
            bad = await client.post("/sentiments", json={"text": " ", "mood": "positive"})
            document = (await client.get("/openapi.json")).json()
    assert good.status_code == 200, good.text
    assert good.json()["mood"] == "positive"
    assert good.json()["usage"]["output_tokens"] > 0
    assert bad.status_code == 422
    assert {error["pointer"] for error in bad.json()["errors"]} == {"/text", "/mood"}
    operation = document["paths"]["/sentiments"]["post"]
    assert operation["operationId"] == "create_sentiment"
    assert "504" in operation["responses"]
    assert document["components"]["schemas"]["Review"]["properties"]["text"]["maxLength"] == 100_000


@pytest.mark.parametrize(
    ("file", "line", "says"),
    [
        ("examples.jsonl", '{"input": {"text": "x"}, "output": {"mood": "odd"}}', "output.mood"),
        ("examples.jsonl", '{"input": {"txt": "x"}, "output": {"mood": "positive"}}', "input.text"),
        ("cases.jsonl", '{"input": {"text": "x"}, "expected": {}}', "id"),
        ("cases.jsonl", "{", "JSON"),
    ],
)
def test_a_wrong_line_stops_the_start_and_is_named(
    tmp_path: Path, file: str, line: str, says: str
) -> None:
    write_folder(tmp_path)
    with (tmp_path / file).open("a") as lines:
        lines.write(line + "\n")
    with pytest.raises(ConfigurationError) as caught:
        register(tmp_path)
    assert file in caught.value.detail
    assert says in caught.value.detail


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "cases.jsonl").unlink()
    with pytest.raises(ConfigurationError, match=r"cases\.jsonl"):
        register(tmp_path)
