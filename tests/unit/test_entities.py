"""Entities by exact rules: a corpus in many languages with traps, the invariants, the speed."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.features.tickets.entities import EntityType, find_entities
from app.features.tickets.entities.find import MOST

CORPUS: Final = Path(__file__).parents[1] / "corpora" / "entities.jsonl"
FLOOR: Final = 0.95  # of precision and of recall, for each type
MOST_SECONDS: Final = 2  # for 100,000 characters; about 0.15 on an idle core

PIECES: Final = (
    "order no. |Bestellung |invoice |注文番号|#|INV-2026-|4711-0815|12.03.2026|03/04/2026| 3 March "
    "|May 5, |2026|€|$|1.299,00| EUR |kr| and |tel. |+44 20 7946 0958|030 23125 014|00"
    "|bob@example.com|@|https://|\n"
)
HOSTILE: Final = (
    "1,|@|a@|a.|7|1 |1-|order |order 1 |order no. |#1 |注文1|$1 |+1 |(1)|Jan 1 |12. |tel 030 1 "
    "|INV-1A-|1.1 |'a|a "
)


def read(text: str, region: str | None = None) -> list[tuple[str, str]]:
    return [(one.type, one.value) for one in find_entities(text, region=region)]


def score() -> dict[str, tuple[float, float, int]]:
    """Precision, recall and number of expected entities of each type over the corpus."""
    right, found, expected = Counter[str](), Counter[str](), Counter[str]()
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        case: dict[str, Any] = json.loads(line)
        entities = find_entities(case["text"], region=case.get("region"))
        ours = Counter((one.type, one.text, one.value) for one in entities)
        theirs = Counter((one["type"], one["text"], one["value"]) for one in case["expected"])
        for total, some in ((right, ours & theirs), (found, ours), (expected, theirs)):
            total.update(key[0] for key in some.elements())
    return {
        kind: (right[kind] / found[kind], right[kind] / expected[kind], expected[kind])
        for kind in get_args(EntityType)
    }


def test_the_corpus_is_read_with_precision_and_recall_above_the_floor() -> None:
    scores = score()
    for kind, (precision, recall, number) in scores.items():
        print(f"{kind:15} precision {precision:.3f} recall {recall:.3f} of {number}")  # noqa: T201
    assert all(min(precision, recall) >= FLOOR for precision, recall, _ in scores.values())


def test_the_corpus_has_many_languages_and_traps() -> None:
    cases = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    ids = [case["id"] for case in cases]
    assert len(set(ids)) == len(ids) >= 100
    assert sum(name.startswith("trap-") for name in ids) >= len(ids) / 3
    assert len({name.removeprefix("trap-").partition("-")[0] for name in ids}) >= 8


@given(
    st.one_of(
        st.text(),
        st.lists(st.one_of(st.sampled_from(PIECES.split("|")), st.text(max_size=3))).map("".join),
    ),
    st.sampled_from([None, "US", "de", "XX", ""]),
)
@settings(max_examples=200, deadline=None)
def test_entities_are_slices_in_order_that_do_not_overlap(text: str, region: str | None) -> None:
    end = 0
    found = find_entities(text, region=region)
    for one in found:
        assert one.text == text[one.start : one.end] != ""
        assert one.value
        assert one.start >= end
        end = one.end
    assert len(found) <= MOST


def test_offsets_count_code_points() -> None:
    assert [(one.start, one.end) for one in find_entities("👍🏽 50 €")] == [(3, 7)]


def test_only_the_first_hundred_are_given() -> None:
    found = find_entities("bob@example.com 5 € " * 80)
    assert len(found) == MOST
    assert found[-1].start < 1_000


@pytest.mark.parametrize(
    ("text", "region", "value"),
    [
        ("Call +44 20 7946 0958", None, "+442079460958"),
        ("Phone: 020 7946 0958", None, "02079460958"),
        ("Phone: 020 7946 0958", "GB", "+442079460958"),
        ("Reach us on 0049 30 23125 014", None, "+493023125014"),
        ("(212) 555-0143", "us", "+12125550143"),
    ],
)
def test_a_phone_number_is_e164_where_its_country_can_be_told(
    text: str, region: str | None, value: str
) -> None:
    assert read(text, region) == [("phone", value)]


def test_a_number_without_country_and_cue_is_no_phone_number() -> None:
    assert read("Serial 020 7946 0958") == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("faktura nr 12/03/2026", "invoice_number"),
        ("faktura 12/03/2026", "date"),
        ("invoice 49.90 EUR", "amount"),
        ("order no. 12", "order_number"),
        ("mail order-4711-0815@example.com", "email"),
    ],
)
def test_what_could_be_two_things_is_the_surer_one(text: str, kind: str) -> None:
    assert [one.type for one in find_entities(text)] == [kind]


def test_web_addresses_and_ibans_are_passed_over() -> None:
    assert (
        read("https://shop.example/order/4711-0815?on=2026-03-12 DE89 3704 0044 0532 0130 00") == []
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-03-12T10:00:00Z", "2026-03-12"),
        ("12.03.26", "2026-03-12"),
        ("03/04/2026", "03/04/2026"),
        ("04/04/2026", "2026-04-04"),
        ("3/4/26", "3/4/26"),
        ("12/25/2026", "2026-12-25"),
        ("3 March", "--03-03"),
        ("29. Februar", "--02-29"),
        ("2 out of 2026", None),
        ("2 out 2026", "2026-10-02"),
        ("2 out of 3", None),
        ("29 Feb 2025", None),
        ("1.2.3.2026", None),
    ],
)
def test_dates_are_read_only_as_far_as_they_are_certain(text: str, value: str | None) -> None:
    assert read(text) == ([("date", value)] if value else [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,299.00 EUR", "1299.00 EUR"),
        ("1.299,00 €", "1299.00 EUR"),
        ("1 299 €", "1299 EUR"),
        ("1.299 €", "1299 EUR"),
        ("0.500 €", "0.500 EUR"),
        ("$12", "12 $"),
        ("$12 CAD", "12 CAD"),
        ("¥300", "300 ¥"),
        ("12 pounds", None),
        ("5 million euros", None),
        ("PHP 8.2", None),
    ],
)
def test_amounts_have_plain_numbers_and_only_certain_currencies(
    text: str, value: str | None
) -> None:
    assert read(text) == ([("amount", value)] if value else [])


@pytest.mark.parametrize("piece", HOSTILE.split("|"))
def test_hostile_text_takes_linear_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    start = time.perf_counter()
    find_entities(text, region="US")
    assert time.perf_counter() - start < MOST_SECONDS
