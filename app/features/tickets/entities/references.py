# Cyrillic words have Cyrillic letters
"""Numbers of orders and invoices: a code next to a word that says what it is the number of."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, Literal

Reference = Literal["order_number", "invoice_number"]
ReferenceSpan = tuple[int, int, str, Reference]  # start, end, value, type

_ORDER: Final = (
    r"(?:purchase[ -])?order(?:s|n|ns)?|p\.?o\.?(?=[ -]?(?:n[our°]|#))|best\.[- ]?(?=nr)|bestell"
    r"|commandes?|pedidos?|encomendas?|orden|ordin[ei]|bestelling(?:en)?|bestel|zamówieni[aeu]"
    r"|zamówień|beställning(?:en|s)?|ordren?"
    r"|bestilling(?:en|s)?|tilau(?:s|kseni|ksen)|objednávk[ayuou]|objednávce|rendelés(?:em|i)?"
    r"|comand[aă]|sipariş(?:im)?|заказ[ауе]?|замовлення|παραγγελία[ςν]?|הזמנה"
)
_INVOICE: Final = (
    r"invoices?|bill(?=[ -](?:n[our°]|#))|(?:rechn|re|rg)\.[- ]?(?=nr)|factur(?:es?|as?|en|ă|ii)?"
    r"|factuur|fattur[ae]|faturas?|faktur(?:a|an|y|ę|ze|en|u)?(?: vat)?|lasku|számla"
    r"|сч[её]т(?:а|у)?|рахун(?:ок|ку)|τιμολόγιο|فاتورة|חשבונית"
)
_GERMAN_ORDER: Final = r"bestellung(?:en)?|auftr[aä]g(?:s|es|e)?(?:bestätigung)?"  # in compounds
_GERMAN_INVOICE: Final = r"(?<!be)rechnung(?:en|s)?"  # "Berechnung" is a calculation
_UNSPACED_ORDER: Final = r"ご?注文|订单|訂單|订購單|주문|طلب"
_UNSPACED_INVOICE: Final = r"請求書|インボイス|发票|發票|账单|청구서"
_MARK: Final = (
    r"(?:n[°º]|№|n\.|(?:numbers?|numéro|numero|número|nummern?|nr|no|num|id"
    r"|ref(?:erence|erenz)?|code|confirmation"
    r"|numer(?:u|em)?|номер[ау]?|číslo|numară|nro|numero(?:ni)?"
    r"|szám|numaras?[ıi]|αριθμός|رقم)(?![^\W_])\.?)"
)
_UNSPACED_MARK: Final = "番号|番號|号码|號碼|编号|編號|号|號|번호"
_LINKS: Final = (
    r"(?:[ \t\u00a0]*(?:[:\uff1a#=(]|(?:is|was|lautet|ist|war|est|es|è|é|jest|to|är|er|on|om"
    r"|mit der|with(?: the)?|met|con|com|med|avec le)(?![^\W_]))){0,3}"
)
_CODE: Final = (
    r"(?P<code>(?:(?:INV|RE|RG|FV|FA|FT|ORD|PO|AB) )?"
    r"(?:[A-Za-z]{1,8}[-/_.]){0,2}[A-Za-z]{0,4}\d[A-Za-z0-9]{0,31}"
    r"(?:[-/_.](?:[A-Za-z]{0,4}\d[A-Za-z0-9]{0,19}|[A-Z]{1,4}(?![a-z]))){0,5}"
    r"(?![A-Za-z0-9_@])(?![.,:]\d)(?! ?[%°])(?![ \u00a0]\d{3}))"
)

_CUE: Final = re.compile(
    rf"(?i)(?=\w)(?:(?<![^\W_])(?:(?P<order>{_ORDER})|(?P<invoice>{_INVOICE}))"
    rf"|(?P<german_order>{_GERMAN_ORDER})|(?P<german_invoice>{_GERMAN_INVOICE}))"
    rf"(?P<mark>(?:[-_ \u00a0(]{{0,2}}{_MARK})?)(?![^\W\d_])"
    rf"|(?:(?P<east_order>{_UNSPACED_ORDER})|(?P<east_invoice>{_UNSPACED_INVOICE}))"
    rf"(?P<east_mark>(?:{_UNSPACED_MARK})?)"
)
_REST: Final = re.compile(
    rf"(?P<links>(?i:{_LINKS}(?P<mark>\s{{0,2}}{_MARK})?{_LINKS}))\s{{0,2}}(?P<sign>#?){_CODE}"
)
_MARK_BEFORE: Final = re.compile(
    rf"(?i)(?<![^\W_]){_MARK}\s{{0,2}}(?:(?:de|del|di|do|da|of|the|la|your|my|van|zur|der)\s"
    r"|d['\u2019]|dell['\u2019])?\Z"
)
_AND: Final = re.compile(rf"\s?(?:[,&/、]|and|und|et|y|e|en|i|og|och|и)\s{{0,2}}#?{_CODE}")
_DETERMINER_BEFORE: Final = re.compile(
    r"(?i)(?<![^\W_])(?:my|our|the|this|that|your|for|of|about|regarding|re:?"
    r"|meine[rn]?|unsere[rn]?|die|der|den|zur|zu"
    r"|ma|notre|votre|la|mi|nuestro|el|mio|nostro|il|l['\u2019]|meu|minha|nosso"
    r"|o|a|mijn|onze|de|het|moje|mojego|min|mit|vår)\s?\Z"
)
_PREFIXED: Final = re.compile(
    r"(?<![\w/.-])"
    r"(?:(?P<invoice>(?:INV|RE|RG|RNG|FV|FA|FT)[-/_])|(?P<order>(?:ORD|ORDER|PO|CMD)[-/_]))"
    r"(?:[A-Za-z]{0,4}\d[A-Za-z0-9]{0,19}[-/_.]?(?:[A-Z]{1,4}(?![a-z])[-/_]?)?){1,5}(?<![-/_.])"
    r"(?![A-Za-z0-9_@])"
)
_NUMBER_SIGN: Final = re.compile(rf"(?<![\w#&/-])#{_CODE}")
_OTHER_NOUN_BEFORE: Final = re.compile(
    r"(?i)(?:ticket|case|issue|bug"
    r"|request|incident|room|zimmer|apartment|apt|suite|unit"
    r"|colou?r|farbe|couleur|model|modell"
    r"|part|teil|item|artikel|sku|serial|seriennummer|customer|kunde|client"
    r"|account|konto|channel|page|error|fehler|chapter|version|build|id|hex|tracking|parcel)"
    r"s?(?:[ :.(-]|is|nr|no|number|id){0,6}\Z"
)
_UNITS_AFTER: Final = re.compile(
    r"(?i)\s(?:units?|pieces?|pcs|items?|stück|stk|pièces?|unidades|piezas|pezzi|peças|stuks|sztuk"
    r"|times|days|hours|weeks|tage|chairs|copies|licen[cs]es|people|euros?|dollars?)(?!\w)"
)
_WORD_AFTER: Final = re.compile(r"\s[^\W\d_]")
_YEAR: Final = re.compile(r"(?:19|20)\d\d(?:[-/](?:19|20)?\d\d)?|\d\d?/(?:19|20)\d\d")
_DIMENSION: Final = re.compile(r"\d+x\d+.*")
_SURE_SIGN: Final = re.compile("[:#\uff1a]")
_ABBREVIATED: Final = re.compile(r"(?i)\W*n[ro°º]?(?![^\W_])|\W*№")
_MOST_CUES: Final = 5_000
_WINDOW: Final = 24  # characters looked at before a cue


def find_cues(text: str) -> list[re.Match[str]]:
    """The words for orders and invoices, with what is joined to them; the first ``_MOST_CUES``."""
    return list(islice(_CUE.finditer(text), _MOST_CUES))


def find_marked(text: str, cues: Iterable[re.Match[str]]) -> Iterator[ReferenceSpan]:
    """Start, end, value and type of what is said to be a number, however short: "order no. 12".

    Args:
        text: the email.
        cues: of this text, or of the text that it was before parts were blanked out.
    """
    return _of_cues(text, cues, marked=True)


def find_unmarked(text: str, cues: Iterable[re.Match[str]]) -> Iterator[ReferenceSpan]:
    """The same of what only looks like a number: "order 4711-0815", "INV-2026-0042", "#88213"."""
    yield from _of_cues(text, cues, marked=False)
    for found in _PREFIXED.finditer(text):
        if _digits(found[0]) >= 4:
            yield *found.span(), found[0], "order_number" if found["order"] else "invoice_number"
    for found in islice(_NUMBER_SIGN.finditer(text), _MOST_CUES):
        before = text[max(0, found.start() - _WINDOW) : found.start()]
        if not _OTHER_NOUN_BEFORE.search(before) and _looks_like_one(text, found, determined=True):
            yield *found.span("code"), found["code"], "order_number"


def _of_cues(text: str, cues: Iterable[re.Match[str]], *, marked: bool) -> Iterator[ReferenceSpan]:
    for cue in cues:
        order = cue["order"] or cue["german_order"] or cue["east_order"]
        kind: Reference = "order_number" if order else "invoice_number"
        for start, end in _codes(text, cue, marked=marked):
            yield start, end, text[start:end], kind


def _codes(text: str, cue: re.Match[str], *, marked: bool) -> Iterator[tuple[int, int]]:
    found = _REST.match(text, cue.end())
    fits = found and _fits(text, cue, found, marked=marked)
    while found and fits:
        yield found.span("code")
        found = _AND.match(text, found.end("code"))
        fits = found and _looks_like_one(text, found, determined=True)


def _fits(text: str, cue: re.Match[str], rest: re.Match[str], *, marked: bool) -> bool:
    before = text[max(0, cue.start() - _WINDOW) : cue.start()]
    earlier = _MARK_BEFORE.search(before)
    mark = cue["mark"] or cue["east_mark"] or rest["mark"] or (earlier[0] if earlier else "")
    signs = rest["links"] + rest["sign"]
    if marked != bool(mark or "#" in signs):
        return False
    if not marked:
        return _looks_like_one(text, rest, determined=bool(_DETERMINER_BEFORE.search(before)))
    sure = _SURE_SIGN.search(signs) or _ABBREVIATED.match(mark) or _digits(rest["code"]) > 2
    # "order number 12" is one, "I gave my order number 3 times" has none
    return bool(sure) or not _WORD_AFTER.match(text, rest.end("code"))


def _looks_like_one(text: str, found: re.Match[str], *, determined: bool) -> bool:
    """Whether a code is no year, quantity, size or version, by its shape and what follows it."""
    start, end = found.span("code")
    code = text[start:end]
    if _YEAR.fullmatch(code) or _DIMENSION.fullmatch(code) or _UNITS_AFTER.match(text, end):
        return False
    digits = _digits(code)
    if code.isdecimal():
        certain = determined or not _WORD_AFTER.match(text, end)
        return digits >= (4 if certain else 5)
    if code.isalnum():
        return digits >= 5  # fewer are names of products
    return digits >= 4 and not re.fullmatch(r"[\d.]+|\d{1,3}[-/]\d{1,3}", code)


def _digits(code: str) -> int:
    return sum(map(str.isdigit, code))
