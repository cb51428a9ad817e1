"""The built images, as a cautious operator runs them. Skipped where they are not built.

``docker compose build groundwork groundwork-vllm`` builds both.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from app.embedded.models import DEFAULT

EMBEDDED, API = "groundwork:embedded", "groundwork:api"
START_SECONDS = 120
ANSWER_SECONDS = 600
PORT = 8000
SAMPLE_FOLDERS = Path(__file__).parents[2] / "app" / "features" / "folder" / "sample"
OPEN = "GROUNDWORK_OPEN=true"


def run_docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("docker") or "docker", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def docker(*arguments: str) -> str:
    done = run_docker(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def is_built(image: str) -> bool:
    if shutil.which("docker") is None:
        return False
    return run_docker("image", "inspect", image).returncode == 0


needs_embedded = pytest.mark.skipif(not is_built(EMBEDDED), reason=f"{EMBEDDED} is not built")
needs_api = pytest.mark.skipif(not is_built(API), reason=f"{API} is not built")


def start(image: str, *environment: str, mounted: Path | None = None) -> str:
    options = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
    options += ["--pids-limit=512", f"--memory={'4g' if image == EMBEDDED else '512m'}"]
    options += [f"--volume={mounted}:/features:ro"] if mounted else []
    settings = [f"--env={setting}" for setting in (OPEN, *environment)]
    publish = f"--publish=127.0.0.1::{PORT}"
    return docker("run", "--detach", *options, *settings, publish, image)


def health(container: str) -> str:
    return docker("inspect", "--format={{.State.Health.Status}}", container)


def wait_until_healthy(container: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while health(container) != "healthy":
        if time.monotonic() > deadline:
            pytest.fail(docker("logs", container))
        time.sleep(0.5)


def wait_until_alive(client: httpx.Client) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if client.get("/healthz").status_code == 200:
                return
        time.sleep(0.2)
    pytest.fail("not alive in time")


def client_of(container: str) -> httpx.Client:
    address = docker("port", container, str(PORT)).splitlines()[0]
    return httpx.Client(base_url=f"http://{address}", timeout=ANSWER_SECONDS, trust_env=False)


@pytest.fixture(scope="module")
def embedded() -> Generator[str]:
    container = start(EMBEDDED, f"GROUNDWORK_TIMEOUT={ANSWER_SECONDS}")  # no test of speed
    yield container
    docker("rm", "--force", container)


@needs_embedded
def test_embedded_answers_on_a_read_only_root(embedded: str) -> None:
    wait_until_healthy(embedded)
    with client_of(embedded) as client:
        response = client.post("/tickets", json={"text": "My lamp does not switch on."})
    assert response.status_code == 200, response.text


@needs_embedded
def test_folders_of_features_need_only_a_mount(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE_FOLDERS, folders := tmp_path / "features")
    settings = ("GROUNDWORK_FEATURES=/features", f"GROUNDWORK_TIMEOUT={ANSWER_SECONDS}")
    container = start(EMBEDDED, *settings, mounted=folders)
    text = "Superb sound, and the battery lasts a week. I would buy it again."
    try:
        wait_until_healthy(container)
        with client_of(container) as client:
            summary = client.post("/summary", json={"text": text})
            review = client.post("/reviews", json={"text": text})
            with client.stream("POST", "/reviews/stream", json={"text": text}) as stream:
                streamed = stream.read().decode()
        assert summary.status_code == 200, summary.text
        assert review.status_code == 200, review.text
        assert review.json()["sentiment"] == "positive"
        assert '"type":"completed"' in streamed
    finally:
        docker("rm", "--force", container)


@needs_embedded
def test_broken_folder_is_named_by_file_and_line(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE_FOLDERS, folders := tmp_path / "features")
    (folders / "summary" / "feature.toml").write_text('titel = "Summaries"\n', "utf-8")
    options = [f"--volume={folders}:/features:ro", "--env=GROUNDWORK_FEATURES=/features"]
    done = run_docker("run", "--rm", *options, EMBEDDED)
    assert done.returncode == 1
    assert "summary/feature.toml:1: titel" in done.stderr


@needs_embedded
def test_processes_are_not_root(embedded: str) -> None:
    assert docker("exec", embedded, "id", "-u") == "10001"


@needs_embedded
def test_weights_are_in_it_once(embedded: str) -> None:
    assert docker("exec", embedded, "ls", "/var/lib/groundwork") == DEFAULT.file
    sizes = docker("history", "--human=false", "--format={{.Size}}", EMBEDDED).split()
    assert sum(int(size) >= DEFAULT.size / 2 for size in sizes) == 1


@needs_embedded
def test_stops_when_asked() -> None:
    container = start(EMBEDDED)
    try:
        wait_until_healthy(container)
        docker("stop", "--time=10", container)
        assert docker("inspect", "--format={{.State.ExitCode}}", container) == "0"
    finally:
        docker("rm", "--force", container)


@needs_api
def test_api_lives_without_an_engine_and_says_that_it_cannot_reach_its_model_server() -> None:
    container = start(API, "GROUNDWORK_MODEL=openai:any", "GROUNDWORK_BASE_URL=http://127.0.0.1:9")
    try:
        with client_of(container) as client:
            wait_until_alive(client)
            ready = client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["reason"] == "No connection to the model server."
    finally:
        docker("rm", "--force", container)


@needs_api
def test_api_says_what_the_embedded_model_lacks() -> None:
    done = run_docker("run", "--rm", f"--env={OPEN}", API)
    assert done.returncode == 1
    assert "xllamacpp" in done.stderr


@needs_api
def test_nobody_is_let_in_by_accident() -> None:
    done = run_docker("run", "--rm", API)
    assert done.returncode == 1
    assert "GROUNDWORK_KEYS" in done.stderr


@pytest.mark.parametrize(
    "image",
    [pytest.param(EMBEDDED, marks=needs_embedded), pytest.param(API, marks=needs_api)],
)
def test_image_says_what_it_is(image: str) -> None:
    config = json.loads(docker("image", "inspect", image))[0]["Config"]
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]
    assert config["Labels"]["org.opencontainers.image.title"] == "Groundwork"


@pytest.mark.parametrize(
    "image",
    [pytest.param(EMBEDDED, marks=needs_embedded), pytest.param(API, marks=needs_api)],
)
def test_image_has_its_bill_of_materials(image: str) -> None:
    bill = json.loads(docker("run", "--rm", image, "cat", "/srv/groundwork/sbom.cdx.json"))
    listing = "from importlib.metadata import distributions as all\nfor d in all(): print(d.name)"
    installed = set(docker("run", "--rm", image, "python", "-c", listing).splitlines())
    libraries = {each["name"] for each in bill["components"] if each["type"] == "library"}
    assert libraries == installed - {"groundwork"}
    hashes = [each["hashes"] for each in bill["components"] if "hashes" in each]
    weights = [[{"alg": "SHA-256", "content": DEFAULT.sha256}]]
    assert hashes == (weights if image == EMBEDDED else [])
