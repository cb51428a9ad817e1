"""Whether a translation on the embedded model keeps what must not change, or says that it did not.

Prints its figures. The sources are those of ``tests/corpora/fidelity.jsonl``: placeholders, URLs,
addresses, numbers, emoji, line breaks, tags, glossary terms. What is kept is told here by a plain
search for exact strings, which knows nothing of the checks under test.
"""

import json
import re
from collections import Counter
from contextlib import aclosing
from pathlib import Path
from typing import Any

from app.embedded import Engine
from app.errors import GroundworkError
from app.features import translations
from app.features.languages import known
from app.features.translations.schemas import Translation, TranslationRequest
from app.features.translations.translating import translate
from app.vocabulary import Vocabulary
from tests.quality.floors import Floors, gateway_to, percent

CORPUS = Path(__file__).parents[1] / "corpora" / "fidelity.jsonl"
EXACT = re.compile(
    r"https?://[^\s<>\"，。）)]*[\w/]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\{\{.*?\}\}|\{\w*\}|%\d*\$?[sd]\b"
    r"|%\(\w+\)s|</?[a-z]+(?: [a-z]+=[^<>]*)?/?>|[\U0001F300-\U0001FAFF]|(?<![\d.,:/])\d{3,}(?![\d.,:/]|\s?\d)"
)


def cases() -> list[dict[str, Any]]:
    """Each source once, with its languages and its glossary."""
    lines = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
    lines = [line for line in lines if known(line["target_lang"])]
    return list({line["source"]: line for line in lines if line["source"].strip()}.values())


def request(case: dict[str, Any]) -> TranslationRequest:
    return TranslationRequest(
        text=[case["source"]],
        source_lang=known(case["source_lang"]),
        target_lang=case["target_lang"],
        glossary=case.get("glossary") or {},
    )


def lost(case: dict[str, Any], translation: str) -> Counter[str]:
    """Exact strings of the source that the translation lacks."""
    left = Counter(EXACT.findall(case["source"])) - Counter(EXACT.findall(translation))
    if case["source"].count("\n") != translation.count("\n"):
        left["\n"] += 1
    return left


async def test_what_must_not_change_is_kept_or_reported(engine: Engine) -> None:
    gateway = gateway_to(engine)
    made: list[tuple[dict[str, Any], Translation]] = []
    failed: list[str] = []
    async with aclosing(gateway):
        for case in cases():
            try:
                whole = await translate(translations.FEATURE, request(case), gateway, Vocabulary())
            except GroundworkError as error:
                failed.append(error.code)
            else:
                made.append((case, whole.translations[0]))
    reported = [not all(check.kept for check in one.checks) for _, one in made]
    lossy = [bool(lost(case, one.text or "")) for case, one in made]
    silent = [
        (case["id"], one.text, lost(case, one.text or ""))
        for (case, one), report in zip(made, reported, strict=True)
        if not report and lost(case, one.text or "")
    ]
    broken = Counter(check.check for _, one in made for check in one.checks if not check.kept)
    floors = Floors("fidelity", len(made) + len(failed))
    floors.tell("failed with a problem", str(dict(Counter(failed))))
    floors.tell("repair asked for, %", f"{percent([one.repaired for _, one in made]):.1f}")
    floors.tell("exact strings kept, %", f"{100 - percent(lossy):.1f}")
    floors.tell("all checks kept, %", f"{100 - percent(reported):.1f}")
    floors.tell("reported, by check", str(dict(broken)))
    floors.add("kept or reported, %", 100 - 100 * len(silent) / len(made), 100)
    for one in silent:
        floors.tell("silently broken", str(one))
    floors.report()
    assert len(made) > 0.9 * len(cases())
