"""How well and how fast the documents are searched.

``python -m bench.retrieval`` prints, in about a minute, what an index costs with 10 documents, the
whole sample knowledge and 10,000 documents, and how often one of a question's sources is among the
first passages. The 10,000 are the sample among articles made of the sample's own words, as often
as it has them, and of invented ones, in four languages. Nothing is translated here.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

import psutil
import regex

from app.knowledge.index import Found, Index
from app.knowledge.library import SAMPLE, folder_at
from app.knowledge.reading import READERS, read
from app.knowledge.sources import Heading, Source
from app.knowledge.splitting import split

QUESTIONS = Path(__file__).with_name("questions.jsonl")
FEW, MANY = 10, 10_000  # documents
SEARCHES = 1_000  # timed
FIRST = (1, 5, 8)  # passages that count
CARRIED = 2  # earlier questions whose words may be meant in the next one
KNOWN_WORDS = 30_000  # of a language
SECTIONS, SENTENCES, WORDS = 5, 5, 12  # of an article; 300 words in all
SYLLABLES = {
    "en": "er in st th ou ea tion ly ing re con pro com ble ment all ow sh ck",
    "de": "ein er ge ver schaft ung keit ich ach st sch an ab auf zu mit el en",
    "fr": "eau tion ment é re dé con pa ou ai que ir le la on es in",
    "es": "ción mente ado el la re con pa de o a ar ir es in os",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What an index costs.

    Attributes:
        documents, passages: in it.
        seconds: to build it.
        megabytes: that the process grew by, once it was built.
        p50, p99: milliseconds of a search.
    """

    documents: int
    passages: int
    seconds: float
    megabytes: float
    p50: float
    p99: float


def load_sample() -> Sequence[Source]:
    folder = folder_at(SAMPLE)
    assert folder
    files = sorted(path for path in folder.rglob("*") if path.suffix in READERS)
    return [read(path, path.relative_to(folder).as_posix()) for path in files]


def knowledge(size: int) -> list[Source]:
    """The sample's first documents, then invented ones, up to ``size``."""
    sample = load_sample()
    return [*sample[:size], *articles(size - len(sample), sample)]


def articles(count: int, sample: Sequence[Source]) -> Iterator[Source]:
    """Articles of 300 words whose frequencies fall as Zipf's law has it."""
    chance = random.Random(1)
    known = {language: _vocabulary(language, sample) for language in SYLLABLES}
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(KNOWN_WORDS)))
    for number in range(count):
        language = chance.choices(list(SYLLABLES), (5, 2, 2, 1))[0]

        def some(many: int, language: str = language) -> str:
            return " ".join(chance.choices(known[language], cum_weights=weights, k=many))

        text, headings = "", list[Heading]()
        for _ in range(SECTIONS):
            heading = Heading(len(text), 2, some(3).capitalize())
            headings.append(heading)
            sentences = [f"{some(WORDS).capitalize()}." for _ in range(SENTENCES)]
            text += f"{heading.text}\n\n{' '.join(sentences)}\n\n"
        code = f"{chance.choice('ABCDEFGHKLMNPRSTVWX')}{chance.randint(1, 99)}"
        title = f"{some(3).title()} {code}"
        yield Source(f"article-{number}", title, text, None, language, tuple(headings))


def _vocabulary(language: str, sample: Sequence[Source]) -> list[str]:
    """The sample's words of a language, the most frequent first, then invented ones."""
    texts = " ".join(source.text for source in sample if source.language == language)
    counts = Counter(regex.findall(r"\p{L}[\w.-]*\w", texts.lower()))
    found = dict.fromkeys(word for word, _ in counts.most_common())
    chance, syllables = random.Random(language), SYLLABLES[language].split()
    while len(found) < KNOWN_WORDS:
        word = "".join(chance.choices(syllables, k=chance.randint(2, 5)))
        found.setdefault(word)
    return list(found)


def measure(size: int) -> tuple[Cost, dict[str, list[int]]]:
    """Build an index and search it; in a process of its own, for the memory."""
    passages = [passage for source in knowledge(size) for passage in split(source)]
    ids = {passage.source.id for passage in passages}
    lines = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    asked = [line for line in lines if ids.issuperset(line["sources"])]
    Index(passages[:1])
    before = psutil.Process().memory_info().rss
    start = perf_counter()
    index = Index(passages)
    seconds = perf_counter() - start
    grown = psutil.Process().memory_info().rss - before
    times = quantiles(
        (_seconds(index, asked[turn % len(asked)]) for turn in range(SEARCHES)), n=100
    )
    cost = Cost(size, len(passages), seconds, grown / 1e6, times[49] * 1e3, times[98] * 1e3)
    return cost, hits(index, asked)


def _search(index: Index, line: dict[str, Any]) -> list[Found]:
    before = line.get("asked_before", [])
    return index.search(line["question"], max(FIRST), also=" ".join(before[-CARRIED:]))


def _seconds(index: Index, line: dict[str, Any]) -> float:
    start = perf_counter()
    _search(index, line)
    return perf_counter() - start


def hits(index: Index, asked: Sequence[dict[str, Any]]) -> dict[str, list[int]]:
    """Where the first source stood, from 0, for each question of a kind; after the last if nowhere.

    Questions that nothing was chosen by are held out.
    """
    found: dict[str, list[int]] = {}
    for line in asked:
        ids = [item.passage.source.id for item in _search(index, line)]
        place = next((at for at, name in enumerate(ids) if name in line["sources"]), max(FIRST))
        found.setdefault(line["kind"], []).append(place)
    return dict(sorted(found.items()))


def main() -> None:
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        measured = list(pool.map(measure, (FEW, len(load_sample()), MANY)))
    print("| documents | passages | index s | RSS growth MB | p50 ms | p99 ms |")
    print("|---:|---:|---:|---:|---:|---:|")
    for cost, _ in measured:
        print(
            f"| {cost.documents:,} | {cost.passages:,} | {cost.seconds:.2f} "
            f"| {cost.megabytes:.0f} | {cost.p50:.2f} | {cost.p99:.2f} |"
        )
    for cost, by_kind in measured:
        heads = " | ".join(f"recall@{first}" for first in FIRST)
        print(f"\n| {cost.documents:,} documents | questions | {heads} |")
        print(f"|---|{'---:|' * (len(FIRST) + 1)}")
        by_kind["all"] = [place for places in by_kind.values() for place in places]
        for kind, places in by_kind.items():
            shares = [sum(place < first for place in places) / len(places) for first in FIRST]
            print(f"| {kind} | {len(places)} | {' | '.join(f'{share:.1%}' for share in shares)} |")


if __name__ == "__main__":
    main()
