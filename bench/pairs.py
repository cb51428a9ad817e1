"""How well the embedded model translates each pair of languages: chrF2 as sacrebleu computes it.

``python -m bench.pairs`` prints a table, in 5 to 15 minutes. The ten reviews of
``tests/corpora/parallel.jsonl`` were not seen when the prompts were tuned; they are in twenty
languages, of one hand and without a second native reader, so that a point or two mean nothing.
"""

import asyncio
import json
from contextlib import aclosing
from pathlib import Path

import sacrebleu

from app.errors import GroundworkError
from app.features import translations
from app.features.translations.schemas import TranslationRequest
from app.features.translations.translating import translate
from app.gateway import ModelGateway
from app.provision import make_engine, make_gateway
from app.settings import Settings
from app.knowledge.vocabulary import Vocabulary

TARGETS = ("EN", "DE", "FR", "ES")
START_SECONDS = 300
CORPUS = Path(__file__).parents[1] / "tests" / "corpora" / "parallel.jsonl"

Reviews = list[dict[str, str]]


async def figure(gateway: ModelGateway, reviews: Reviews, source: str, target: str) -> float:
    """Corpus chrF2, 0 to 100; a review that failed counts as empty."""
    said: list[str] = []
    for review in reviews:
        request = TranslationRequest(text=[review[source]], source_lang=source, target_lang=target)
        try:
            made = await translate(translations.FEATURE, request, gateway, Vocabulary())
            said.append(made.translations[0].text or "")
        except GroundworkError:
            said.append("")
    return sacrebleu.corpus_chrf(said, [[review[target] for review in reviews]]).score


async def measure(gateway: ModelGateway, reviews: Reviews) -> None:
    sources = sorted(set(reviews[0]) - {"id"})
    print(f"| chrF of {len(reviews)} reviews | " + " | ".join(f"into {t}" for t in TARGETS) + " |")
    print("|---|" + "---:|" * len(TARGETS))
    async with aclosing(gateway):
        for source in sources:
            cells = [
                "" if source == target else f"{await figure(gateway, reviews, source, target):.0f}"
                for target in TARGETS
            ]
            print(f"| from {source} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    reviews = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
    settings = Settings(model="embedded")
    engine = make_engine(settings)
    if engine is None:
        raise SystemExit("This measures the embedded model.")
    engine.start()
    try:
        if not engine.wait(START_SECONDS):
            raise SystemExit(engine.problem())
        asyncio.run(measure(make_gateway(settings, engine), reviews))
    finally:
        engine.stop()


if __name__ == "__main__":
    main()
