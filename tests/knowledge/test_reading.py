import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from fpdf import FPDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.knowledge.reading import LARGEST, READERS, Unreadable, pdf, read
from app.knowledge.reading import text as plain
from app.knowledge.sources import Source

Read = Callable[[str, str | bytes], Source]


@pytest.fixture(name="read_as")
def _read_as(tmp_path: Path) -> Read:
    def read_as(suffix: str, content: str | bytes) -> Source:
        path = tmp_path / f"document{suffix}"
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return read(path, "the-id")

    return read_as


def _headings(source: Source) -> list[tuple[int, str]]:
    for heading in source.headings:
        assert source.text.startswith(f"{heading.text}\n", heading.start) or (
            source.text[heading.start :] == heading.text
        )
        assert heading.start == 0 or source.text[heading.start - 2 : heading.start] == "\n\n"
    return [(heading.level, heading.text) for heading in source.headings]


MANUAL = """\
---
title: "Lumo: the manual"  # the printed one
url: https://lumo.example/manual
language: en-GB
---
# Lumo _One_

Charge it with [the cable](https://lumo.example/cable "title") for
**three** hours; see `LED_2` &amp; the ![power sign](p.png).

Battery
-------
1. Open it.
2. Take out:
   - the battery
   - the *fuse*

   Wait.

| Model | Hours |
|-------|------:|
| One   | 12    |
|       | ~~13~~ 24 |

```sh
lumo reset

  --hard
```
> Quoted\\
> twice <!-- hidden --> <b>here</b>

Setup {not an attribute}
"""


class TestMarkdown:
    def test_its_text_is_what_a_reader_sees(self, read_as: Read) -> None:
        assert read_as(".md", MANUAL).text.split("\n\n") == [
            "Lumo One",
            "Charge it with the cable for three hours; see LED_2 & the power sign.",
            "Battery",
            "1. Open it.",
            "2. Take out:",
            "   - the battery\n   - the fuse",
            "   Wait.",
            "Model | Hours\nOne | 12\n| 13 24",
            "lumo reset",
            "  --hard",
            "Quoted\ntwice here",
            "Setup {not an attribute}",
        ]

    def test_front_matter_tells_title_address_and_language(self, read_as: Read) -> None:
        source = read_as(".md", MANUAL)
        assert (source.id, source.title) == ("the-id", "Lumo: the manual")
        assert (source.url, source.language) == ("https://lumo.example/manual", "en")
        assert _headings(source) == [(1, "Lumo One"), (2, "Battery")]

    @pytest.mark.parametrize(
        ("line", "title"),
        [
            ("title: Lumo: reset it # now", "Lumo: reset it"),
            ("title: 'C# for lamps'", "C# for lamps"),
            ("title: Lumo#1", "Lumo#1"),
            ("title: >\n  folded", "Heading"),
            ("tags: [a, b]\ntitle: Lumo", "Lumo"),
        ],
    )
    def test_front_matter_is_read_as_people_write_it(
        self, read_as: Read, line: str, title: str
    ) -> None:
        source = read_as(".md", f"---\r\n{line}\r\n---\r\n# Heading")
        assert (source.title, source.text) == (title, "Heading")

    def test_a_rule_is_no_front_matter(self, read_as: Read) -> None:
        source = read_as(".md", "---\nWords.\n\n---\nMore.")
        assert source.text == "Words.\n\nMore."

    def test_addresses_that_are_none_are_left_out(self, read_as: Read) -> None:
        assert read_as(".md", "---\nurl: javascript:alert(1)\n---\nWords.").url is None


PAGE = """\
<!doctype html><html lang="de-AT"><head><title>Lumo zurücksetzen – Lumo Hilfe</title>
<link rel="canonical" href="https://lumo.example/hilfe"><style>p {color: red}</style></head><body>
<header>Anmelden</header><nav><ul><li>Start</li></ul></nav><div role="search">Suche</div>
<article><header><h1>Lumo zurücksetzen <a href="#lumo">¶</a></h1></header>
<p>Halten Sie den&nbsp;Knopf<br>10&nbsp;Sekunden.<span hidden>Versteckt</span></p>
<p style="display: none">Versteckt</p><p aria-hidden="true">Versteckt</p>
<script>var versteckt</script><noscript>Versteckt</noscript><template>Versteckt</template>
<ol start="3"><li><p>Drei</p><p>genau</p></li><li>Vier<ul><li>Unter</li></ul></li></ol>
<table><caption>Dauer</caption><tr><th>Modell<th>Zeit<tr><td><p>Eins</p><p>A</p><td>10</table>
<dl><dt>LED</dt><dd>Licht</dd></dl><details><summary>Mehr</summary>Aufgeklappt</details>
<pre>
reset()
  { 1 }</pre><footer>Stand: heute</footer></article>
<footer>Impressum</footer></body></html>
"""


class TestHtml:
    def test_its_text_is_the_pages_content(self, read_as: Read) -> None:
        assert read_as(".html", PAGE).text.split("\n\n") == [
            "Lumo zurücksetzen",
            "Halten Sie den Knopf\n10 Sekunden.",
            "3. Drei",
            "   genau",
            "4. Vier",
            "   - Unter",
            "Dauer",
            "Modell | Zeit\nEins A | 10",
            "LED",
            "Licht",
            "Mehr",
            "Aufgeklappt",
            "reset()\n  { 1 }",
            "Stand: heute",
        ]

    def test_what_it_says_about_itself(self, read_as: Read) -> None:
        source = read_as(".htm", PAGE)
        assert (source.title, source.language) == ("Lumo zurücksetzen", "de")
        assert source.url == "https://lumo.example/hilfe"
        assert _headings(source) == [(1, "Lumo zurücksetzen")]

    def test_of_a_page_with_a_main_part_only_that_is_read(self, read_as: Read) -> None:
        source = read_as(".html", "<div>Cookies?</div><main><p>Words.</p></main>tail")
        assert source.text == "Words."

    def test_a_table_for_layout_is_no_table(self, read_as: Read) -> None:
        page = "<table><tr><td><p>Side</p><td><h2>Title</h2><p>One.</p><p>Two.</p></table>"
        assert read_as(".html", page).text == "Side\n\nTitle\n\nOne.\n\nTwo."

    def test_a_heading_in_a_list_is_a_heading(self, read_as: Read) -> None:
        source = read_as(".html", "<ul><li><h3>Step <br>1</h3>Open it.</li><li>Close.</li></ul>")
        assert _headings(source) == [(3, "Step 1")]
        assert source.text == "Step 1\n\n  Open it.\n- Close."

    @pytest.mark.parametrize(
        ("head", "charset"),
        [
            ('<meta charset="windows-1251">', "cp1251"),
            ('<meta http-equiv=Content-Type content="text/html; charset=koi8-r">', "koi8-r"),
            ('<?xml version="1.0" encoding="iso-8859-5"?>', "iso-8859-5"),
            ("", "utf-8"),
            ('<meta charset="utf-16">', "utf-8"),
            ("", "utf-16"),
            ('<meta charset="iso-8859-1">', "utf-8-sig"),
            ('<meta charset="hex">', "utf-8"),
            ('<meta charset="no such charset">', "utf-8"),
        ],
    )
    def test_the_charset_that_it_declares_counts(
        self, read_as: Read, head: str, charset: str
    ) -> None:
        page = f"{head}<p>Кнопка сброса находится сзади.</p>".encode(charset)
        source = read_as(".html", page)
        assert source.text == "Кнопка сброса находится сзади."
        assert source.language == "ru"

    def test_markup_without_end_is_read(self, read_as: Read) -> None:
        assert read_as(".html", "<div><b>" * 50_000 + "Words").text == "Words"


class TestText:
    def test_paragraphs_keep_their_lines(self, read_as: Read) -> None:
        source = read_as(
            ".txt", "Lumo One\r\n========\r\n \r\nOpen it.  \r\n\tClose it.\r\n\n\nEnd"
        )
        assert source.text == "Lumo One\n\nOpen it.\n\tClose it.\n\nEnd"
        assert (source.title, _headings(source)) == ("Lumo One", [(1, "Lumo One")])

    @pytest.mark.parametrize(
        "text", ["A sentence.\n\nWords", "One\nTwo\n\nWords", "- item\n\nWords", "Alone"]
    )
    def test_what_is_no_title_is_none(self, read_as: Read, text: str) -> None:
        source = read_as(".txt", text)
        assert (source.title, source.text, source.headings) == ("", text, ())

    @pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
    def test_charsets(self, read_as: Read, charset: str) -> None:
        text = "Der Akku hält zwölf Stunden – „sicher“."
        source = read_as(".txt", text.encode(charset))
        assert (source.text, source.language) == (text, "de")

    def test_what_nobody_sees_is_left_out(self, read_as: Read) -> None:
        hidden = "\u200b\u00ad\u202e\ufeff\x1b\x08" + "".join(map(chr, range(0xE0041, 0xE0050)))
        assert (
            read_as(".txt", f"o{hidden}ne e\u0301 می\u200cخواهم").text == "one \xe9 می\u200cخواهم"
        )

    def test_marks_without_end_are_cut(self, read_as: Read) -> None:
        assert len(read_as(".txt", "a" + "\u0315\u0300" * 500_000).text) <= 31


def _pdf(write: Callable[[FPDF], object]) -> bytes:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    pdf.add_page()
    write(pdf)
    return bytes(pdf.output())


WORDS = "The lamp shines for twelve hours and is charged in three. "


class TestPdf:
    def test_lines_are_paragraphs_again(self, read_as: Read) -> None:
        def write(pdf: FPDF) -> None:
            pdf.set_title("Lumo manual")
            pdf.multi_cell(100, 6, WORDS * 5)
            pdf.ln(12)
            pdf.multi_cell(100, 6, WORDS * 3)

        source = read_as(".pdf", _pdf(write))
        assert source.text == f"{WORDS * 5}".strip() + "\n\n" + f"{WORDS * 3}".strip()
        assert (source.title, source.language) == ("Lumo manual", "en")

    def test_a_list_keeps_its_lines(self, read_as: Read) -> None:
        def write(pdf: FPDF) -> None:
            pdf.multi_cell(150, 6, WORDS * 4)
            for number in range(1, 4):
                pdf.ln(6)
                pdf.cell(150, 6, f"{number}. Open it")

        assert read_as(".pdf", _pdf(write)).text.endswith("1. Open it\n2. Open it\n3. Open it")

    def test_larger_type_is_a_heading(self, read_as: Read) -> None:
        def write(pdf: FPDF) -> None:
            for size, text in ((24, "Lumo One"), (16, "Battery"), (16, "Reset")):
                pdf.set_font_size(size)
                pdf.multi_cell(0, 12, text, new_x="LMARGIN", new_y="NEXT")
                pdf.set_font_size(11)
                pdf.multi_cell(0, 6, WORDS * 3, new_x="LMARGIN", new_y="NEXT")

        source = read_as(".pdf", _pdf(write))
        assert _headings(source) == [(1, "Lumo One"), (2, "Battery"), (2, "Reset")]
        assert source.title == "Lumo One"

    def test_a_table_is_rows_with_cells(self, read_as: Read) -> None:
        def write(pdf: FPDF) -> None:
            pdf.multi_cell(0, 6, WORDS)
            with pdf.table() as table:
                for cells in (("Model", "Hours"), ("Lumo One", "12"), ("Lumo Two", "24")):
                    table.row(cells)

        rows = "Model | Hours\nLumo One | 12\nLumo Two | 24"
        assert read_as(".pdf", _pdf(write)).text == f"{WORDS.strip()}\n\n{rows}"

    def test_text_that_looks_like_markup_is_text(self, read_as: Read) -> None:
        text = "Press <b> & hold <reset/> until it blinks, then <!-- wait --> a second."
        assert read_as(".pdf", _pdf(lambda pdf: pdf.multi_cell(0, 6, text))).text == text

    def test_no_word_is_lost_over_pages_with_running_titles(self, read_as: Read) -> None:
        class Manual(FPDF):
            def header(self) -> None:
                self.cell(0, 10, "Lumo manual", new_x="LMARGIN", new_y="NEXT")

            def footer(self) -> None:
                self.set_y(-15)
                self.cell(0, 10, f"Page {self.page_no()}")

        pdf = Manual()
        pdf.set_font("Helvetica", size=11)
        pdf.add_page()
        numbers = list(range(0, 10_500, 7))
        pdf.multi_cell(0, 6, " ".join(f"word {number} and" for number in numbers))
        text = read_as(".pdf", bytes(pdf.output())).text
        assert pdf.page_no() > 2
        assert [int(found) for found in re.findall(r"word\s+(\d+)", text)] == numbers

    def test_rows_at_the_edges_of_pages_are_no_running_titles(self, read_as: Read) -> None:
        def write(pdf: FPDF) -> None:
            for number in range(100):
                pdf.cell(0, 6, f"{number * 3} hours", new_x="LMARGIN", new_y="NEXT")

        words = read_as(".pdf", _pdf(write)).text.split()
        assert words[::2] == [str(number * 3) for number in range(100)]

    def test_words_broken_at_line_ends_are_whole_where_they_are_known(self, read_as: Read) -> None:
        def write(pdf: FPDF) -> None:
            lines = ["The well-known Wi-", "Fi of the illumi-", "nation is a well-", "known one."]
            for line in [*lines, "Illumination by day- and moonlight."]:
                pdf.cell(0, 6, line, new_x="LMARGIN", new_y="NEXT")

        text = " ".join(read_as(".pdf", _pdf(write)).text.split())
        assert text == (
            "The well-known Wi-Fi of the illumination is a well-known one. "
            "Illumination by day- and moonlight."
        )

    def test_a_password_is_asked_for(self, read_as: Read) -> None:
        def write(pdf: FPDF) -> None:
            pdf.cell(0, 6, "Words")
            pdf.set_encryption("owner", "user")

        with pytest.raises(Unreadable, match="it asks for a password"):
            read_as(".pdf", _pdf(write))

    def test_a_password_to_change_it_does_not_matter(self, read_as: Read) -> None:
        def write(pdf: FPDF) -> None:
            pdf.cell(0, 6, "Words")
            pdf.set_encryption("owner")

        assert read_as(".pdf", _pdf(write)).text == "Words"

    def test_pictures_are_no_text(self, read_as: Read) -> None:
        with pytest.raises(Unreadable, match="it has no text, only pictures"):
            read_as(".pdf", _pdf(lambda pdf: pdf.rect(10, 10, 50, 50)))

    @pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
    def test_half_a_file_is_read_or_refused(self, read_as: Read, part: float) -> None:
        whole = _pdf(lambda pdf: pdf.multi_cell(0, 6, WORDS * 100))
        try:
            source = read_as(".pdf", whole[: int(len(whole) * part)])
        except Unreadable:
            return
        assert "lamp" in source.text


class TestRefused:
    @pytest.mark.parametrize("suffix", READERS)
    @pytest.mark.parametrize("content", [b"", b" \n\r\n\t", b"\xef\xbb\xbf"])
    def test_nothing(self, read_as: Read, suffix: str, content: bytes) -> None:
        with pytest.raises(Unreadable):
            read_as(suffix, content)

    @pytest.mark.parametrize("suffix", sorted(set(READERS) - {".pdf"}))
    def test_no_text(self, read_as: Read, suffix: str) -> None:
        with pytest.raises(Unreadable, match="it is not text"):
            read_as(suffix, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")

    def test_too_much(self, read_as: Read) -> None:
        with pytest.raises(Unreadable, match="it has more than 20 MB"):
            read_as(".txt", b"a" * (LARGEST + 1))

    def test_no_file_and_no_path_in_the_reason(self, tmp_path: Path) -> None:
        with pytest.raises(Unreadable) as caught:
            read(tmp_path / "nowhere.md", "a")
        assert str(tmp_path) not in str(caught.value)


MARKUP = "<p> </p> <li> <ul> </ul> <h2> </h2> <td> <table> </table> <pre> &lt; <!-- # - > | --- ```"
PIECES = st.sampled_from([*MARKUP.split(), "\n", "\n\n", "  ", "a\u0301", "\0", "x"])
DOCUMENTS = st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=200))


@given(suffix=st.sampled_from(sorted(set(READERS) - {".pdf"})), content=DOCUMENTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_in_blocks_and_headings_are_where_they_say(
    read_as: Read, suffix: str, content: str
) -> None:
    try:
        source = read_as(suffix, content.encode("utf-8", "surrogatepass"))
    except Unreadable:
        return
    assert unicodedata.is_normalized("NFC", source.text)
    assert source.text == source.text.rstrip()
    assert "\n\n\n" not in source.text
    assert not any(unicodedata.category(char) == "Cc" for char in source.text if char not in "\n\t")
    _headings(source)


@given(st.binary(max_size=300).map(lambda data: b"%PDF-1.4\n" + data))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
def test_any_bytes_are_refused_as_a_pdf(read_as: Read, content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_as(".pdf", content)


@pytest.mark.parametrize("line", ["title: a" + " " * 500_000 + "b", "title: " + "a " * 500_000])
def test_a_long_field_is_read_in_linear_time(line: str) -> None:
    """No clock: it takes milliseconds, or an hour where time is quadratic."""
    assert [found[3] for found in plain._FIELD.findall(line)] == [line[7:].rstrip()]  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("unit", ["a", "a ", "a-", "a- "])
def test_broken_words_are_mended_in_linear_time(unit: str) -> None:
    """No clock, likewise."""
    assert len(pdf._mended(unit * 500_000)) <= 500_000 * len(unit)  # pyright: ignore[reportPrivateUsage]


HOSTILE = """
import resource, psutil
from app.knowledge.reading.html import draft_of, text_of
rules = "".join(f"p.a{n} > b, p:not(.b{n}) {{display: none}}" for n in range(5_000))
pages = [f"<style>{rules}</style>" + "<p class=a1 style='color: red'><b>x</b>" * 10_000]
pages += ["<blockquote>" * 20_000 + "x<br>" * 50_000, "<blockquote><p>x" * 32_000]
pages += ["<table><tr><td>" * 35_000, "<b><p>x" * 75_000, "<ul><li>x" * 58_000]
most = psutil.Process().memory_info().vms + 200_000_000
resource.setrlimit(resource.RLIMIT_AS, (most, most))
for page in pages:
    assert len(page) > 300_000
    for read in (text_of, draft_of):
        read(page)
"""


def test_a_hostile_page_takes_little_memory() -> None:
    """80 KiB with many selectors took 1.3 GB, and 512 KiB of nested quotes six seconds."""
    subprocess.run([sys.executable, "-c", HOSTILE], check=True)
