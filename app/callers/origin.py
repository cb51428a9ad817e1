"""Where a request comes from, as its headers tell: the name it asks for, the page that sends it."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from app.errors import CrossSite

Headers = Mapping[bytes, bytes]

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_FORWARDED: Final = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via")


def host_of(headers: Headers) -> str:
    """The name that the request asks for, without a port."""
    host = headers.get(b"host", b"").decode("latin-1").lower()
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an address."""
    return address.startswith("127.") or address in ("localhost", "::1", "::ffff:127.0.0.1")


def is_exposed(server: Any) -> bool:
    """Whether the socket that a request came in by, as ASGI has it, is reached from elsewhere."""
    address = str(server[0]) if server else ""
    is_ip = address[:1].isdigit() or ":" in address
    return is_ip and not is_loopback(address)


def is_local(address: str, headers: Headers) -> bool:
    """Whether it comes from this machine, and neither through a proxy nor from a site's page.

    A site's page could have its own name lead here (DNS rebinding).
    """
    is_passed_on = any(name in headers for name in _FORWARDED)
    return is_loopback(address) and host_of(headers) in _LOOPBACK and not is_passed_on


def refuse_cross_site(method: str, headers: Headers, allowed: Collection[str]) -> None:
    """Refuse what a page of another site sends without asking first, such as a form.

    Browsers ask first (CORS) for every method but these and for JSON.

    Raises:
        CrossSite: it is such.
    """
    content_type = headers.get(b"content-type", b"").lower()
    if method != "POST" or b"json" in content_type.partition(b";")[0]:
        return
    origin = headers.get(b"origin", b"").decode("latin-1")
    site = headers.get(b"sec-fetch-site")
    if site is None:  # sent to https and to this machine only, and by no old browser
        is_own = not origin or origin.partition("://")[2] == headers.get(b"host", b"").decode(
            "latin-1"
        )
    else:
        is_own = site in (b"same-origin", b"none")
    if not is_own and origin not in allowed:
        raise CrossSite("A page of another site may send JSON alone, and only if it is allowed to.")
