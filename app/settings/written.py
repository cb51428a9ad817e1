"""What operators write: values that are more than a number or a text, each with its check."""

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

SHARED_STORES: Final = ("valkey://", "valkeys://", "redis://", "rediss://", "unix://")

_NAME: Final = r"([a-z0-9._-]+|\[[0-9a-f:.]+\])"
_HOST: Final = re.compile(_NAME)
_ORIGIN: Final = re.compile(
    rf"(?!http:.*:80$|https:.*:443$)[a-z][a-z0-9+.-]*://{_NAME}(:[1-9]\d{{0,4}})?"
)
_PRICED: Final = frozenset({"input", "output", "cached"})


def _model(value: str) -> str:
    provider, colon, name = value.partition(":")
    if (provider == "embedded" and (not colon or name)) or (
        provider in ("anthropic", "openai") and name
    ):
        return value
    msg = (
        "must be embedded, embedded:<name>, embedded:/path/to/model.gguf, "
        "anthropic:<model> or openai:<model>"
    )
    raise ValueError(msg)


def _paired(value: object) -> object:
    """``a=1, b=2`` as a mapping; something else as it is."""
    return _pairs(value) if isinstance(value, str) else value


def _pairs(value: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
    return {name.strip(): given.strip() for name, _, given in pairs}


def _adapters(value: Mapping[str, str]) -> Mapping[str, str]:
    if not all(feature and name for feature, name in value.items()):
        raise ValueError("must be like tickets=/path/to/folder,answers=none")
    return value


def _prices(value: object) -> object:
    if not isinstance(value, str):
        return value
    prices = _pairs(value)
    if not {"input", "output"} <= prices.keys() <= _PRICED:
        raise ValueError("must be like input=0.15,output=0.6,cached=0.075")
    return prices


def _store(value: str) -> str:
    if value != "memory://" and not value.startswith(("file:///", *SHARED_STORES)):
        raise ValueError("must be memory://, or like file:///path or valkey://host:6379")
    return value


def _database(value: str) -> str:
    if not value.startswith(("sqlite:////", "postgresql://")):
        raise ValueError("must be like sqlite:////path/to/batches.db or postgresql://host/name")
    return value


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return value.rstrip("/")


def _listed(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _origin(value: str) -> str:
    if not _ORIGIN.fullmatch(value):
        msg = (
            f"{value} is no origin as browsers send it, such as https://shop.example: "
            "in lower case, without path, wildcard or the scheme's own port"
        )
        raise ValueError(msg)
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        msg = f"{value} is no host name in lower case without a port, such as api.shop.example"
        raise ValueError(msg)
    return value


ModelSpec = Annotated[str, AfterValidator(_model)]
Adapters = Annotated[
    Mapping[str, str], NoDecode, BeforeValidator(_paired), AfterValidator(_adapters)
]
Prices = Annotated[Mapping[str, Annotated[float, Field(ge=0)]], NoDecode, BeforeValidator(_prices)]
StoreUrl = Annotated[str, AfterValidator(_store)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
Url = Annotated[str, AfterValidator(_url)]
Origins = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_listed)
]
Hosts = Annotated[
    tuple[Annotated[str, AfterValidator(_host)], ...], NoDecode, BeforeValidator(_listed)
]
