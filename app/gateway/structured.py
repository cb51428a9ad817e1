"""Getting JSON out of a model: the ladder of ways to ask, and finding JSON in what came."""

import json

_DECODER = json.JSONDecoder()


def find_json(text: str) -> str:
    """The first JSON object in ``text``, which may stand in prose or in a code fence.

    Returns ``text`` itself where there is none, so that a validator can say what is wrong.
    """
    start = text.find("{")
    while start != -1:
        try:
            _, end = _DECODER.raw_decode(text, start)
        except ValueError:
            start = text.find("{", start + 1)
        else:
            return text[start:end]
    return text
