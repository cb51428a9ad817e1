"""Raw emails, one trait each, and what each is read as."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import EmailUnreadable
from app.features.tickets.mail import Email, is_automatic, read_email, without_oldest

FOLDER = Path(__file__).parents[2] / "corpora" / "emails"
EMAILS = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.eml"))}
ANA = "Ana Ruiz <ana@example.com>"
TEN = datetime(2025, 3, 1, 10, tzinfo=timezone(timedelta(hours=1)))

File = tuple[str | None, str, int]


@dataclass(frozen=True, slots=True)
class Want:
    """What an email is read as; most of the corpus is Ana's, about her lamp."""

    text: str
    files: tuple[File, ...] = ()
    subject: str = "Lamp"
    sender: str | None = ANA
    date: datetime | None = TEN
    message_id: str | None = "<1@example.com>"


def bare(
    text: str, subject: str = "Lamp", sender: str | None = "ana@example.com", *files: File
) -> Want:
    """What an email is read as that has neither a date nor an id."""
    return Want(text, files, subject, sender, date=None, message_id=None)


def charset(text: str) -> Want:
    return Want(text, subject="Charset")


LAMP = "The lamp flickers."
KOELN = "Grüße aus Köln"
WANTED = {
    "alternative_plain_blank": Want("The lamp."),
    "base64_junk": Want(LAMP),
    "base64_unpadded": Want("The lamp flickers.."),
    "blank_lines_first": bare("The lamp."),
    "body_empty": Want("", subject="Only a subject"),
    "bounce": bare(
        "Your mail was not delivered.\n\nFrom: ana@example.com\nSubject: Lamp\n\nThe lamp.",
        "Undelivered",
        "MAILER-DAEMON@mx.example",
        (None, "message/delivery-status", 46),
    ),
    "boundary_empty": Want(LAMP),
    "boundary_missing": Want("--xyz\nContent-Type: text/plain\n\nThe lamp flickers.\n--xyz--"),
    "boundary_never_closed": Want(LAMP, (("a.pdf", "application/pdf", 2),)),
    "boundary_none_at_all": Want(LAMP),
    "boundary_prefix": Want("The lamp.\n\nFlickers --b not here."),
    "boundary_wrong": Want("--xyz\nContent-Type: text/plain\n\nThe lamp flickers.\n--xyz--"),
    "calendar": Want("Visit on Monday.", ((None, "text/calendar", 29),), subject="Visit"),
    "charset_ascii_is_windows": charset("It\u2019s 5 € too much"),
    "charset_gb18030": charset("灯不亮了。㐀"),
    "charset_gb2312_is_gbk": charset("镕基先生的灯"),
    "charset_iso2022jp": charset("電気がつきません。"),
    "charset_koi8r": charset("Лампа мигает."),
    "charset_latin1_is_windows": charset("It\u2019s 5 € too much"),
    "charset_missing": charset(KOELN),
    "charset_no_text": charset(KOELN),
    "charset_punycode": charset("The lamp."),
    "charset_unknown": charset(KOELN),
    "charset_utf16": charset(f"{KOELN}\nEnde"),
    "charset_utf16_unmarked": charset(KOELN),
    "charset_utf8_bom": charset("The lamp."),
    "charset_utf8_truncated": charset("Grüße aus Köl\ufffd"),
    "charset_wrong": charset(KOELN),
    "date_garbage": bare("The lamp."),
    "date_no_zone": Want(
        "The lamp.",
        subject="",
        sender="ana@example.com",
        date=datetime(2025, 3, 1, 10, tzinfo=UTC),
        message_id=None,
    ),
    "encoding_unknown": Want("The lamp."),
    "encrypted_smime": Want("", (("smime.p7m", "application/pkcs7-mime", 6),)),
    "flowed": Want(
        "> Which lamp \n> is it?\n>> It flickers.\nThe blue \none. \n\nSee\n >not a quote\n-- \nAna"
    ),
    "forward_as_attachment": Want(
        "Please read.\n\nFrom: bo@example.com\nSubject: Lamp\n\nInner text.", subject="Fwd"
    ),
    "from_group": bare("The lamp.", "", "Team: ana@example.com, Bo <bo@example.com>;"),
    "from_missing": bare("The lamp.", "Lamp", None),
    "from_nobody": bare("The lamp.", "", "undisclosed sender:;"),
    "from_several": bare("The lamp.", "", '"Ruiz, Ana" <ana@example.com>, bo@example.com'),
    "header_8bit": bare("Hallo", "Grüße", "Jürgen <j@example.com>"),
    "header_only": bare("", "Only a header"),
    "headers_twice": bare("Hi", "One"),
    "html_blockquotes": Want(
        "The blue one.\n\nOn Sat, Mar 1, 2025 Support wrote:\n\n> Which lamp?\n>\n> > It flickers."
        "\n\nThanks!",
        subject="Re",
    ),
    "html_gmail_forward": Want(
        "---------- Forwarded message ---------\nFrom: Support <support@shop.example>\n\nWhich lamp?",
        subject="Fwd: Lamp",
    ),
    "html_hidden": Want(
        "preheader\n\ninvisibleshown\n\nzerosized\n\nclear\n\nwhitesee-through\n\nButton\n\nclipped\n\n"
        "far\n\nDesktop text\n\npicture",
        subject="Hidden",
    ),
    "html_indent": Want("Steps:\n\n> switch on"),
    "html_malformed": Want("The lamp\n\nflickers < 5 times & &unknown; €<"),
    "html_meta_charset": Want("Лампа"),
    "html_only": Want("The lamp\nflickers.\n\n- at night\n- at noon"),
    "html_outlook": Want(
        "The blue one.\n\nLettori: Support\nZugesandt: Saturday\n\nWhich lamp?", subject="RE: Lamp"
    ),
    "html_pre": Want("Log:\n\na\n  b\n\n  c", subject="Log"),
    "html_signature": Want(f"{LAMP}\n\nAna Ruiz"),
    "html_tables": Want("Item Price\n\nLamp 5 EUR\n\nWrong price.", subject="Order"),
    "image_only": Want("", ((None, "image/png", 70),), subject="Photo"),
    "line_ends_cr": bare("The lamp\nflickers."),
    "line_ends_mixed": bare("The lamp\nflickers.\n\nEnd"),
    "mbox": bare("The lamp."),
    "names_rfc2231": Want(
        "See files.",
        (
            ("Rechnung März.pdf", "application/pdf", 1),
            ("Rechnung.pdf", "application/pdf", 2),
            ("Rechnung ä.pdf", "application/pdf", 3),
            (None, "application/pdf", 0),
        ),
        subject="Files",
    ),
    "nested": Want(
        "The lamp flickers \N{EN DASH} always.",
        (("logo.png", "image/png", 70), ("invoice.pdf", "application/pdf", 18)),
    ),
    "no_blank_line": bare(f"{LAMP}\nAlways."),
    "no_mime": bare(LAMP),
    "nul_bytes": bare("The lamp [31mflickers…."),
    "plain": Want(f"{LAMP}\n\nAna"),
    "quoted_printable_broken": Want("The lamp=ZZ costs 5€ only"),
    "signed_pgp": Want("The lamp.", (("signature.asc", "application/pgp-signature", 57),)),
    "signed_smime": Want("The lamp.", (("smime.p7s", "application/pkcs7-signature", 3),)),
    "text_attached": Want(
        "See log.", (("log.txt", "text/plain", 4), ("a.html", "text/html", 11)), subject="Log"
    ),
    "two_texts": Want("One.\n\nTwo.", subject="Two"),
    "type_broken": bare("The lamp.", ""),
    "uuencode_part": Want("Text.", (("a.csv", "text/csv", 3),)),
    "vacation": bare("I am away.", "Out of office", "bo@example.com"),
    "winmail": Want("The lamp.", (("winmail.dat", "application/ms-tnef", 8),)),
    "words_broken": bare(
        "Hallo", "Grüßeaü\ufffdcaféend =?utf-8?X?a?=", "Jürgen, Ana <j@example.com>"
    ),
}


def test_the_table_has_all_emails_of_the_corpus() -> None:
    assert set(WANTED) == set(EMAILS) - {"not_an_email", "thirty_deep"}


@pytest.mark.parametrize("name", WANTED)
def test_an_email_is_read_as_its_reader_sees_it(name: str) -> None:
    email = read_email(EMAILS[name])
    parts = email.parts
    files = tuple((file.name, file.type, file.size) for file in parts.attachments)
    fields = (parts.subject, parts.sender, parts.date, parts.message_id)
    assert Want(email.text, files, *fields) == WANTED[name]


@pytest.mark.parametrize(
    "junk", [b"", b"\n\n", b"Hello, my lamp flickers.\n", EMAILS["not_an_email"], b"\0" * 9]
)
def test_what_begins_without_a_header_field_is_no_email(junk: bytes) -> None:
    with pytest.raises(EmailUnreadable, match="header field"):
        read_email(junk)


def test_of_repeated_headers_the_first_counts() -> None:
    headers = read_email(EMAILS["headers_twice"]).headers
    assert headers == {"From": "ana@example.com", "Subject": "One", "Received": "b"}


def test_raw_bytes_in_headers_are_read_line_by_line() -> None:
    headers = dict(read_email(EMAILS["header_8bit"]).headers)
    assert (headers["Subject"], headers["X-Utf"]) == ("Grüße", "Grüße")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("html_blockquotes", "The blue one.\n\nOn Sat, Mar 1, 2025 Support wrote:\n\n\nThanks!"),
        ("flowed", "The blue \none. \n\nSee\n >not a quote"),
    ],
)
def test_quotes_of_html_split_off_like_those_of_plain_text(name: str, text: str) -> None:
    assert read_email(EMAILS[name]).parts.text == text


def message(kind: str, body: str, *fields: str) -> str:
    return "\n".join([*fields, f"Content-Type: {kind}", "", body])


def mixed(kind: str, *parts: str) -> str:
    return message(
        f"multipart/{kind}; boundary=x-{kind}", "".join(f"\n--x-{kind}\n{part}" for part in parts)
    )


def read(text: str) -> Email:
    return read_email(f"From: ana@example.com\n{text}".encode())


def test_a_forwarded_email_is_part_of_what_is_read() -> None:
    lamp = mixed(
        "related",
        message("text/html", "<p>It <b>burns</b>.</p>"),
        message("image/png; name=a.png", "x"),
    )
    inner = f"From: Bo <bo@example.com>\nSubject: =?utf-8?q?Gl=C3=BChlampe?=\nX-Other: y\n{lamp}"
    email = read(
        mixed("mixed", message("text/plain", "See below."), message("message/rfc822", inner))
    )
    assert email.text == (
        "See below.\n\nFrom: Bo <bo@example.com>\nSubject: Gl\u00fchlampe\n\nIt burns."
    )
    assert [file.name for file in email.parts.attachments] == ["a.png"]


def test_an_email_forwarded_five_times_is_read_to_its_ground() -> None:
    text = message("text/plain", "It burns.")
    for _ in range(5):
        text = mixed("mixed", message("text/plain", "See."), message("message/rfc822", text))
    assert read(text).text.endswith("It burns.")


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("plain", "html"), "plain"),
        (("html", "plain"), "plain"),
        (("", "html"), "html"),
        ((" \n\t\n", "html"), "html"),
        (("plain", ""), "plain"),
        (("", ""), ""),
    ],
)
def test_of_alternatives_the_plain_one_is_read_unless_it_is_empty(
    parts: tuple[str, str], text: str
) -> None:
    kinds = ("html", "plain") if parts[0] == "html" else ("plain", "html")
    bodies = (message(f"text/{kind}", part) for kind, part in zip(kinds, parts, strict=True))
    assert read(mixed("alternative", *bodies)).text == text


def test_what_a_reader_of_html_does_not_see_is_not_read() -> None:
    page = (
        "<title>t</title><style>p{}</style><script>s</script><p hidden>h</p><!-- c -->"
        '<p style="DISPLAY:none">d</p><p>The lamp.<br><br>It&nbsp;burns.</p>'
    )
    assert read(message("text/html", page)).text == "The lamp.\n\nIt burns."


@pytest.mark.parametrize(
    ("header", "automatic"),
    [
        (("Auto-Submitted", "auto-replied"), True),
        (("AUTO-SUBMITTED", "Auto-Generated; owner=x"), True),
        (("Auto-Submitted", "no"), False),
        (("Auto-Submitted", "No (a person)"), False),
        (("Precedence", "Bulk"), True),
        (("Precedence", "first-class"), False),
        (("X-Auto-Response-Suppress", "All"), False),
        (("Return-Path", " < > "), True),
        (("Return-Path", "<ana@example.com>"), False),
        (("Content-Type", "multipart/report; report-type=delivery-status"), True),
        (("Content-Type", "multipart/mixed"), False),
        (("List-Id", "<help.shop.example>"), False),
        (("List-Unsubscribe", "<mailto:off@shop.example>"), False),
        (("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"), True),
    ],
)
def test_headers_tell_whether_a_person_wrote(header: tuple[str, str], automatic: bool) -> None:
    assert is_automatic(dict([("Subject", "auto-replied"), header])) is automatic


def test_bounces_and_vacation_notes_are_automatic() -> None:
    emails = {name: read_email(EMAILS[name]) for name in WANTED}
    automatic = {name for name, email in emails.items() if is_automatic(email.headers)}
    assert automatic == {"bounce", "vacation"}


def multiparts(depth: int, filler: bytes = b"") -> bytes:
    opened = [
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level)
        for level in range(depth)
    ]
    return b"".join([b"From: ana@example.com\n", *opened, b"\nAt the bottom.\n", filler])


def parts(count: int, part: bytes) -> bytes:
    head = b"From: ana@example.com\nContent-Type: multipart/mixed; boundary=x\n\n"
    return head + (b"--x\n" + part) * count


def typed(header: bytes, unit: bytes, size: int = 300_000) -> bytes:
    return b"From: ana@example.com\n" + header + b"\n\n" + unit * (size // len(unit))


def test_20_multiparts_are_read() -> None:
    assert read_email(multiparts(20)).text == "At the bottom."


@pytest.mark.parametrize("depth", [21, 5_000])
def test_a_bomb_of_multiparts_is_refused(depth: int) -> None:
    with pytest.raises(EmailUnreadable, match="more parts"):
        read_email(multiparts(depth))


def test_a_bomb_of_forwarded_emails_is_refused() -> None:
    with pytest.raises(EmailUnreadable, match="more parts"):
        read_email(b"From: a@b\n" + b"Content-Type: message/rfc822\n\n" * 5_000)


def test_hundreds_of_attachments_are_all_listed() -> None:
    raw = parts(499, b"Content-Type: application/pdf; name=a.pdf\n\nx\n")
    assert len(read_email(raw).parts.attachments) == 499


def test_more_than_500_parts_are_too_many() -> None:
    with pytest.raises(EmailUnreadable, match="more parts"):
        read_email(parts(500, b"\n"))


def test_of_a_header_field_10_000_characters_are_read() -> None:
    raw = b"From: ana@example.com\nSubject: " + b"lamp " * 20_000 + b"\n\nHi"
    assert len(read_email(raw).parts.subject) == 9_999


@pytest.mark.parametrize("boundary", ["boundary*=punycode''%80", "boundary*0=x; boundary*=y"])
def test_a_boundary_over_which_the_library_stumbles_is_none(boundary: str) -> None:
    assert read(f"Content-Type: multipart/mixed; {boundary}\n\nHi").text == "Hi"


def test_html_nested_beyond_the_parser_keeps_its_text() -> None:
    email = read_email(typed(b"Content-Type: text/html", b"<div>", 50_000) + b"The lamp.")
    assert email.text == "The lamp."


REFUSED = {
    "multiparts over lines": multiparts(20, b"--x\n" * 200_000),
    "parts": parts(150_000, b"\n"),
    "fields": b"X: a\n" * 200_000,
    "folds": b"Subject: " + b"a\n " * 330_000,
    "lines": typed(b"X: a", b"a\n"),
}
READ = {  # nothing here ends within minutes if it is read in quadratic time
    "parameters": parts(450, b"Content-Type: text/plain" + b';"' * 990 + b"\n\n"),
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 30_000,
    "open encoded words": b"Subject: " + b"=?a?q?" * 170_000,
    "comments": b"From: " + b"(" * 1_000_000,
    "punycode": typed(b"Content-Type: text/plain; charset=punycode", b"a-b"),
    "boundaries on a line": typed(b"Content-Type: multipart/mixed; boundary=x", b"--x "),
    "elements": typed(b"Content-Type: text/html", b'<i style="color:red">x</i>'),
    "cells": typed(b"Content-Type: text/html", b"<td>x"),
    "open elements": typed(b"Content-Type: text/html", b"<b>"),
    "quotes": typed(b"Content-Type: text/html", b"<blockquote>x"),
    "lists": typed(b"Content-Type: text/html", b"<ul><li>x"),
    "tables": typed(b"Content-Type: text/html", b"<table><tr><td>"),
    "style sheet": typed(b"Content-Type: text/html", b"<style>.a{b:c}/*</style>"),
}


@pytest.mark.parametrize("raw", READ.values(), ids=READ)
def test_a_hostile_email_is_read(raw: bytes) -> None:
    email = read_email(raw)
    assert len(email.text) <= 12 * len(raw)


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_too_many_lines_are_no_email(raw: bytes) -> None:
    with pytest.raises(EmailUnreadable, match="more lines"):
        read_email(raw)


def test_too_much_html_is_no_email_but_pictures_within_do_not_count() -> None:
    with pytest.raises(EmailUnreadable, match="HTML"):
        read_email(typed(b"Content-Type: text/html", b"<p>" + b"a" * 97, 2_100_000))
    picture = f'<p>See: <img alt="lamp" src="data:image/png;base64,{"QUJD" * 800_000}"> It burns.'
    assert read(message("text/html", picture)).text == "See: lamp It burns."


def test_an_email_of_attachments_has_as_many_lines_as_it_needs() -> None:
    lines = b"QUJD" * 19 + b"\r\n"
    raw = b"From: a@b\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\n" + lines * 100_000
    assert read_email(raw).parts.attachments[0].size == 5_700_000


def check(raw: bytes) -> None:
    try:
        email: Email = read_email(raw)
    except EmailUnreadable:
        return
    assert not any(char < " " and char not in "\n\t" for char in email.text)
    email.text.encode()
    assert len(without_oldest(email.text, 50)) <= 50


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda junk: b"From: a@b\n" + junk))
@settings(max_examples=100)
def test_any_bytes_are_read_or_said_to_be_unreadable(raw: bytes) -> None:
    check(raw)


@given(st.sampled_from(sorted(EMAILS)), st.sampled_from(sorted(EMAILS)), st.randoms())
@settings(max_examples=150)
def test_damaged_emails_are_read(name: str, other: str, chance: random.Random) -> None:
    raw, donor = bytearray(EMAILS[name]), EMAILS[other]
    for _ in range(chance.randrange(1, 12)):
        at, start = chance.randrange(len(raw) + 1), chance.randrange(len(donor))
        length = chance.randrange(60)
        match chance.randrange(4):
            case 0:
                del raw[at : at + length]
            case 1:
                raw[at:at] = donor[start : start + length]
            case 2:
                raw[at:at] = raw[: length * 5]
            case _:
                raw[at : at + 1] = bytes([chance.randrange(256)])
    check(bytes(raw))
