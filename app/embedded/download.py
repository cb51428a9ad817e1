"""A model's file from its publisher's page: what is missing of it, and again after a break."""

import os
import time
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx

from app.embedded.models import Model
from app.embedded.progress import Meter

_HUGGING_FACE: Final = "https://huggingface.co"
_TIMEOUT: Final = httpx.Timeout(30, connect=5)
_PAUSES: Final = (1.0, 3.0)  # seconds, after tries that brought nothing; the next is the last
_CONTENT: Final = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)


class SourceFailed(Exception):
    """This way to the weights is closed; the text says why, for people."""


def from_publisher(model: Model, part: Path, meter: Meter) -> None:
    """Complete ``part`` from Hugging Face, or HF_ENDPOINT; ``SourceFailed`` if it cannot be had."""
    endpoint = (os.environ.get("HF_ENDPOINT") or _HUGGING_FACE).rstrip("/")
    url = f"{endpoint}/{model.repo}/resolve/{model.revision}/{model.file}"
    pauses = list(_PAUSES)
    with httpx.Client(follow_redirects=True, timeout=_TIMEOUT) as client:
        while (there := part.stat().st_size) < model.size:
            reason = "the transfer ends early"
            try:
                _append(client, url, part, model.size, meter)
            except httpx.InvalidURL as error:
                raise SourceFailed(f"HF_ENDPOINT: {error}") from None
            except httpx.HTTPError as error:
                reason = str(error).partition("\n")[0] or type(error).__name__
            if part.stat().st_size > there:
                pauses = list(_PAUSES)
            elif pauses:
                time.sleep(pauses.pop(0))
            else:
                raise SourceFailed(f"{endpoint}: {reason}")


def _append(client: httpx.Client, url: str, part: Path, size: int, meter: Meter) -> None:
    """One request for all that is missing."""
    there = part.stat().st_size
    # Not compressed, or neither place nor length would be those of the file.
    headers = {"range": f"bytes={there}-", "accept-encoding": "identity"}
    with client.stream("GET", url, headers=headers) as response:
        if response.is_server_error or response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            response.raise_for_status()
        if response.status_code not in _CONTENT:
            raise SourceFailed(f"{url} answers {response.status_code}")
        if response.status_code == HTTPStatus.OK:
            there = 0  # it knows no ranges
        with part.open("r+b") as file:
            file.truncate(there)
            file.seek(there)
            for block in response.iter_raw():
                there += file.write(block)
                meter.at(there)
                if there >= size:  # more than that is another file: its hash will tell
                    return
