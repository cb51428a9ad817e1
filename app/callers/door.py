"""Who may come in: decided by the headers alone, before anything of the body is read."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from app.callers.address import network_of
from app.callers.caller import Caller
from app.callers.origin import Headers, host_of, is_exposed, is_local, refuse_cross_site
from app.callers.ring import KeyRing
from app.errors import HostUnknown, KeyInvalid, KeyMissing, ScopeMissing

_CREDENTIALS: Final = re.compile(rb"(?:bearer|deepl-auth-key) +([^ ]+)", re.IGNORECASE)
_PROBES: Final = frozenset({"/healthz", "/readyz"})
_PAGES: Final = frozenset({"/", "/docs", *_PROBES})
_FILES: Final = "/static/"
_DOCUMENT: Final = "/openapi.json"
_OPEN: Final = "Whoever reaches the service may use it without a key (GROUNDWORK_OPEN)."
_CLOSED: Final = "There are no keys yet: make one with groundwork keys new NAME."
_BATCHES: Final = "batches"
_FOR_ALL: Final = frozenset({"/usage"})  # a key's own figures
_NOBODY: Final = frozenset[str]()
UNNAMED: Final = Caller("", scopes=_NOBODY)


class Door:
    """Tells who a request is from, and whether it may have what it asks for.

    With keys, all but the pages' files and the probes needs one.

    Attributes:
        scopes: the feature that a path belongs to, by the first part of the path.
        inner: paths that take a key in the query or the body, too.
        borrowed: paths of other services' APIs, whose clients read refusals their own way.
    """

    def __init__(
        self,
        keys: KeyRing | None = None,
        *,
        is_open: bool = False,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
    ) -> None:
        """A door.

        Args:
            keys: those that are asked for; None for none.
            is_open: without keys, let in whoever reaches the service, not this machine alone.
            hosts: names of the service; any, if there are none.
            origins: other sites whose pages may send forms.
        """
        self.keys = keys
        self.is_open = is_open
        self.scopes: Mapping[str, str] = {}
        self.inner: Collection[str] = ()
        self.borrowed: Collection[str] = ()
        self._hosts = frozenset(hosts)
        self._origins = frozenset(origins)

    @property
    def remark(self) -> str | None:
        """What whoever runs the service should know of it."""
        if self.keys is None:
            return _OPEN if self.is_open else None
        return self.keys.problem or (None if len(self.keys) else _CLOSED)

    def admit(self, scope: Mapping[str, Any], headers: Headers) -> Caller:
        """The caller of a request, of which the ASGI scope and the headers are there.

        Where the key may be in the body it is ``UNNAMED``, until :meth:`identify` names it.

        Raises:
            Refused: it may not come in.
        """
        path: str = scope["path"]
        client = scope.get("client")
        address = str(client[0]) if client else ""
        if self._hosts and host_of(headers) not in self._hosts:
            if path not in _PROBES:  # these ask by address
                raise HostUnknown("The request's Host is none of this service's names.")
            return Caller(network_of(address), scopes=_NOBODY)
        if b"origin" in headers or b"sec-fetch-site" in headers:
            refuse_cross_site(scope["method"], headers, self._origins)
        if self.keys is None:
            return self._without_key(scope, path, address)
        if path in _PAGES or path.startswith(_FILES) or path == _DOCUMENT:
            return self._reader(path, address, headers, self.keys)
        credentials = headers.get(b"authorization")
        if credentials is not None:
            return self._permitted(_found(self.keys, credentials), path)
        if path in self.inner:
            return UNNAMED
        raise KeyMissing("Send a key as Authorization: Bearer <key>.")

    def identify(self, key: str, path: str) -> Caller:
        """The caller of a request whose key is inside it.

        Raises:
            Refused: it may not come in.
        """
        if not key or self.keys is None:
            raise KeyMissing("Send a key as api_key, or as Authorization: Bearer <key>.")
        return self._permitted(self.keys.find(key.encode()), path)

    def _permitted(self, caller: Caller, path: str) -> Caller:
        if caller.scopes is not None and path not in _FOR_ALL:
            first = path[1:].partition("/")[0]
            feature = first if first == _BATCHES else self.scopes.get(first)
            if feature not in caller.scopes:
                raise ScopeMissing(f"The key is for {', '.join(sorted(caller.scopes))} alone.")
        return caller

    def _without_key(self, scope: Mapping[str, Any], path: str, address: str) -> Caller:
        if not self.is_open and path not in _PROBES and is_exposed(scope.get("server")):
            raise KeyMissing("This service has no keys yet, so it answers its own machine alone.")
        return Caller(network_of(address), is_admin=True)

    def _reader(self, path: str, address: str, headers: Headers, keys: KeyRing) -> Caller:
        """Who reads a page or a probe, or the document, which strangers may not."""
        caller = Caller(network_of(address), scopes=_NOBODY)
        if path in (_DOCUMENT, "/readyz"):
            if credentials := headers.get(b"authorization"):
                caller = _found(keys, credentials)
            elif not is_local(address, headers) and path == _DOCUMENT:
                raise KeyMissing("Send a key as Authorization: Bearer <key>.")
            if is_local(address, headers):
                caller = replace(caller, is_admin=True)
        return caller


def _found(keys: KeyRing, credentials: bytes) -> Caller:
    """The caller that an ``Authorization`` is of."""
    found = _CREDENTIALS.fullmatch(credentials.strip())
    if not found:
        raise KeyInvalid("Authorization must be Bearer <key>.")
    return keys.find(found[1])
