"""Texts are found between tags, and the markup comes back with others in their places."""

import re
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from app.features.translations.markup import Kind, Markup, MarkupError
from app.features.translations.pieces import has_words

KINDS = pytest.mark.parametrize("kind", ["html", "xml"])
DOCUMENT = """<!DOCTYPE html>
<html lang=de><head><title>one</title>
<meta charset=utf-8></head>
<body>
<p>two
</body>
</html>
"""
FRAGMENTS: list[tuple[str, list[str]]] = [
    ("Hello <b>world</b>", ["Hello", "world"]),
    ("<p>one<p>two", ["one", "two"]),
    ("<ul><li>one<li>two</ul>", ["one", "two"]),
    ("one<br>two<br/>three<hr>four", ["one", "two", "three", "four"]),
    ("<img src=a.png alt='no text'>text", ["text"]),
    ("<my-tag>one</my-tag><my-tag/>two", ["one", "two"]),
    ("<table>misplaced<tr><td>cell</table>after", ["misplaced", "cell", "after"]),
    ("<td>one</td><td>two</td>", ["one", "two"]),
    ("one&nbsp;two &amp; three &lt;four&gt;", ["one\u00a0two & three <four>"]),
    ("&nbsp;one &nbsp;", ["one"]),
    ("&copy Example &#8364;5 &#x1F600; &unknown;", ["© Example €5 😀 &unknown;"]),
    ("<a href=/x?a=1&b=2 target=_blank>link</a>", ["link"]),
    ("<a href='a b{{x}}ä>' title=\">\" disabled>link</a>", ["link"]),
    ("<b><i>one</b>two</i>three", ["one", "two", "three"]),
    ("Hello {{ name }}<b>{% if x %}yes</b>", ["Hello {{ name }}", "{% if x %}yes"]),
    ("<p>\r\n  one\r\n  two\r\n</p>\r\n", ["one\n  two"]),
    ("😀 one <i>👩‍👧</i> two", ["😀 one", "two"]),
    ("one </body> two", ["one", "two"]),
    ("one < two & three > four", ["one < two & three > four"]),
    ("<!-- no > text --><!-->one<!--->two<!-- a --!>three", ["one", "two", "three"]),
    ("<!no text><?php no ?>one</ no>two</>", ["one", "two"]),
    ("<script>if (a < b) '</b>'</script >one", ["one"]),
    ("<style>b > i {}</STYLE>one", ["one"]),
    ("<title>one <b> &amp; two</title>", ["one <b> & two"]),
    ("<textarea>no</textarea><iframe><p>no</iframe><xmp><p>no</xmp>one", ["one"]),
    ("<svg><title>no</title><style/><text>no</text><path d='M0'/></svg>one", ["one"]),
    ("<math><mi>no</mi></math>one <code>no</code> two <kbd>no</kbd>", ["one", "two"]),
    ("<pre>\n\none\n  two</pre>", ["one\n  two"]),
    ("<select><option>one<option>two</select>", ["one", "two"]),
    ("<P CLASS=X>one</p>", ["one"]),
    ("<p>---</p> 12.5 <b>***</b>", []),
    ("one <a b='no end> two", ["one"]),
    ("one <!-- no end", ["one"]),
    ("one <script>no end", ["one"]),
    ("one <plaintext>no </plaintext> end", ["one"]),
    (DOCUMENT, ["one", "two"]),
    ("", []),
]  # fmt: skip


@pytest.mark.parametrize(("source", "texts"), FRAGMENTS)
def test_texts_of_html(source: str, texts: list[str]) -> None:
    markup = Markup.read(source, "html")
    assert list(markup.texts) == texts
    assert markup.fill(texts) == source


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ('<p translate="no">no <b>no</b></p>one', ["one"]),
        ("<p TRANSLATE=NO>no<p>one", ["one"]),
        ("<p class='a notranslate b'>no<b translate=yes>one</b>no</p>", ["one"]),
        ("<p class=notranslated data-translate=no>one</p>", ["one"]),
        ("<code translate>one</code><p translate=no>no<br>no</p>two", ["one", "two"]),
        ("<ul><li translate=no>no<li>one</ul>", ["one"]),
        ("<table><tr><td translate=no>no<td>one<tr translate=no><td>no</table>two", ["one", "two"]),
        ("<div translate=no><div>no</div>no</div>one", ["one"]),
        ("<i translate=no/>one", ["one"]),
    ],
)
def test_html_says_what_is_not_to_be_translated(source: str, texts: list[str]) -> None:
    assert list(Markup.read(source, "html").texts) == texts


def test_ignored_tags_have_the_last_word() -> None:
    source = "one<KEEP>no<b translate=yes>no</b></KEEP><x/>two"
    assert Markup.read(source, "html", ignore_tags=["Keep", "X"]).texts == ("one", "two")


def test_ignored_tags_of_xml_are_as_written() -> None:
    source = "<x:a>no<x:a>no</x:a><x:a/><b>no</b></x:a><X:A>one</X:A><x:a/>two"
    assert Markup.read(source, "xml", ignore_tags=["x:a"]).texts == ("one", "two")


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("Hello <b>world</b>", ["Hello", "world"]),
        ("<a>one</a>\n<a>two</a>", ["one", "two"]),
        ("<?xml version='1.0' encoding='ISO-8859-1'?>\r\n<a>  é\r\nü </a>\r\n", ["é\nü"]),
        ("<!-- a --><?p i?>\n<!DOCTYPE a SYSTEM 'a.dtd'>\n<a>one</a>", ["one"]),
        ('<a b="&lt;>" c=\'"\' ><!-- no > --><?no > ?>one</a >', ["one"]),
        ("<a>one<![CDATA[ <two> & &amp; ]]>three</a>", ["one", "<two> & &amp;", "three"]),
        ("<x:a y:b='c'>one</x:a>", ["one"]),
        ("<x id='1'/>one<x id='2' />&#169; &quot;two&quot;&#xA0;", ["one", '© "two"']),
        ("<script>one</script>", ["one"]),
        ("", []),
    ],
)
def test_texts_of_xml(source: str, texts: list[str]) -> None:
    markup = Markup.read(source, "xml")
    assert list(markup.texts) == texts
    assert markup.fill(texts) == source


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\n<b>x</a>", "Line 2, column 9: </a> comes while <b> of line 2 is open. Put </b> befo"),
        ("a\n<b>x", "Line 2, column 5: <b> of line 2 is never closed. Add </b>."),
        ("a</b>", "Line 1, column 6: </b> closes nothing. Open <b> or leave </b> out."),
        ("a & b", "Line 1, column 4: .* Write & as &amp;"),
        ("a < b", "Line 1, column 4: .* < as &lt;."),
        ("a &nbsp; b", "'nbsp' not defined. Write .* &#160;."),
        ("<!DOCTYPE a SYSTEM 'a.dtd'><a>&b;</a>", "'b' not defined"),
        ("<a b=c/>", "Put the attribute's value between quotes."),
        ("<a b/>", "Give the attribute a value"),
        ("a\x01b", "Leave the control character out."),
        ("\ud800", "Leave the lone surrogate out."),
        ("<?xml version='1.0'?><a>", "Close each element"),
        ("<?xml version='1.0'?>", "Start tag expected"),
        ("a</fragment><fragment>b", "Extra content"),
        ("<b>" * 300, "Nest the elements less deeply."),
        ("<x:y/>" * 300 + "<b>", "<b> of line 1 is never closed."),
    ],
)
def test_xml_that_is_not_well_formed_is_refused(source: str, message: str) -> None:
    with pytest.raises(MarkupError, match=message):
        Markup.read(source, "xml")


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
    begun = perf_counter()
    with pytest.raises(MarkupError, match="Line 2: a document type of one's own"):
        Markup.read(f"<?xml version='1.0'?>\n{document_type}{content}", "xml")
    assert perf_counter() - begun < 1


def test_html_takes_such_a_document_type_for_what_it_is() -> None:
    source = "<!DOCTYPE a [<!ENTITY b 'c'>]><p>&b;</p>"
    markup = Markup.read(source, "html")
    assert "c" not in markup.texts
    assert markup.fill(markup.texts) == source


@KINDS
def test_white_space_and_line_ends_are_the_sources(kind: Kind) -> None:
    markup = Markup.read("<p>\r\n  one\r\n&#160;</p>", kind)
    assert markup.fill(["eins\nzwei\r\ndrei"]) == "<p>\r\n  eins\r\nzwei\r\ndrei\r\n&#160;</p>"


def test_a_cdata_section_stays_one() -> None:
    markup = Markup.read("<a><![CDATA[ one ]]></a>", "xml")
    assert markup.fill(["<b> & c"]) == "<a><![CDATA[ <b> & c ]]></a>"
    broken = markup.fill(["]]></a>"])
    assert etree.fromstring(broken).text == " ]]></a> "


@KINDS
def test_translations_are_as_many_as_texts(kind: Kind) -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        Markup.read("one<b>two</b>", kind).fill(["eins"])


@dataclass(frozen=True, slots=True)
class Part:
    """A source, and the texts that are to be found in it."""

    source: str
    texts: tuple[str, ...] = ()


def _element(name: str, attributes: str, parts: list[Part]) -> Part:
    inner = "".join(part.source for part in parts)
    texts = tuple(text for part in parts for text in part.texts)
    return Part(f"<{name}{attributes}>{inner}</{name}>", texts)


def _worded(text: str) -> Part:
    return Part(f"<i> {text}\n</i>", (text,))


NAMES = st.sampled_from(["div", "b", "span", "x-y", "section"])
ATTRIBUTES = st.sampled_from(["", ' a="&lt;/b>"', " b='\"x>' ", '\n class="c"'])
WORDS = st.from_regex(r"[a-zäß本]+( [a-zäß本]+)*", fullmatch=True)
LEAVES = st.one_of(
    WORDS.map(_worded),
    st.sampled_from([Part("<!-- no <b> -->"), Part("<i>12.5</i>"), Part("<i/>"), Part(" ")]),
    st.just(Part("<i>a &amp; b&#65;</i>", ("a & bA",))),
)
TREES = st.recursive(
    LEAVES,
    lambda parts: st.builds(_element, NAMES, ATTRIBUTES, st.lists(parts, max_size=4)),
    max_leaves=20,
)


@KINDS
@given(tree=TREES)
@settings(deadline=None)
def test_texts_of_random_trees_are_found_and_the_rest_is_untouched(kind: Kind, tree: Part) -> None:
    markup = Markup.read(tree.source, kind)
    assert markup.texts == tree.texts
    assert markup.fill(markup.texts) == tree.source


ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NASTY = ["<script>", "]]>", "<![CDATA[", "&amp;", "&", "</a>", "-->", "\x00", "\ufffe", '"', "\r"]
STRINGS = st.text() | st.lists(st.sampled_from([*NASTY, "ä", "😀"])).map("".join)
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


def _as_text(string: str) -> str:
    return ILLEGAL.sub("", string.replace("\r\n", "\n").replace("\r", "\n"))


@KINDS
@given(tree=TREES, data=st.data())
@settings(deadline=None)
def test_whatever_is_filled_in_is_text(kind: Kind, tree: Part, data: st.DataObject) -> None:
    size = len(tree.texts)
    strings = data.draw(st.lists(STRINGS, min_size=size, max_size=size))
    source = _read(tree.source, kind)
    filled = _read(Markup.read(tree.source, kind).fill(strings), kind)
    left = iter(strings)
    assert _tags(filled) == _tags(source)
    assert _texts(filled) == [
        text.replace(text.strip(), _as_text(next(left))) if has_words(text) else text
        for text in _texts(source)
    ]


TOKENS = (
    "<p>|</p>|<b>|</b>|<i class=x>|</i>|<div translate=no>|</div>|<ul>|<li>|</ul>|<table>|<tr>|<td>"
    "|</table>|<br/>|<my-tag a='1'>|</my-tag>|<!-- c > -->|<!--|-->|<!-->|--!>|<!x>|<?a|?>|</ x>|</>"
    "|<script>|</script>|<style>|</style>|<title>|</title>|<textarea>|</textarea>|<a href='|<a b=\""
    "|'|\"|>|<|&|&amp;|=|/| |\n|\r\n|word|Ärger|{{x}}|<select>|<option>|</select>|<a|<a b=c/>|</a>"
    "|<code>|</code>|<SCRIPT>|</Script >|<dl>|<dt>|<dd>"
)
SOUP = st.lists(st.sampled_from(TOKENS.split("|")), max_size=14).map("".join)


@given(source=SOUP)
@settings(max_examples=300, deadline=None)
def test_broken_html_stays_as_it_was_and_is_repaired_alike(source: str) -> None:
    markup = Markup.read(source, "html")
    assert markup.fill(markup.texts) == source
    strings = [f"<b{index}>&amp;</b>" for index in range(len(markup.texts))]
    filled = markup.fill(strings)
    assert _tags(_read(filled, "html")) == _tags(_read(source, "html"))
    assert list(Markup.read(filled, "html").texts) == strings


@KINDS
@pytest.mark.parametrize(
    "unit",
    [
        "<div>", "</x>", "<p>x", "<", "&", "&#", "<!--", "<![CDATA[", "<?", "<a ", "<a b='", "= ",
        "<script>", "<title>x</title>", "<!--a-->", "&nbsp;", " ", "<b><i></b>", "</a ", "\r\n",
    ],
)  # fmt: skip
def test_a_megabyte_takes_seconds(kind: Kind, unit: str) -> None:
    source = (unit * 1_000_000)[:300_000]
    begun = perf_counter()
    try:
        Markup.read(source, kind)
    except MarkupError:
        assert kind == "xml"
    assert perf_counter() - begun < 6  # quadratic time takes minutes
