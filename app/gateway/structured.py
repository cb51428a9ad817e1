"""Finding the JSON in what a model wrote."""

import json

_DECODER = json.JSONDecoder(strict=False)  # line breaks in strings are read as meant
_MOST_TRIES = 20  # each may read the whole text


def find_json(text: str) -> str:
    """The first JSON object in ``text``, which may stand in prose or in a code fence.

    Only its last brace may be missing: a stop sequence between the last value and the brace,
    where JSON allows white space, cuts that off and nothing else.

    Returns ``text`` itself where there is none, so that a validator can say what is wrong.
    """
    closed = text.rstrip() + "}"
    start = -1
    for _ in range(_MOST_TRIES):
        start = text.find("{", start + 1)
        if start == -1:
            break
        for candidate in (text, closed):
            try:
                found, _ = _DECODER.raw_decode(candidate, start)
            except (ValueError, RecursionError):
                continue
            return json.dumps(found, ensure_ascii=False)
    return text
