"""What an email quotes, its signature, and what is left of it where there is little room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.tickets.mail import Reply, split_reply, without_oldest

THREAD = """\
The blue one.

On Sat, Support wrote:
> Which lamp?
>
> > It flickers.
>> Always.
> > > Welcome!
> Regards
That is all.
-- 
Ana
> below
+49 30 1234567"""


def test_a_line_is_the_senders_or_a_quote_or_of_the_signature() -> None:
    assert split_reply(THREAD) == Reply(
        "The blue one.\n\nOn Sat, Support wrote:\nThat is all.",
        "> Which lamp?\n>\n> > It flickers.\n>> Always.\n> > > Welcome!\n> Regards\n> below",
        "-- \nAna\n+49 30 1234567",
    )


def test_windows_line_ends_change_nothing() -> None:
    assert split_reply(THREAD.replace("\n", "\r\n")) == split_reply(THREAD)


@pytest.mark.parametrize("line", ["---", "-- x", " --", "--x", "\N{EM DASH}", " > a", "From: b"])
def test_what_only_looks_like_a_mark_is_the_senders(line: str) -> None:
    text = f"One.\n{line}\nTwo."
    assert split_reply(text) == Reply(text, "", "")


def test_a_signature_whose_mark_lost_its_space_is_one() -> None:
    assert split_reply("One.\n--\nAna") == Reply("One.", "", "--\nAna")


def test_nothing_is_nothing() -> None:
    assert split_reply("") == Reply("", "", "")
    assert without_oldest("", 0) == ""


LINES = st.lists(
    st.text(st.sampled_from("ab> -"), max_size=12) | st.sampled_from(["", "> a", ">> b", "-- "]),
    max_size=30,
)


def written(text: str) -> list[str]:
    return sorted(line for line in text.split("\n") if line.strip())


@given(LINES)
def test_every_line_that_is_not_blank_is_in_exactly_one_part(lines: list[str]) -> None:
    reply = split_reply("\n".join(lines))
    assert written(f"{reply.text}\n{reply.quoted}\n{reply.signature}") == written("\n".join(lines))


@pytest.mark.parametrize(
    ("most", "gone"),
    [
        (len(THREAD), []),
        (len(THREAD) - 1, ["> > > Welcome!"]),
        (len(THREAD) - 20, ["> > > Welcome!", ">> Always."]),
        (len(THREAD) - 40, ["> > > Welcome!", ">> Always.", "> > It flickers."]),
        (len(THREAD) - 50, ["> > > Welcome!", ">> Always.", "> > It flickers.", "> below"]),
    ],
)
def test_what_is_quoted_deepest_and_stands_last_goes_first(most: int, gone: list[str]) -> None:
    kept = "\n".join(line for line in THREAD.split("\n") if line not in gone)
    assert without_oldest(THREAD, most) == kept


def test_what_was_newly_written_loses_only_its_end() -> None:
    text = f"The lamp {'burns ' * 200}\n" + "> old\n" * 300
    assert without_oldest(text, 800) == text[:800]


@given(LINES, st.integers(0, 60))
def test_no_more_is_kept_than_fits_and_nothing_is_cut_that_does(
    lines: list[str], most: int
) -> None:
    text = "\n".join(lines)
    kept = without_oldest(text, most)
    assert len(kept) <= most
    assert len(text) > most or kept == text
    own = "\n".join(line for line in lines if not line.startswith(">"))
    if len(own) <= most:
        assert "\n".join(line for line in kept.split("\n") if not line.startswith(">")) == own


@pytest.mark.parametrize("unit", ["a", ">", "> ", ">\n", "> > ", "> >\n", "--\n", "\n"])
def test_long_texts_are_split_and_cut(unit: str) -> None:  # in quadratic time, this takes hours
    text = unit * (500_000 // len(unit))
    reply = split_reply(text)
    assert len(reply.text) + len(reply.quoted) + len(reply.signature) <= len(text)
    assert len(without_oldest(text, 1_000)) <= 1_000
