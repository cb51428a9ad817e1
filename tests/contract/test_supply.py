"""What the images are made of is known: their base, their packages, their weights."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from app import __version__
from app.embedded.models import DEFAULT
from deploy.audit import audit
from tests.service import free_port

DOCKERFILE = Path("Dockerfile").read_text("utf-8")
LOCK = "requirements/embedded.lock"
ADVISORY = "PYSEC-2026-1"


def test_images_are_made_from_what_has_a_digest() -> None:
    (image,) = re.findall(r"^ARG PYTHON_IMAGE=(.+)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"python:[\w.-]+@sha256:[0-9a-f]{64}", image)
    froms = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)
    assert len(froms) == len(re.findall(r"^\s*FROM\b", DOCKERFILE, re.MULTILINE))
    stages = [stage for _, stage in froms]
    copied = re.findall(r"--from=(\S+)", DOCKERFILE)
    assert {source for source, _ in froms} | set(copied) <= {"${PYTHON_IMAGE}", *stages}


# --- The bill of materials -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    """That of this environment, as the images make theirs."""
    command = [sys.executable, "-m", "deploy.sbom", DEFAULT.name]
    path = {"PATH": str(Path(sys.executable).parent)}
    made = subprocess.run(command, env=path, check=True, capture_output=True, text=True)
    bill: dict[str, Any] = json.loads(made.stdout)
    return bill


def test_bill_has_all_that_is_installed(bill: dict[str, Any]) -> None:
    libraries = [each for each in bill["components"] if each["type"] == "library"]
    named = {(each["name"], each["version"]) for each in libraries}
    installed = {(each.metadata["Name"], each.version) for each in distributions()}
    assert named == installed - {("groundwork", __version__)}
    described = bill["metadata"]["component"]
    assert (described["name"], described["version"]) == ("groundwork", __version__)


def test_bill_has_the_weights(bill: dict[str, Any]) -> None:
    (model,) = [each for each in bill["components"] if each["type"] == "machine-learning-model"]
    assert model["name"] == DEFAULT.name
    assert model["hashes"] == [{"alg": "SHA-256", "content": DEFAULT.sha256}]
    assert model["licenses"] == [{"expression": DEFAULT.licence}]
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert model["bom-ref"] in needs[bill["metadata"]["component"]["bom-ref"]]


def test_bill_is_valid(bill: dict[str, Any]) -> None:
    few = json.dumps({**bill, "components": bill["components"][-5:]})  # all of it takes a minute
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(few) is None
    assert validator.validate_str(few.replace("machine-learning-model", "weights")) is not None


def test_bill_names_no_place(bill: dict[str, Any]) -> None:
    text = json.dumps({name: value for name, value in bill.items() if name != "$schema"})
    assert "://" not in text
    assert sys.prefix not in text
    assert str(Path.cwd()) not in text


# --- Known vulnerabilities ---------------------------------------------------------------------------


@contextmanager
def advisories(flawed: Mapping[str, str]) -> Generator[str]:
    """The address of a database in OSV's format that knows of the packages ``flawed``."""

    class Database(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            package = body["package"]
            known = flawed.get(package["name"]) == body["version"]
            answer = {"vulns": [{"id": ADVISORY, "affected": [{"package": package}]}]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer if known else {}).encode())

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 # its name there

    server = ThreadingHTTPServer(("127.0.0.1", 0), Database)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def osv(address: str) -> tuple[str, ...]:
    return ("--vulnerability-service=osv", f"--osv-url={address}")


def test_audit_fails_with_a_known_vulnerability() -> None:
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", Path(LOCK).read_text(), re.MULTILINE))
    with (
        advisories({"starlette": locked["starlette"], "fastapi": "0.1"}) as address,
        pytest.raises(SystemExit) as failed,
    ):
        audit(LOCK, *osv(address))
    found = f"starlette {locked['starlette']}: {ADVISORY}"
    assert failed.value.code == f"{LOCK} has known vulnerabilities:\n{found}"


def test_audit_passes_without_one() -> None:
    with advisories({}) as address:
        said = audit(LOCK, *osv(address))
    assert re.fullmatch(rf"{LOCK}: no known vulnerability in \d\d packages\.", said)


def test_audit_says_that_it_could_not_ask() -> None:
    said = audit(LOCK, *osv(f"http://127.0.0.1:{free_port()}/v1/query"))
    assert said == f"{LOCK} is not audited: no advisory database can be reached."


def test_audit_wants_a_lock(tmp_path: Path) -> None:
    (tmp_path / "loose.lock").write_text("starlette\n", "utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        audit(str(tmp_path / "loose.lock"))


def test_the_service_comes_without_its_auditors() -> None:
    assert "cyclonedx" not in Path(LOCK).read_text("utf-8")
    assert "pip-audit" not in Path(LOCK).read_text("utf-8")
