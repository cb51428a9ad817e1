"""A server that plays both providers' batches, on a real socket and so in real time."""

from collections.abc import Generator

import pytest

from app import provision
from tests.gateway.batching.provider import Provider
from tests.gateway.batching.server import application, served


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Generator[Provider]:
    """The provider, at its own address as far as the gateway knows: so it is spoken to."""
    provider = Provider()
    with served(application(provider)) as provider.origin:
        monkeypatch.setattr(provision, "_ANTHROPIC", provider.origin)
        monkeypatch.setattr(provision, "_OPENAI", f"{provider.origin}/v1")
        yield provider
    assert not provider.complaints
