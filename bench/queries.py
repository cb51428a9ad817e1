"""What the search queries that the model writes are good for.

``python -m bench.queries`` asks the model that the settings name and prints, over the questions of
``bench.retrieval``: how often one of a question's sources is among the first passages by the
question alone and with the model's query, how often that was asked for, and the seconds it took.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from time import perf_counter
from typing import Any

from app.features.answers.query import QueryTask
from app.features.answers.schemas import Message
from app.features.answers.searching import search
from app.gateway import ModelGateway
from app.knowledge.index import Index
from app.knowledge.splitting import split
from app.provision import make_engine, make_gateway
from app.settings import load_settings
from bench.retrieval import QUESTIONS, load_sample

FIRST = (1, 5, 8)  # passages that count
LOADING_SECONDS = 600


async def places(gateway: ModelGateway, index: Index) -> tuple[Sequence[tuple[Any, ...]], float]:
    """For each question: its kind, the source's place without and with a query, and the query."""
    lines = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    rows: list[tuple[Any, ...]] = []
    seconds = 0.0
    for line in filter(lambda line: line["sources"], lines):
        asked = line.get("asked_before") or [
            turn["content"] for turn in line.get("history", []) if turn["role"] == "user"
        ]
        history = tuple(Message(role="user", content=content) for content in asked)
        task = QueryTask(question=line["question"], language="en", history=history)
        alone = index.search(line["question"], max(FIRST), also=" ".join(asked[-2:]))
        begun = perf_counter()
        found = await search(task, [index], gateway)
        seconds += perf_counter() - begun
        without = _place([item.passage.source.id for item in alone], line["sources"])
        with_it = _place([passage.source.id for passage in found.passages], line["sources"])
        rows.append((line["kind"], without, with_it, found.query != line["question"]))
    return rows, seconds


def _place(ids: Sequence[str], sources: Sequence[str]) -> int:
    return next((at for at, name in enumerate(ids) if name in sources), max(FIRST))


async def main() -> None:
    settings = load_settings()
    engine = make_engine(settings)
    if engine:
        engine.start()
        await asyncio.to_thread(engine.wait, LOADING_SECONDS)
    index = Index([passage for source in load_sample() for passage in split(source)])
    try:
        async with aclosing(make_gateway(settings, engine)) as gateway:
            rows, seconds = await places(gateway, index)
    finally:
        if engine:
            engine.stop()
    heads = " | ".join(f"@{first}, alone | with a query" for first in FIRST)
    print(f"| kind | questions | asked for a query | {heads} |")
    print(f"|---|{'---:|' * (2 + 2 * len(FIRST))}")
    for kind in [*dict.fromkeys(row[0] for row in rows), "all"]:
        some = [row for row in rows if kind in (row[0], "all")]
        shares = [
            f"{sum(row[at] < first for row in some) / len(some):.0%}"
            for first in FIRST
            for at in (1, 2)
        ]
        asked = Counter(row[3] for row in some)[True]
        print(f"| {kind} | {len(some)} | {asked} | {' | '.join(shares)} |")
    print(f"\n{seconds / len(rows):.2f} s a question")


if __name__ == "__main__":
    asyncio.run(main())
