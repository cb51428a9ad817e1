"""What a customer newly wrote, apart from quotes and signatures."""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.features.tickets.mail.replies import Reply, split_reply

SAMPLES = Path(__file__).parents[1] / "corpora" / "emails" / "replies.txt"


class Sample(NamedTuple):
    """An email's lines, each with what it is: T(ext), Q(uoted) or S(ignature); "" if blank."""

    name: str
    lines: list[tuple[str, str]]

    @property
    def text(self) -> str:
        return "\n".join(line for _, line in self.lines)

    def of(self, kind: str) -> list[str]:
        return [line for its, line in self.lines if its == kind]


def samples() -> Iterator[Sample]:
    for section in SAMPLES.read_text(encoding="utf-8").split("## ")[1:]:
        name, *lines = section.rstrip("\n").split("\n")
        yield Sample(name, [(line[:1], line[2:]) for line in lines])


ALL = list(samples())


def written(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: sample.name)
def test_a_line_is_the_customers_or_a_quote_or_a_signature(sample: Sample) -> None:
    reply = split_reply(sample.text)
    assert written(reply.text) == sample.of("T")
    assert written(reply.quoted) == sample.of("Q")
    assert written(reply.signature) == sample.of("S")


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: sample.name)
def test_windows_line_ends_change_nothing(sample: Sample) -> None:
    assert split_reply(sample.text.replace("\n", "\r\n")) == split_reply(sample.text)


def test_paragraphs_of_the_customer_stay_apart() -> None:
    assert split_reply("One.\n\nTwo.\n\n> quoted") == Reply("One.\n\nTwo.", "> quoted", "")


def test_nothing_is_nothing() -> None:
    assert split_reply("") == Reply("", "", "")


def test_a_thread_of_2000_lines_keeps_only_its_top() -> None:
    rounds = [
        f"{'>' * depth} On Sat, Mar 1, 2025 at 10:00 AM Ana <ana@example.com> wrote:\n"
        f"{'>' * (depth + 1)} message {depth}\n" * 20
        for depth in range(1, 51)
    ]
    reply = split_reply("The newest.\n\n" + "".join(rounds))
    assert reply.text == "The newest."
    assert reply.quoted.count("\n") == 1_999


LINES = st.sampled_from(
    [line for sample in ALL for _, line in sample.lines] + ["", " ", ">", "--", ":", "On"]
)


@given(st.lists(LINES | st.text(max_size=30), max_size=30).map("\n".join))
@settings(max_examples=150)
def test_every_line_that_is_not_blank_is_in_exactly_one_part(text: str) -> None:
    reply = split_reply(text)
    parts = written(f"{reply.text}\n{reply.quoted}\n{reply.signature}")
    assert sorted(parts) == sorted(written(text.replace("\r\n", "\n").replace("\r", "\n")))


@given(st.text(alphabet="abc \n", max_size=200))
@settings(max_examples=50)
def test_plain_words_are_all_the_customers(text: str) -> None:
    assert written(split_reply(text).text) == written(text)


@pytest.mark.parametrize(
    "unit",
    [
        *("a", ">", "-", "_", "*", " ", "\n", "a:\n", "--\n", "On 10:00 ", "On 10:00\n"),
        *("From:", "From: a@b\n", "<a@b>:\n", "On 2025 <", "-- original --\n", "Sent from "),
        *("wrote:\n", "10:00 wrote:\n", "On 10:00\nOn 10:00\nOn 10:00\nwrote\n"),
    ],
)
def test_hostile_text_takes_time_that_is_linear_in_its_length(unit: str) -> None:
    text = unit * (250_000 // len(unit))
    start = perf_counter()
    split_reply(text)
    assert perf_counter() - start < 4  # 0.7 s at most here; a shared machine is slower
