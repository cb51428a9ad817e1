"""Markup goes to the model as texts with marks, and comes back with its own tags, byte for byte."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from app.features.translations.markup import Kind, MarkupError, read
from app.features.translations.sheets import Sheet, compared, has_words, sheets_of

KINDS = pytest.mark.parametrize("kind", ["html", "xml"])
MOST = 2_000
DOCUMENT = """<!DOCTYPE html>
<html lang=de><head><title>one</title>
<meta charset=utf-8></head>
<body>
<p>two
</body>
</html>
"""


def sheets(source: str, kind: Kind = "html", most: int = MOST, ignore: Any = ()) -> list[Sheet]:
    return list(sheets_of(source, read(source, kind, ignore), most))


def texts(source: str, kind: Kind = "html", **options: Any) -> list[str]:
    return [sheet.text for sheet in sheets(source, kind, **options)]


def filled(source: str, found: list[Sheet], translations: list[str]) -> str:
    """The source with the sheets' translations."""
    parts: list[str] = []
    at = 0
    for sheet, translation in zip(found, translations, strict=True):
        written = sheet.filled(translation)
        assert written is not None
        parts += [source[at : sheet.start], written]
        at = sheet.end
    return "".join([*parts, source[at:]])


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("Hello <b>world</b>", ["Hello <1>world</1>"]),
        ("<p>one<p>two", ["one<1/>two"]),
        ("<ul><li>one<li>two</ul>", ["one<1/>two"]),
        ("<ul>\n <li>one</li>\n <li>two</li>\n</ul>", ["<1>one</1> <2>two</2>"]),
        ("<div><p>All of it</p></div>", ["All of it"]),
        ("one<br>two<br/>three<hr>four", ["one<1/>two<2/>three<3/>four"]),
        ("<img src=a.png alt='no text'>text<img>", ["text"]),
        ("<my-tag>one</my-tag><my-tag/>two", ["<1>one</1><2/>two"]),
        ("<table>misplaced<tr><td>cell</table>after", ["<1>misplaced<2/><3/>cell</1>after"]),
        ("one&nbsp;two &amp; three &lt;four&gt;", ["one\u00a0two & three <four>"]),
        ("&nbsp;one &nbsp;", ["one"]),
        ("&copy Example &#8364;5 &#x1F600; &unknown;", ["© Example €5 😀 &unknown;"]),
        ("<a href='a b{{x}}ä>' title=\">\" disabled>link</a>", ["link"]),
        ("<b><i>one</b>two</i>three", ["<1><2/>one</1>two<3/>three"]),
        ("<p>one <b>two</p>three</b>", ["<1>one <2/>two</1>three"]),
        ("Hello {{ name }}<b>{% if x %}yes</b>", ["Hello {{ name }}<1>{% if x %}yes</1>"]),
        ("<p>\r\n  one\r\n  two\r\n</p>\r\n", ["one two"]),
        ("one </body> two", ["one <1/> two"]),
        ("one < two & three > four", ["one < two & three > four"]),
        ("<!-- no > text --><!-->one<!--->two<!-- a --!>three", ["one<1/>two<2/>three"]),
        ("<!no text><?php no ?>one</ no>two</>", ["one<1/>two"]),
        ("<script>if (a < b) '</b>'</script >one", ["one"]),
        ("<style>b > i {}</STYLE>one", ["one"]),
        ("<title>one <b> &amp; two</title>", ["one <b> & two"]),
        ("<textarea>no</textarea><iframe><p>no</iframe><xmp><p>no</xmp>one", ["one"]),
        ("<svg><title>no</title><text>no</text><path d='M0'/></svg>one", ["one"]),
        ("<math><mi>no</mi></math>one <code>no</code> two <kbd>no</kbd>", ["one <1/> two"]),
        ("<pre>\n\none\n  two</pre>", ["one\n  two"]),
        ("<select><option>one<option>two</select>", ["one<1/>two"]),
        ("<p>---</p> 12.5 <b>***</b>", []),
        ("<p>costs <b>12.5</b> or <i><u></u></i> more</p>", ["costs <1>12.5</1> or <2/> more"]),
        ("one <a b='no end> two", ["one"]),
        ("one <!-- no end", ["one"]),
        ("one <script>no end", ["one"]),
        ("one <plaintext>no </plaintext> end", ["one"]),
        ("see &lt;1&gt; <b>and</b>", ["see <1>", "and"]),
        (DOCUMENT, ["<1><2>one</2> <3/></1> <4> <5/>two </4>"]),
        ("", []),
    ],
)
def test_html_is_shown_with_marks_for_tags(source: str, shown: list[str]) -> None:
    found = sheets(source)
    assert [sheet.text for sheet in found] == shown
    assert filled(source, found, shown) == source


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ('<p translate="no">no <b>no</b></p>one', ["one"]),
        ("one <b translate=no>no <i>no</i></b> two", ["one <1/> two"]),
        ("<p TRANSLATE=NO>no</p>one", ["one"]),
        ("<p class='a notranslate b'>no</p>one", ["one"]),
        ("<p class=notranslated data-translate=no>one</p>", ["one"]),
        ("one<p translate=no>no<br>no</p>two", ["one<1/>two"]),
        ("<ul><li translate=no>no<li>no</ul>one", ["one"]),
        ("<p translate=no>no<b>no</i>no</p>one", ["one"]),
        ("<div translate=no><div>no</div>no</div>one", ["one"]),
    ],
)
def test_html_says_what_is_not_to_be_translated(source: str, shown: list[str]) -> None:
    assert texts(source) == shown


def test_ignored_tags_are_no_text() -> None:
    source = "one<KEEP>no<b>no</b></KEEP><x/>two"
    assert texts(source, ignore=["Keep", "X"]) == ["one<1/>two"]


def test_ignored_tags_of_xml_are_as_written() -> None:
    source = "<x:a>no<x:a>no</x:a><x:a/><b>no</b></x:a><X:A>one</X:A><x:a/>two"
    assert texts(source, "xml", ignore=["x:a"]) == ["<1>one</1><2/>two"]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("Hello <b>world</b>", ["Hello <1>world</1>"]),
        ("<a>one</a>\n<a>two</a>", ["<1>one</1> <2>two</2>"]),
        ("<?xml version='1.0' encoding='ISO-8859-1'?>\r\n<a>  é\r\nü </a>\r\n", ["é\nü"]),
        ("<!-- a --><?p i?>\n<!DOCTYPE a SYSTEM 'a>.dtd'>\n<a>one</a>", ["one"]),
        ('<a b="&lt;>" c=\'"/\' ><!-- no > --><?no > ?>one</a >', ["one"]),
        ("<a>one<![CDATA[ <b> & &amp; ]]>three</a>", ["one <b> & &amp; three"]),
        ("<x:a y:b='c'>one</x:a>", ["one"]),
        ("<x id='1'/>one<x id='2' />&#169; &quot;two&quot;&#xA0;", ['one<1/>© "two"']),
        ("<p>one <code>two</code></p>", ["one <1>two</1>"]),
        ("<p><p>one</p>two</p>", ["<1>one</1>two"]),
        ("", []),
    ],
)
def test_xml_is_shown_with_marks_for_tags(source: str, shown: list[str]) -> None:
    found = sheets(source, "xml")
    assert [sheet.text for sheet in found] == shown
    assert filled(source, found, shown) == source


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\n<b>x</a>", "Line 2, column 7: mismatched tag. .* close what was opened last first."),
        ("a\n<b>x", "Line 2, column 7: mismatched tag"),
        ("a</b>", "Line 1, column 4: mismatched tag"),
        ("a & b", "Line 1, column 4: .* Write & as &amp;"),
        ("a < b", "Line 1, column 4: .* < as &lt;"),
        ("a &nbsp; b", "undefined entity"),
        ("<!DOCTYPE a SYSTEM 'a.dtd'><a>&b;</a>", "&b; is not known. Write .* &#160;."),
        ("<a b=c/>", "not well-formed"),
        ("a\x01b", "not well-formed"),
        ("\ud800", "Leave the lone surrogate out."),
        ("<?xml version='1.0'?><a>", "no element found"),
        ("a</fragment><fragment>b", "junk after document element"),
    ],
)
def test_xml_that_is_not_well_formed_is_refused(source: str, message: str) -> None:
    with pytest.raises(MarkupError, match=message):
        read(source, "xml")


LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))


@pytest.mark.parametrize(
    "document_type",
    [
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>',
        '<!DOCTYPE a [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a PUBLIC "]>" "[" [<!ENTITY % p SYSTEM "https://example.com/p"> %p;]>',
    ],
)
@pytest.mark.parametrize("content", ["<a>&l9;</a>", "<a b='&l9;'/>"])
def test_no_entity_is_declared(document_type: str, content: str) -> None:
    with pytest.raises(MarkupError, match=r"Write the character or its number|Line 2"):
        read(f"<?xml version='1.0'?>\n{document_type}{content}", "xml")


@pytest.mark.parametrize(
    ("source", "translation", "written"),
    [
        ("<b>rote</b> <i>Lampe</i>", "<2>lampe</2> <1>rouge</1>", "<i>lampe</i> <b>rouge</b>"),
        ("Hallo <b>Welt</b>!", "<1>World</1>, hello!", "<b>World</b>, hello!"),
        ("<p>a\n<b>b</b></p>c", "<1>A <2>B</2></1>C", "<p>A\n<b>B</b></p>C"),
        ("<p>a</p>\n\n<p>b</p>", "<1>A</1><2>B</2>", "<p>A</p>\n\n<p>B</p>"),
        ("a<br>b", "A <1/> B", "A <br> B"),
        ("a<b>b</b>c", "A < 1 >B</ 1> C", "A <b>B</b> C"),
        ("a <b>b</b>", "A <1>&<3></1>", None),
        ("a <b>b</b>", "A <1>& <b></1>", "A <b>&amp; &lt;b&gt;</b>"),
        ("a <b>b</b>", "A B", None),
        ("a <b>b</b>", "A <1>B</1> <1>B</1>", None),
        ("a <b>b</b>", "A B<1></1>", None),
        ("a <b>b</b>", "A <1>B", None),
        ("a <b>b</b>", "A </1>B<1>", None),
        ("a <b>b</b>", "</0></-1>A <1>B</1>", None),
        ("a<b>b <i>c</i></b>", "A <2>C</2> <1>B</1>", None),
        ("<p>a<img><p>b <br>", "A<1/><2/>B", "A<img><p>B"),
        ("a<img>b<br>c", "A<2/>B<1/>C", None),
        ("<p>a</p><p>b</p>", "Sure: <1>A</1><2>B</2>", None),
        ("<p>a</p><p>b</p>", "<1>A</1> - <2>B</2>", "<p>A</p> - <p>B</p>"),
    ],
)
def test_a_translation_gets_its_tags_if_it_is_the_same_tree(
    source: str, translation: str, written: str | None
) -> None:
    (sheet,) = sheets(source)
    assert sheet.filled(translation) == written
    assert compared(sheet.text, translation).kept is (written is not None)


def test_what_is_wrong_with_a_tree_is_told() -> None:
    check = compared("a <1>b <2/></1> <3>c</3>", "A <1>B</1> <2/> <3></3> <4/>")
    assert check.missing == ("<2/> in <1>",)
    assert set(check.unexpected) == {"<2/>", "<4/>", "nothing in <3>"}
    swapped = compared("a <1/> b <2/>", "<2/> B <1/> A")
    assert swapped.unexpected == ("another order of the tags",)


@KINDS
def test_white_space_and_line_ends_are_the_sources(kind: Kind) -> None:
    source = "<p>\r\n  one\r\n&#160;</p>"
    written = filled(source, sheets(source, kind), ["eins"])
    assert written == "<p>\r\n  eins\r\n&#160;</p>"


def test_a_cdata_section_is_text_like_any_other() -> None:
    source = "<a><![CDATA[ one ]]></a>"
    found = sheets(source, "xml")
    assert filled(source, found, ["<b> & c"]) == "<a>&lt;b&gt; &amp; c</a>"
    (mixed,) = sheets("<x/>a <![CDATA[b]]> &amp; c<y/>d<![CDATA[]]>", "xml")
    assert mixed.text == "a b & c<1/>d"


def test_a_long_source_is_cut_at_its_blocks() -> None:
    blocks = [f"<p>The <b>block</b> with the number {number}.</p>" for number in range(9)]
    source = "<div>" + "\n".join(blocks) + "</div>"
    found = sheets(source, most=150)
    assert len(found) > 2
    assert all(len(sheet.text) <= 150 for sheet in found)
    assert all(sheet.text.count("<") == 4 * sheet.text.count("number") for sheet in found)
    assert filled(source, found, [sheet.text for sheet in found]) == source
    (long,) = sheets("<p>" + "word " * 500 + "</p>")
    assert not long.marked, "a text alone may be longer; it is cut elsewhere"


def test_the_texts_of_a_sheet_stand_alone_too() -> None:
    source = "<p>one <b>two</b> 3 <i>***</i></p>"
    (sheet,) = sheets(source)
    parts = sheet.smaller()
    assert [part.text for part in parts] == ["one", "two"]
    assert filled(source, parts, ["1 & 1", "2"]) == "<p>1 &amp; 1 <b>2</b> 3 <i>***</i></p>"


@dataclass(frozen=True, slots=True)
class Part:
    """A source, and the texts that are to be found in it."""

    source: str
    texts: tuple[str, ...] = ()


def _element(name: str, attributes: str, parts: list[Part]) -> Part:
    inner = "".join(part.source for part in parts)
    found = tuple(text for part in parts for text in part.texts)
    return Part(f"<{name}{attributes}>{inner}</{name}>", found)


NAMES = st.sampled_from(["div", "b", "span", "x-y", "section"])
ATTRIBUTES = st.sampled_from(["", ' a="&lt;/b>"', " b='\"x>' ", '\n class="c"'])
WORDS = st.from_regex(r"[a-zäß本]+( [a-zäß本]+)*", fullmatch=True)
LEAVES = st.one_of(
    WORDS.map(lambda text: Part(f"<i> {text}\n</i>", (text,))),
    st.sampled_from([Part("<!-- no <b> -->"), Part("<i>12.5</i>"), Part("<i/>"), Part(" ")]),
    st.just(Part("<i>a &amp; b&#65;</i>", ("a & bA",))),
)
TREES = st.recursive(
    LEAVES,
    lambda parts: st.builds(_element, NAMES, ATTRIBUTES, st.lists(parts, max_size=4)),
    max_leaves=20,
)


@KINDS
@given(tree=TREES, most=st.sampled_from([1, 30, MOST]))
@settings(max_examples=40, deadline=None)
def test_random_trees_come_back_untouched(kind: Kind, tree: Part, most: int) -> None:
    found = sheets(tree.source, kind, most)
    alone = [part for sheet in found for part in sheet.smaller()]
    assert tuple(sheet.text for sheet in alone) == tree.texts
    for some in (found, alone):
        same = [sheet.text.replace("<1>", "< 1>") for sheet in some]  # not the very same text
        written = filled(tree.source, some, same)
        assert written.replace("&#65;", "A") == tree.source.replace("&#65;", "A")


NASTY = ["<script>", "]]>", "<![CDATA[", "&amp;", "&", "</a>", "-->", '"']
LEGAL = st.characters(exclude_categories=["Cc", "Cs", "Cn"])  # in XML
STRINGS = st.text(LEGAL) | st.lists(st.sampled_from([*NASTY, "ä", "😀"])).map("".join)
READERS: dict[Kind, Any] = {
    "xml": etree.XMLParser(encoding="utf-8"),
    "html": etree.HTMLParser(encoding="utf-8"),
}


def _read(source: str, kind: Kind) -> Any:
    return etree.fromstring(f"<html><body>{source}</body></html>".encode(), READERS[kind])


def _tags(root: Any) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(str(node.tag), sorted(node.attrib.items())) for node in root.iter()]


def _texts(root: Any) -> list[str]:
    return [node.text or "" for node in root.iter("i")]


@KINDS
@given(tree=TREES, data=st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_is_filled_in_is_text(kind: Kind, tree: Part, data: st.DataObject) -> None:
    found = [part for sheet in sheets(tree.source, kind) for part in sheet.smaller()]
    strings = data.draw(st.lists(STRINGS, min_size=len(found), max_size=len(found)))
    source = _read(tree.source, kind)
    written = _read(filled(tree.source, found, strings), kind)
    left = iter(strings)
    assert _tags(written) == _tags(source)
    assert _texts(written) == [
        text.replace(text.strip(), next(left)) if has_words(text) else text
        for text in _texts(source)
    ]


TOKENS = (
    "<p>|</p>|<b>|</b>|<i class=x>|</i>|<div translate=no>|</div>|<ul>|<li>|</ul>|<table>|<tr>|<td>"
    "|</table>|<br/>|<my-tag a='1'>|</my-tag>|<!-- c > -->|<!--|-->|<!-->|--!>|<!x>|<?a|?>|</ x>|</>"
    "|<script>|</script>|<style>|</style>|<title>|</title>|<textarea>|</textarea>|<a href='|<a b=\""
    "|'|\"|>|<|&|&amp;|=|/| |\n|\r\n|\r|word|Ärger|{{x}}|<select>|<option>|</select>|<a|<a b=c/>|</a>"
    "|<code>|</code>|<SCRIPT>|</Script >|<dl>|<dt>|<dd>"
)
SOUP = st.lists(st.sampled_from(TOKENS.split("|")), max_size=14).map("".join)


@given(source=SOUP)
@example(source="word<?a")
@example(source="word</")
@example(source="word</>-->")
@example(source="word</>")
@example(source="word</> <a")
@settings(max_examples=150, deadline=None)
def test_broken_html_stays_as_it_was_and_is_repaired_alike(source: str) -> None:
    found = sheets(source)
    other = filled(source, found, [sheet.text.replace("word", "Wort") for sheet in found])
    assert _tags(_read(other, "html")) == _tags(_read(source, "html"))
    alone = [part for sheet in found for part in sheet.smaller()]
    strings = [f"<b{index}>&amp;</b>" for index in range(len(alone))]
    written = filled(source, alone, strings)
    assert _tags(_read(written, "html")) == _tags(_read(source, "html"))
    assert [part.text for sheet in sheets(written) for part in sheet.smaller()] == strings


@KINDS
@pytest.mark.parametrize(
    "unit",
    [
        "<div>", "</x>", "<p>x", "<", "&", "&#", "<!--", "<![CDATA[", "<?", "<a ", "<a b='", "= ",
        "<script>", "<title>x</title>", "<!--a-->", "&nbsp;", " ", "<b><i></b>", "</a ", "\r\n",
        "<b>x", "<b>x</b>", "<b></b>", "</>x",
    ],
)  # fmt: skip
def test_a_hostile_source_is_read_in_linear_time(kind: Kind, unit: str) -> None:
    """No clock: it takes milliseconds, or minutes where time is quadratic."""
    source = (unit * 40_000)[:40_000]
    try:
        found = sheets(source, kind)
    except MarkupError:
        assert kind == "xml"
    else:
        assert filled(source, found, [sheet.text for sheet in found]) == source


@KINDS
def test_elements_may_be_nested_deeply(kind: Kind) -> None:
    source = "<b>x" * 2_000 + "</b>" * 2_000
    found = sheets(source, kind)
    assert sum(len(sheet.smaller()) for sheet in found) == 2_000
    assert filled(source, found, [sheet.text for sheet in found]) == source
