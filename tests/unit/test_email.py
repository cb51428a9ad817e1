"""Raw emails, one trait each, and what each is read as."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.features.tickets.mail.message import Email, EmailUnreadable, is_automatic, read_email
from app.features.tickets.mail.replies import split_reply

FOLDER = Path(__file__).parents[1] / "corpora" / "emails"
EMAILS = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.eml"))}
ANA = "Ana Ruiz <ana@example.com>"
TEN = datetime(2025, 3, 1, 10, tzinfo=timezone(timedelta(hours=1)))

File = tuple[str | None, str, int]


@dataclass(frozen=True, slots=True)
class Want:
    """What an email is read as; most of the corpus is Ana's, about her lamp."""

    text: str
    files: tuple[File, ...] = ()
    hidden: str = ""
    subject: str = "Lamp"
    sender: str | None = ANA
    date: datetime | None = TEN
    message_id: str | None = "<1@example.com>"


def bare(
    text: str, subject: str = "Lamp", sender: str | None = "ana@example.com", *files: File
) -> Want:
    """What an email is read as that has neither a date nor an id."""
    return Want(text, files, "", subject, sender, date=None, message_id=None)


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
        "Your mail was not delivered.",
        "Undelivered",
        "MAILER-DAEMON@mx.example",
        (None, "message/delivery-status", 46),
        (None, "message/rfc822", 46),
    ),
    "boundary_empty": Want(LAMP),
    "boundary_missing": Want(LAMP),
    "boundary_never_closed": Want(LAMP, (("a.pdf", "application/pdf", 3),)),
    "boundary_none_at_all": Want(LAMP),
    "boundary_prefix": Want("The lamp.\n\nFlickers --b not here."),
    "boundary_wrong": Want(LAMP),
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
    "fields_spaced": bare("The lamp.", "Lamp on the desk"),
    "flowed": Want(
        "> Which lamp is it?\n>> It flickers.\nThe blue one. \n\nSee\n>not a quote\n-- \nAna"
    ),
    "flowed_delsp": Want("ランプが点滅。"),
    "forward_as_attachment": Want(
        "Please read.", (("lamp.eml", "message/rfc822", 100),), subject="Fwd"
    ),
    "from_group": bare("The lamp.", "", "ana@example.com, Bo <bo@example.com>"),
    "from_missing": bare("The lamp.", "Lamp", None),
    "from_nobody": bare("The lamp.", "", "undisclosed sender:;"),
    "from_several": bare("The lamp.", "", "Ruiz, Ana <ana@example.com>, bo@example.com"),
    "header_8bit": bare("Hallo", "Grüße", "Jürgen <j@example.com>"),
    "header_only": bare("", "Only a header"),
    "headers_twice": bare("Hi", "One"),
    "html_blockquotes": Want(
        "The blue one.\n> On Sat, Mar 1, 2025 Support wrote:\n>\n> Which lamp?\n>\n"
        ">> It flickers.\n\nThanks!",
        subject="Re",
    ),
    "html_gmail_forward": Want(
        "> ---------- Forwarded message ---------\n> From: Support <support@shop.example>\n"
        "> Which lamp?",
        subject="Fwd: Lamp",
    ),
    "html_hidden": Want(
        "shown\nsized\n\nButton\n\nDesktop text",
        hidden="preheader\ngone\ninvisible\nzero\nclear\nwhite\nsee-through\ntip\nclipped\nfar\n"
        "comment\npicture\nattribute",
        subject="Hidden",
    ),
    "html_indent": Want("Steps:\n\nswitch on"),
    "html_malformed": Want("The lamp\n\nflickers < 5 times & &unknown; €<"),
    "html_meta_charset": Want("Лампа"),
    "html_only": Want("The lamp\nflickers.\n\n- at night\n- at noon", hidden="Mail"),
    "html_outlook": Want(
        "The blue one.\n\n> Lettori: Support\n> Zugesandt: Saturday\n>\n> Which lamp?",
        subject="RE: Lamp",
    ),
    "html_pre": Want("Log:\n\na\n  b\n\n  c", subject="Log"),
    "html_signature": Want(f"{LAMP}\n--\nAna Ruiz"),
    "html_tables": Want("Item\tPrice\nLamp\t5 EUR\n\nWrong price.", subject="Order"),
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
        hidden="secret",
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
    "thirty_deep": Want("At the bottom.", subject="Deep"),
    "two_texts": Want("One.\n\nTwo.", subject="Two"),
    "type_broken": bare("The lamp.", ""),
    "uuencode_in_text": Want(
        "See the file.\nBye.\nbegin with this\nend", (("a.txt", "application/octet-stream", 3),)
    ),
    "uuencode_part": Want("Text.", (("a.csv", "text/csv", 3),)),
    "vacation": bare("I am away.", "Out of office", "bo@example.com"),
    "winmail": Want("The lamp.", (("winmail.dat", "application/ms-tnef", 8),)),
    "words_broken": bare(
        "Hallo", "Grüßeaü\ufffdcaféend =?utf-8?X?a?=", "Jürgen, Ana <j@example.com>"
    ),
}


def test_the_table_has_all_emails_of_the_corpus() -> None:
    assert set(WANTED) == set(EMAILS) - {"not_an_email"}


@pytest.mark.parametrize("name", WANTED)
def test_an_email_is_read_as_its_reader_sees_it(name: str) -> None:
    email = read_email(EMAILS[name])
    files = tuple((file.name, file.type, file.size) for file in email.attachments)
    fields = (email.subject, email.sender, email.date, email.message_id)
    got = Want(email.text, files, email.hidden, *fields)
    assert got == WANTED[name]


@pytest.mark.parametrize(
    "junk", [b"", b"\n\n", b"Hello, my lamp flickers.\n", EMAILS["not_an_email"], b"\0" * 9]
)
def test_what_begins_without_a_header_field_is_no_email(junk: bytes) -> None:
    with pytest.raises(EmailUnreadable, match="header field"):
        read_email(junk)


def test_headers_keep_their_order_and_their_repetitions() -> None:
    assert read_email(EMAILS["headers_twice"]).headers == (
        ("from", "ana@example.com"),
        ("from", "bo@example.com"),
        ("subject", "One"),
        ("subject", "Two"),
        ("received", "b"),
        ("received", "a"),
    )


def test_raw_bytes_in_headers_are_read_line_by_line() -> None:
    headers = dict(read_email(EMAILS["header_8bit"]).headers)
    assert (headers["subject"], headers["x-utf"]) == ("Grüße", "Grüße")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("html_blockquotes", "The blue one.\n\nThanks!"),
        ("html_gmail_forward", ""),
        ("html_outlook", "The blue one."),
        ("html_indent", "Steps:\n\nswitch on"),
        ("html_signature", LAMP),
        ("flowed", "The blue one. \n\nSee"),
    ],
)
def test_quotes_of_html_and_flowed_text_split_off_like_those_of_plain_text(
    name: str, text: str
) -> None:
    assert split_reply(read_email(EMAILS[name]).text).text == text


@pytest.mark.parametrize(
    ("header", "automatic"),
    [
        (("Auto-Submitted", "auto-replied"), True),
        (("AUTO-SUBMITTED", "Auto-Generated; owner=x"), True),
        (("Auto-Submitted", "no"), False),
        (("Auto-Submitted", "No (a person)"), False),
        (("Precedence", "Bulk"), True),
        (("Precedence", "first-class"), False),
        (("X-Autoreply", "yes"), True),
        (("X-Autoreply", "no"), False),
        (("X-Autorespond", "Away"), True),
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
    assert is_automatic([("Subject", "auto-replied"), header]) is automatic


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


def typed(header: bytes, unit: bytes, size: int = 1_000_000) -> bytes:
    return b"From: ana@example.com\n" + header + b"\n\n" + unit * (size // len(unit))


def test_a_bomb_of_500_multiparts_is_one_attachment() -> None:
    (bomb,) = read_email(multiparts(500)).attachments
    assert bomb.type == "multipart/mixed"


def test_90_multiparts_are_read() -> None:
    assert read_email(multiparts(90)).text == "At the bottom."


def test_a_thousand_attachments_are_all_listed() -> None:
    raw = parts(1_000, b"Content-Type: application/pdf; name=a.pdf\n\nx\n")
    assert len(read_email(raw).attachments) == 1_000


def test_parts_after_the_5000th_are_left_out() -> None:
    raw = parts(9_000, b"Content-Type: a/b\n\nx\n")
    assert len(read_email(raw).attachments) == 4_999


def test_a_header_of_100_kilobytes_is_kept() -> None:
    raw = b"From: ana@example.com\nSubject: " + b"lamp " * 20_000 + b"\n\nHi"
    assert len(read_email(raw).subject) == 99_999


def test_html_nested_beyond_the_parser_keeps_its_text() -> None:
    email = read_email(typed(b"Content-Type: text/html", b"<div>", 50_000) + b"The lamp.")
    assert email.text == "The lamp."


HOSTILE = {
    "multiparts over lines": multiparts(100, b"--x\n" * 200_000),
    "parts": parts(150_000, b"\n"),
    "parameters": parts(450, b"Content-Type: text/plain" + b';"' * 990 + b"\n\n"),
    "fields": b"X: a\n" * 200_000,
    "folds": b"Subject: " + b"a\n " * 330_000,
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 70_000,
    "open encoded words": b"Subject: " + b"=?a?q?" * 170_000,
    "comments": b"From: " + b"(" * 1_000_000,
    "punycode": typed(b"Content-Type: text/plain; charset=punycode", b"a-b"),
    "boundaries on a line": typed(b"Content-Type: multipart/mixed; boundary=x", b"--x "),
    "elements": typed(b"Content-Type: text/html", b'<i style="color:red">x</i>'),
    "cells": typed(b"Content-Type: text/html", b"<td>x"),
    "open elements": typed(b"Content-Type: text/html", b"<b>"),
    "quotes": typed(b"Content-Type: text/html", b'<div class="gmail_quote">x</div>'),
    "style sheet": typed(b"Content-Type: text/html", b"<style>.a{b:c}/*</style>"),
    "uuencoded": typed(b"X: a", b"begin 644 a\n#0V%T\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_megabyte_takes_no_long_time(name: str) -> None:
    start = perf_counter()
    read_email(HOSTILE[name])
    assert perf_counter() - start < 5  # none takes more than 1.3 s; a shared machine is slower


def check(raw: bytes) -> None:
    try:
        email: Email = read_email(raw)
    except EmailUnreadable:
        return
    assert not any(char < " " and char not in "\n\t" for char in email.text)
    email.text.encode()
    split_reply(email.text)


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda junk: b"From: a@b\n" + junk))
@settings(max_examples=200)
def test_any_bytes_are_read_or_said_to_be_unreadable(raw: bytes) -> None:
    check(raw)


@given(st.sampled_from(sorted(EMAILS)), st.sampled_from(sorted(EMAILS)), st.randoms())
@settings(max_examples=300)
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
