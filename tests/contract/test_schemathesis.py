"""Schemathesis over the running service: no 5xx and nothing that the document does not say.

The model server is a real one on a real socket that answers at once: what is tried here is our own
side, with hundreds of requests, and the embedded model would take an hour for them.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.callers.keyring import given_out
from tests.contract.serving import model_server
from tests.service import run_service

pytestmark = pytest.mark.slow

HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.parametrize("is_keyed", [False, True])
def test_the_service_keeps_to_its_document(tmp_path: Path, *, is_keyed: bool) -> None:
    options, keys = (
        {
            "store": str(tmp_path / "store.db"),
            "database": f"sqlite:///{tmp_path / 'batches.db'}",
            "knowledge": "sample",
        },
        tmp_path / "keys",
    )
    given = [f"--header=Authorization: Bearer {given_out(keys)}"] if is_keyed else []
    options |= {"keys": str(keys)} if is_keyed else {}
    with (
        model_server() as upstream,
        run_service(tmp_path, model="openai:any", base_url=upstream, **options) as service,
    ):
        address = str(service.client.base_url).rstrip("/")
        run = subprocess.run(
            [
                str(Path(sys.executable).parent / "schemathesis"),
                f"--config-file={CONFIG}",
                "run",
                f"{address}/openapi.json",
                "--max-examples=40",
                "--seed=1",
                "--no-color",
                *given,
            ],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert run.returncode == 0, run.stdout[-9000:]
    assert re.search(r"\b(\d{3,}) generated, \1 passed", run.stdout), run.stdout[-2000:]
