"""As much of CSS as tells whether text can be seen."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

Declarations = Mapping[str, str]
"""A property's name to its value, both lower-case."""

_Colour = tuple[int, int, int]

_BRACES: Final = re.compile(r"([{}])")
_CSS_COMMENT: Final = re.compile(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)")
_SIMPLE: Final = re.compile(r"[\w-]*[.#]?[\w-]+")
_NUMBER: Final = re.compile(r"(-?\d{0,9}\.?\d{1,9})(%|[a-z]*)")
_HEX: Final = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{3})\b")
_RGB: Final = re.compile(
    r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]{1,9}))?"
)
_NAMED: Final[dict[str, _Colour]] = {
    "white": (255, 255, 255),
    "snow": (255, 250, 250),
    "ghostwhite": (248, 248, 255),
    "whitesmoke": (245, 245, 245),
    "black": (0, 0, 0),
}
_WHITE: Final = (255, 255, 255)
_CLOSE: Final = 12  # of 255; nobody reads text that differs less from its ground
_FAR: Final = -900  # pixels to the left or above: off every screen
_UNREADABLE: Final = 1.0  # pixels
_LENGTHS: Final = frozenset({"", "px", "pt"})
_RELATIVE: Final = frozenset({"%", "em", "rem"})
_INHERITED: Final = frozenset({"inherit", "initial", "unset", "revert", "currentcolor"})


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks at one place of a page.

    Attributes:
        shown: no element around it is taken away, clipped or transparent.
        legible: its size can be read.
        opaque: ``visibility`` lets it be seen.
        colour: red, green, blue, 0 to 255; None where that is unknown.
        ground: the colour behind it, likewise.
    """

    shown: bool = True
    legible: bool = True
    opaque: bool = True
    colour: _Colour | None = (0, 0, 0)
    ground: _Colour | None = _WHITE

    @property
    def visible(self) -> bool:
        """A reader can see the text."""
        return self.shown and self.legible and self.opaque and not self._blends_in

    @property
    def _blends_in(self) -> bool:
        if self.colour is None or self.ground is None:
            return False
        return max(abs(a - b) for a, b in zip(self.colour, self.ground, strict=True)) < _CLOSE

    def inside(self, style: Declarations) -> "Look":
        """How text looks in an element with this style, at this place."""
        if not style:
            return self
        look = self
        if _is_away(style):
            look = replace(look, shown=False)
        if size := style.get("font-size"):
            look = replace(look, legible=_is_legible(size))
        if visibility := style.get("visibility"):
            look = replace(look, opaque=visibility not in {"hidden", "collapse"})
        return _coloured(look, style)


VISIBLE: Final = Look()


def declarations(style: str) -> Declarations:
    """What an attribute ``style`` declares."""
    found: dict[str, str] = {}
    for declaration in style.lower().split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            found[name.strip()] = value.removesuffix("!important").strip()
    return found


def rules(sheet: str) -> dict[str, Declarations]:
    """A style sheet's rules for a tag, a class or an id.

    Other selectors are left out, and so is what holds for some media only: a newsletter takes
    away on a small screen what it shows on a large one.
    """
    found: dict[str, Declarations] = {}
    depth, selectors = 0, ""
    for piece in _BRACES.split(_CSS_COMMENT.sub("", sheet)):
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth = max(0, depth - 1)
        elif depth == 0:
            selectors = piece
        elif depth == 1 and "@" not in selectors:
            style = declarations(piece)
            for selector in map(str.strip, selectors.split(",")):
                if _SIMPLE.fullmatch(selector):
                    found[selector] = {**found.get(selector, {}), **style}
    return found


def _is_away(style: Declarations) -> bool:
    clipped = style.get("overflow") == "hidden" and any(
        _pixels(style.get(name)) == 0 for name in ("height", "max-height", "width", "max-width")
    )
    far = any((_pixels(style.get(name)) or 0) < _FAR for name in ("text-indent", "left", "top"))
    opacity = _pixels(style.get("opacity"))
    return (
        style.get("display") == "none" or clipped or far or (opacity is not None and opacity < 0.05)
    )


def _pixels(value: str | None) -> float | None:
    number = _NUMBER.fullmatch(value or "")
    return float(number[1]) if number and number[2] in _LENGTHS else None


def _is_legible(size: str) -> bool:
    number = _NUMBER.fullmatch(size)
    if number is None:
        return True
    if number[2] in _RELATIVE:
        return float(number[1]) > 0
    return float(number[1]) > _UNREADABLE


def _coloured(look: Look, style: Declarations) -> Look:
    colour, ground = look.colour, look.ground
    if value := style.get("background-color") or style.get("background"):
        ground = ground if value in _INHERITED or _is_clear(value) else _colour(value)
    if "url(" in style.get("background", "") + style.get("background-image", ""):
        ground = None
    if (value := style.get("color")) and value not in _INHERITED:
        colour = ground if _is_clear(value) else _colour(value)
    if (colour, ground) == (look.colour, look.ground):
        return look
    return replace(look, colour=colour, ground=ground)


def _is_clear(value: str) -> bool:
    rgb = _RGB.match(value)
    return value in {"transparent", "none"} or bool(rgb and rgb[4] and not rgb[4].strip("0."))


def _colour(value: str) -> _Colour | None:
    if named := _NAMED.get(value.split(" ", 1)[0]):
        return named
    if digits := _HEX.search(value):
        code = digits[1] if len(digits[1]) == 6 else "".join(digit * 2 for digit in digits[1])
        return int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)
    if rgb := _RGB.search(value):
        return int(rgb[1]), int(rgb[2]), int(rgb[3])
    return None
