"""What a translation has to keep, and what may look as if it had not."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.features.languages import base
from app.features.translations.fidelity import Check, CheckName, compare, finding_of
from app.features.translations.fidelity.spans import find_spans, terms_in

_ROOT = Path(__file__).parents[2]
_FEATURE = _ROOT / "app" / "features" / "translations"
_CORPUS = (_ROOT / "tests" / "corpora" / "fidelity.jsonl").read_text("utf-8").splitlines()


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    source: str
    source_lang: str
    target_lang: str
    translation: str
    broken: list[CheckName]
    glossary: Mapping[str, str] | None = None

    def checks(self) -> tuple[Check, ...]:
        return compare(
            self.source,
            self.translation,
            source_lang=self.source_lang,
            target_lang=self.target_lang,
            glossary=self.glossary,
        )


CASES = [Case(**json.loads(line)) for line in _CORPUS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_break_is_found_and_nothing_else(case: Case) -> None:
    assert {check.name for check in case.checks() if not check.kept} == set(case.broken)
    assert (finding_of(case.checks()) is None) == (not case.broken)


def test_the_corpus_is_as_large_as_it_claims_to_be() -> None:
    assert len({case.id for case in CASES}) == len(CASES)
    assert sum(not case.broken for case in CASES) >= 60
    assert sum(bool(case.broken) for case in CASES) >= 60
    assert len({lang for case in CASES for lang in (case.source_lang, case.target_lang)}) >= 8


def test_the_good_translations_of_the_cases_raise_no_alarm() -> None:
    lines = (_FEATURE / "cases.jsonl").read_text("utf-8").splitlines()
    for case in map(json.loads, lines):
        checks = compare(
            case["input"]["text"],
            case["expected"]["text"],
            source_lang=case["expected"]["source_lang"],
            target_lang=base(case["input"]["target_lang"]),
        )
        assert finding_of(checks) is None, case["id"]


def test_good_translations_between_all_languages_raise_no_alarm() -> None:
    lines = (_ROOT / "tests" / "corpora" / "parallel.jsonl").read_text("utf-8").splitlines()
    for line in map(json.loads, lines):
        codes = [code for code in line if code != "id"]
        for source, target in zip(codes, [*codes[1:], codes[0]], strict=True):
            checks = compare(line[source], line[target], source_lang=source, target_lang=target)
            assert finding_of(checks) is None, (line["id"], source, target)


def _one(checks: tuple[Check, ...], name: CheckName) -> Check:
    return next(check for check in checks if check.name == name)


def test_what_is_missing_and_what_came_in_is_named_as_often_as_it_is() -> None:
    checks = compare("{a} {a} {b}", "{a} {c}", source_lang="EN", target_lang="DE")
    assert _one(checks, "placeholders") == Check("placeholders", False, ("{a}", "{b}"), ("{c}",))


def test_only_checks_that_apply_are_there() -> None:
    checks = compare("Nice lamp.", "Schöne Lampe.", source_lang="EN", target_lang="DE")
    assert [check.name for check in checks] == ["untranslated"]


def test_a_finding_says_what_to_put_right() -> None:
    checks = compare(
        "Hello {name}, see https://example.com.\nBye",
        "Hallo, schau mal: {user}\nTschüs",
        source_lang="EN",
        target_lang="DE",
    )
    assert (
        finding_of(checks) == "The translation lacks {name}, https://example.com and adds {user}."
    )


def test_a_finding_asks_for_what_was_left() -> None:
    text = "Der Wasserkocher ist schnell und leise."
    finding = finding_of(compare(text, text, source_lang="DE", target_lang="EN"))
    assert finding == "It is still in the language of the text; translate all of it."


def test_a_finding_is_short_whatever_is_missing() -> None:
    source = " ".join(f"{{{'long' * 100}{number}}}" for number in range(1_000))
    finding = finding_of(compare(source, "Nichts", source_lang="EN", target_lang="DE"))
    assert finding is not None
    assert finding.endswith("… and 992 more.")
    assert len(finding) < 600


def test_the_texts_of_one_language_may_be_the_same() -> None:
    text = "The quality of the lamp is really good."
    assert compare(text, text, source_lang="EN", target_lang="EN-GB") == ()


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("(see https://example.com/a_(b)).", ["https://example.com/a_(b)"]),
        ("www.example.com, shop.example.org!", ["www.example.com", "shop.example.org"]),
        ("gut.Die war.es a.b", []),
        ("[hier](https://example.com/x).", ["https://example.com/x"]),
        ("https://example.com/{id}をご覧", ["https://example.com/{id}"]),
        ("Mail a.b+c@example.com.", ["a.b+c@example.com"]),
        ("请联系help@example.com。", ["help@example.com"]),
        ("50 % off, 100%d, {see below}, 5:smile", ["50 %", "100%", "5"]),
        ("%1$s %(name)s %@ %.2f %d%% %dkg %NAME%",
         ["%1$s", "%(name)s", "%@", "%.2f", "%d", "%dkg", "%NAME%"]),
        ("{0} {{x}} ${y} {% if z %} {n, number} :smile:",
         ["{0}", "{{x}}", "${y}", "{% if z %}", "{n, number}", ":smile:"]),
        ("{g, select, male {he} other {{name}}}", ["{g, select,", "{name}"]),
        ("{g, select, male {he} other {they {name}}} {he}", ["{g, select,", "{name}", "{he}"]),
        ("👨‍👩‍👧🇩🇪👍🏽1️⃣❤️©", ["👨‍👩‍👧", "🇩🇪", "👍🏽", "1️⃣", "❤️"]),
        ("<b>x</b><x id='1'/> <3 a < b <your name>", ["<b>", "</b>", "<x id='1'/>", "3"]),
        ("1.299,00 € um 15:30 Uhr, 3 p.m.", ["1.299,00 €", "15:30 Uhr", "3 p.m."]),
        ("am 12.03.2024, 2 Mio. € und -5 °C", ["12.03.2024", "2 Mio. €", "-5 °C"]),
        ("下午3点 3時間 10万円", ["下午3点", "3時間", "10万円"]),
    ],
)  # fmt: skip
def test_spans_are_found(text: str, spans: list[str]) -> None:
    assert [span.text for span in find_spans(text)] == spans


@given(st.text(alphabet="ab1 .,:/@%{}<>()[]$-hw😀\u200d🏽€kgpm時\n", max_size=60))
@settings(max_examples=300, deadline=None)
def test_spans_are_in_order_and_do_not_overlap(text: str) -> None:
    place = 0
    for span in find_spans(text):
        assert place <= span.start < span.end
        assert text[span.start : span.end] == span.text
        place = span.end


def test_terms_are_whole_words_outside_of_addresses() -> None:
    terms = {"Lumo": "Leuchte", "cat": "Katze", "灯": "lamp", "": "x"}
    assert terms_in("A LUMO; cattle, https://cat.example", terms) == {"Lumo": "Leuchte"}
    assert terms_in("这个灯很好。", terms) == {"灯": "lamp"}
    assert terms_in("Cat灯", terms) == {"cat": "Katze", "灯": "lamp"}


_SPANS = [
    "{name}",
    "%d",
    "${x}",
    "https://example.com/a",
    "me@example.com",
    "😀",
    "<br>",
    "1,250",
    "3 kg",
]
_WORDS = ["lamp", "Kabel", "y", "très", "灯", "-"]
_parts = st.lists(st.sampled_from([*_SPANS, *_WORDS]), min_size=1, max_size=12)


@given(_parts, st.data())
@settings(max_examples=150, deadline=None)
def test_a_span_that_is_dropped_or_changed_is_missed(parts: list[str], data: st.DataObject) -> None:
    parts.insert(data.draw(st.integers(0, len(parts))), data.draw(st.sampled_from(_SPANS)))
    places = [place for place, part in enumerate(parts) if part in _SPANS]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([span for span in _SPANS if span != parts[place]] + [""]))
    changed = [*parts[:place], other, *parts[place + 1 :]]
    checks = compare(" ".join(parts), " ".join(changed), source_lang="EN", target_lang="DE")
    assert not all(check.kept for check in checks)


@given(st.text(max_size=60) | _parts.map(" ".join))
@settings(max_examples=300, deadline=None)
def test_a_text_keeps_all_that_it_has(text: str) -> None:
    assert all(check.kept for check in compare(text, text, source_lang="EN", target_lang="EN"))


@pytest.mark.parametrize(
    "piece",
    ["<a ", "<a b='", "{{", "{a, plural, ", "%(a", "a@", "a-b.", "www.", "https://a)))", "👨\u200d",
     "٣", "x y z ", "\n", "<b>", "三", "''", "lamp ", "10 000 "],
)  # fmt: skip
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    short, long = (_seconds((piece * size)[:size]) for size in (4_000, 32_000))
    assert long < 24 * short + 0.05  # eight times the text; the square would be 64 times


def _seconds(text: str) -> float:
    def once() -> float:
        start = time.process_time()
        compare(text, f"{text} 7", source_lang="EN", target_lang="DE", glossary={"lamp": "Lampe"})
        return time.process_time() - start

    return min(once(), once())
