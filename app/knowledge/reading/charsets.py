"""Bytes into text, by the decoders and the detector of the WHATWG's standards, in turbohtml.

The detector (Firefox's) named the charset of single sentences in all 12 charsets that we tried;
charset-normalizer calls a German one Big5, and a Greek page Mac Cyrillic.
"""

from turbohtml.detect import detect


def decoded(data: bytes, charset: str | None = None) -> str:
    """Text of bytes: by their byte order mark, as declared, as UTF-8, else by how they look.

    A charset that does not fit everywhere is taken where it fits nearly everywhere: no more
    characters are broken than, outside of ASCII, are whole. Of HTML, what it
    declares itself is heeded; a label that the standard does not know counts as none.
    """
    if data.isascii() and not (b"\0" in data or b"\x1b" in data):
        return data.decode("ascii")
    looks = detect(data)
    for label in () if looks.bom else filter(None, (charset, "utf-8")):
        try:
            text = data.decode(f"whatwg-{label.strip()}")
        except (LookupError, ValueError):
            continue
        special = len(text) - len(text.encode("ascii", "ignore"))
        if 2 * (text.count("\N{REPLACEMENT CHARACTER}") + text.count("\x1b")) <= special:
            return text
    return data.decode(looks.codec or "utf-8", "replace").removeprefix("\ufeff")
