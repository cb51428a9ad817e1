"""No test leaves this machine."""

import socket

import pytest


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "model.example"])
def test_what_is_elsewhere_is_not_reached(host: str) -> None:
    with pytest.raises(AssertionError, match="a test"):
        socket.create_connection((host, 9))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_is_here_is_reached(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection((host, server.getsockname()[1])).close()
