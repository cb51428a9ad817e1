"""The patterns that the words make by which an email talks to a machine.

Every word belongs to a class of one letter, whatever its language; a text becomes a string of
such letters, and the rules are short patterns over it. So a rule is written once for all
languages, and every gap in it is bounded, which keeps matching linear.
"""

from typing import Final, Literal

from app.features.injection.acts import ACTS
from app.features.injection.topics import TOPICS
from app.features.injection.values import VALUES

Reason = Literal[
    "override", "reveal", "field_order", "format", "role", "delimiter", "tool", "encoded", "mention"
]

WORDS: Final[dict[str, str]] = ACTS | TOPICS | VALUES
"""The words and phrases of each class, split by ``|``; ``*`` ends a stem."""


def _order(first: str, rest: str = "") -> str:
    """A pattern for an order, which has no subject right before it.

    Args:
        first: the order's first letter, or some in brackets. It stands before what must not
            precede it, so that a search skips at once to where the letter is.
        rest: what follows.
    """
    subjects = "".join(rf"(?<!J{'[xywQ>]' * size}.)" for size in range(4))
    return first + subjects + rest


RULES: Final[tuple[tuple[Reason, str], ...]] = (
    ("override", _order("O", r"[^.?MJ]{0,5}[AayY][^.?MJ]{0,4}[IYq]")),
    ("override", _order("Ö", r"[^.?MJ]{0,5}(?:[yY]|Ax?a|aA)[^.?MJ]{0,4}[IYq]")),
    ("override", _order("[OÖ]", r"[^.?MJ]{0,3}[IY][^.?MJ]{0,2}a")),
    ("override", _order("[OÖ]", r"[^.?MJ]{0,2}Y")),
    ("override", _order("O", r"[^.?MJT]{0,2}A[^.?MJT]{0,5}a")),
    ("override", _order("O", r"[^.?MJT]{0,2}A[^.?MJT]{0,2}(?:a[^.?MJT]{0,2}[ib]|[ib]x?a)")),
    ("override", _order("O", r"[^.?MJT]{0,6}q")),
    ("override", r"[AayY][^.?MJO]{0,3}[IY][^.?MJ]{0,4}[Ov](?!x?[MÜ])"),
    ("override", _order("!", r"&[^.?MJ]{0,4}(?:[ayY][^.?MJ]{0,2}[IY]|I[^.?MJ]{0,2}a)")),
    ("override", r"a[^.?MJ]{0,2}I[^.?MJ]{0,2}!x?&"),
    ("override", r"Z[^.?MJ]{0,4}I[^.?MJ]{0,3}v"),
    ("override", r"q[^.?MJ]{0,3}(?:'|v)|(?:Y|I[^.?MJ]?a)[^.?MJ]{0,3}v(?!x?[MÜ])"),
    ("override", r"(?:ya|Aa)[^.?MJ]?i[^.?MJ]{0,3}v|gv[^.?MJ]{0,2}[yaA]x?I"),
    ("override", r"yx?lx?b[^.?MJ]{0,2}[H:U]"),
    ("override", r"lI:|lx?Y:"),
    ("reveal", _order("[LuU]", r"[^.?MJ]{0,4}[Yq]")),
    ("reveal", r"Y[^.?MJ]{0,4}[Lu]|ß"),
    ("format", _order("[LuU]", r"[^.?MJ]{0,7}[>K]x?_") + "|" + _order("S", r"[^.?MJ]{0,3}_")),
    ("field_order", r"[SCsg][^.?J]{0,7}[FÄ][^.?J]{0,6}[Vmc]"),
    ("field_order", r"[SCsg][^.?J]{0,4}[Vm][^.?J]{0,4}[FÄ]"),
    ("field_order", r"[FÄ][^.?J]{0,6}[Vm][^.?J]{0,4}[SCs]"),
    ("field_order", r"[FÄ][^.?J]{0,3}[SCs][^.?J]{0,4}[Vm]"),
    ("field_order", r"F[^.?MJ]{0,2}[>K=:][^.?MJ]{0,2}m"),
    ("field_order", _order("C", r"[^.?MJp]{0,2}[jT][^.?MJ]{0,4}[Vm]")),
    ("field_order", r"(?<![yM])T[^.?MJ]{0,4}W[^.?MJ]{0,3}C[^.?MJ]{0,3}[Vm]"),
    ("field_order", r"(?<![yM])T[^.?MJ]{0,5}[HWSCg]?\*k?[Vm]"),
    ("field_order", r"#[^.?MJ]{0,12}(?:F|m[^.?MJ]{0,2}[FP])"),
    ("field_order", r"G[^.?M]{0,5}(?:[SCUu][^.?M]{0,3}m|[SCUuW][^.?M]{0,3}F|W[^.?MJ]?m)"),
    ("field_order", r"T[^.?M]{0,4}(?:Fx?m|mx?F)|pW[CS]k|p[^.?MJ]{0,2}WCk"),
    ("field_order", r"p[^.?MJ]{0,4}s"),
    ("field_order", r"<[^.?MJ]{0,5}[pFP][NQjk]?[SUuL](?![^.]?M)"),
    ("field_order", r"[FÄ][:=][Vmc]|P=[Vm]|[FÄ][^.?M]{0,3}T[HW:][^.?M]?[Vmc]"),
    ("field_order", r"F[^.?M]{0,3}T[HW:]?[^.?M]{0,3}m|T[^.?M]{0,2}F[HW:]?x?[Vm]"),
    ("format", _order("[Uu]", r"[^.?MJ]{0,3}N[^.?M]{0,2}[K~]")),
    ("format", _order("u", r"[^.?MJ]{0,3}N") + "|" + _order("N", "(?:x?u|U)")),
    ("format", _order("[Uu]", r"[^.?J]{0,7}n")),
    ("format", r"(?:y[xA]{0,2}[rUu]|o)[^.?MJ]{0,3}W[^.?MJ]{0,3}%[^.?MJ]{0,3}[N~n]"),
    ("format", r"(?:y[xA]{0,2}[rUu]|o)[^.?MJ]{0,3}W[^.?MJ]{0,3}N[^.?MJ]{0,2}[%~]"),
    ("format", r"%[^.?MJ]{0,2}[rUu]K?[^.?MJ]?~|[rUu][^.?MJ]{0,2}W[^.?M]{0,3}[%N][^.?M]{0,3}~"),
    ("format", r"y[xA]{0,2}[rUu][^.?MJ]{0,2}N%|[rU]H[^.?MJ]{0,5}~N"),
    ("format", r"r[^.?MJ]{0,2}(?:W[^.?MJ]{0,2})?%[^.?MJ]{0,2}N[^.?MJ]{0,2}~"),
    ("format", _order("[UuL]", r"[^.?MJ]{0,3}o[^.?J]{0,5}X")),
    ("format", _order("[Uu]", r"[^.?MJ]{0,4}[kK]x?X")),
    ("format", r"(?:o|_|y[xA]{0,2}[rUu])[^.?MJ]{0,3}W[^.?MJ]{0,3}X"),
    ("format", r"(?:_|y[xA]{0,2}[rUu])[^.?MJ]{0,3}W[^.?MJ]{0,2}[K>][^.?MJ]?,"),
    ("format", _order("[Uu]", r"[^.?MJ]{0,3}o[^.?MJ]{0,4},")),
    ("format", r"z[^.?JQM]{0,4}[UuL][^.?M]{0,5}[oFÄXN]"),
    ("role", r"Z[^.?M]{0,4}[GRBdy]|Z[^.?M]{0,2}I"),
    ("role", r"hx?[jA]?x?G(?!x?[tM])"),
    ("role", _order("[>hÜ]", r"x?[jA]?x?G:") + "|" + _order("/", ":")),
    ("role", r"hx{0,2}/|kx?Gx{0,2}W"),
    ("role", r"d[x>K]{0,3}jx?[GR]"),
    ("role", r"(?<![JxMQwe])(?:B[^.?JM]?e|eB)"),
    ("tool", _order("f")),
    ("tool", _order("[LDU]", r"[^.?MJ]{0,5}Ë")),
    (
        "tool",
        "(?:"
        + _order("D", r"[^.?MJ]{0,4}[EYI]")
        + "|"
        + _order("L", r"[^.?MJ]{0,4}E")
        + r")[^.?MJ]{0,8}@",
    ),
)
"""What only a machine is told: letters of classes into why it is suspected."""

WISHABLE: Final[tuple[tuple[Reason, str], ...]] = (
    ("override", _order("O", r"[^.?MJT]{0,3}a[^.?MJT]{0,2}[ib]")),
    ("override", _order("Ö", r"[^.?MJ]{0,5}[Aa][^.?MJ]{0,4}[IYq]")),
    ("override", _order("&", r"[^.?MJ!]{0,3}l[^.?MJ]{0,2}[IY]")),
    ("field_order", _order("[SCs]", r"[^.?MJ]{0,6}P[^.?MJ]{0,5}[Vm]")),
    ("field_order", r"F[^.?M]{0,3}[HW:]x{0,2}m"),
    ("field_order", _order("g", r"[^.?MJp]{0,2}[jT][^.?MJ]{0,4}m(?!x?P)")),
    ("field_order", _order("[Ss]", r"[^.?MJ]{0,2}T[^.?MJ]{0,4}m(?!x?P)")),
    ("field_order", _order("[SUu]", r"[xjA]?p[k>:=H]")),
    ("field_order", _order("[SULu]", r"[^.?MJ]{0,6}[kK][xjA]?p")),
    ("reveal", _order("[LuU]", r"[^.?MJ]{0,3}y[^.?MJA]{0,2}I")),
    (
        "reveal",
        _order("[Lu]", r'(?:[^.?MJ]{0,5}[IYi][^.?MJ]{0,4}"|[^.?MJ]{0,3}"[^.?MJ]{0,4}[IYi])'),
    ),
    ("format", r"r[^.?MJ]{0,3}W[^.?MJ]{0,3}%[^.?MJ]{0,3}[N~n]"),
    ("format", _order("U", "N,") + "|" + _order("[UuL]", r"[^.?MJ]{0,6}X")),
    ("format", _order("[Uu%]", r"[^.?MJ]{0,3}o")),
)
"""What a customer may wish for: suspected only in a sentence that does not ask or say "my"."""

MENTIONS: Final = r"[FÄYqBGZ]|[Toj][^.?]{0,8}[Vm]|[Vm][^.?]{0,6}T"
"""What speaks of machines or of a ticket's fields at all, which few customers do."""

ORDERS: Final[frozenset[Reason]] = frozenset({"override", "reveal", "field_order", "role"})

_MARKS: Final = r"[-=*_~#<\[]{2}\s{0,3}"
_OF: Final = r"(?:of|the|this|user|customer|system|untrusted|der|des|du|de|del|van|la|\s){0,9}"
_PART: Final = (
    r"(?:e-?mail|mail|message|input|data|prompt|instructions?|ticket|context|nachricht)\b"
)

DELIMITERS: Final = (
    r"<\|[a-z_]{2,20}\|>|\[/?inst\]|<</?sys>>"
    r"|</?(?:system|assistant|instructions?|prompt|tool_call|user_input)\b[^>\n]{0,40}>"
    r"|^[ >]{0,4}#{2,6} ?(?:system|instructions?|response|input|output|prompt) ?:"
    rf"|{_MARKS}(?:begin|start|end|stop|ende|beginn|fin|fine|einde|koniec|конец)\s{_OF}{_PART}"
)
CLOSING_TAGS: Final = r"</(email|message|ticket|data|document|input|mail)>"
ROLE_LINES: Final = (
    r"^[\s>*_#\[(]{0,6}(?:system|assistant|developer|admin|administrator|ai|sistema|systeme|"
    r"systeem|система|系统|システム|sistem)"
    r" ?(?:prompt|message|note|override|instruction|update)?[\])*]{0,3} ?[:>]"
)
TURNED_CUES: Final = (
    *("instruct", "prompt", "rules", "urgency", "regeln", "anweisung", "ignor"),
    *("guideline", "directive", "disregard", "critical", "constraint", "assistant", "regole"),
    *("consigne", "reglas", "regras", "instru", "vorgaben", "dringlichkeit", "previous"),
)
"""What is looked for first in a text read backwards or through rot13."""

MACHINE_TALK: Final = r"[OFÄIYZBGo_/#]|[SCUuLg].{0,8}[VmTXN]"
FEW_SHOT: Final = r"^[ >]{0,4}output ?: ?\n?[ ]?(?:\{|issue|urgency)"
IMAGE_WITH_DATA: Final = r"!\[[^\]\n]{0,80}\]\(https?://[^)\s]{0,300}[?&=][^)\s]{0,300}[{<\[$]"
