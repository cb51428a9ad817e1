"""What is found exactly in a text, in any language."""

import pytest

from app.features import spans


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(see https://example.com/a_(b)).", ["https://example.com/a_(b)"]),
        ("www.example.com, shop.example.org!", ["www.example.com", "shop.example.org"]),
        ("lumo.shop/track?id=1.", ["lumo.shop/track?id=1"]),
        ("gut.Die war.es a.b", []),
        ("[hier](https://example.com/x).", ["https://example.com/x"]),
        ("https://example.com/{id}をご覧", ["https://example.com/{id}"]),
        ("«https://example.com/x»…", ["https://example.com/x"]),
        ("a.b@example.com", []),
        ("https://" + ")" * 9, ["https://"]),
    ],
)
def test_urls(text: str, found: list[str]) -> None:
    assert spans.urls(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mail a.b+c@example.com.", ["a.b+c@example.com"]),
        ("请联系help@example.com。", ["help@example.com"]),
        ("@user at a@b", []),
    ],
)
def test_emails(text: str, found: list[str]) -> None:
    assert spans.emails(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("50 % off, 100%d, {see below}, 5:smile", []),
        ("%1$s %(name)s %@ %.2f %d%% %dkg %NAME%",
         ["%1$s", "%(name)s", "%@", "%.2f", "%d", "%d", "%NAME%"]),
        ("{0} {{x}} ${y} {% if z %} {n, number} :smile:",
         ["{0}", "{{x}}", "${y}", "{% if z %}", "{n, number}", ":smile:"]),
        ("{n, plural, one {item} other {{n} items}}", ["{n, plural,"]),
        ("{g, select, male {he} other {{name}}}", ["{g, select,", "{{name}}}"]),
        ("{g, select, male {he} other {they {name}}} {he}", ["{g, select,"]),
    ],
)  # fmt: skip
def test_placeholders(text: str, found: list[str]) -> None:
    assert spans.placeholders(text) == found


def test_tags() -> None:
    text = "<b>x</b><x id='1'/> <3 a < b <your name> <!-- c -->"
    assert spans.tags(text) == ["<b>", "</b>", "<x id='1'/>", "<!-- c -->"]


def test_emoji_do_not_depend_on_their_style() -> None:
    assert spans.emoji("👨‍👩‍👧🇩🇪👍🏽1️⃣❤️❤©") == ["👨‍👩‍👧", "🇩🇪", "👍🏽", "1⃣", "❤", "❤"]
    assert spans.emoji("これは「本」です。") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.299,00 € or 1,299.00 or 1 299,00 or 1'299.00", ["129900"] * 4),
        ("١٬٢٩٩٫٠٠", ["129900"]),
        ("around １２ or ४२", ["12", "42"]),
        ("2020 300, 10:30, 007-2", ["2020", "300", "10", "30", "007", "2"]),
        ("no number, ½ or ①", []),
        ("7" * 5_000, ["7" * 5_000]),
    ],
)
def test_figures_are_their_digits(text: str, found: list[str]) -> None:
    assert spans.figures(text) == found


@pytest.mark.parametrize(
    "unit",
    ["https://", "a.", "a-", "a@", "{", "{{", "{n, plural, ", "%", "%(", ":a", "<a ", "<", "1 ", "1.",
     "1 234 ", "👍\u200d", "🇩", "(", ")", "www.a)"],
)  # fmt: skip
def test_a_hostile_text_is_read_in_linear_time(unit: str) -> None:
    """No clock: 50,000 characters take milliseconds, or minutes where time is quadratic."""
    text = (unit * 50_000)[:50_000]
    for find in (spans.urls, spans.emails, spans.placeholders, spans.tags, spans.figures):
        assert sum(map(len, find(text))) <= len(text)
    assert sum(map(len, spans.emoji(text))) <= len(text)
