"""What ``deploy/`` and the compose file hold is valid, and fits the service."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml

from app.cli import _CLOSING_SECONDS  # pyright: ignore[reportPrivateUsage]
from app.errors import ConfigurationError, GroundworkError
from app.settings import Settings, environment_name, load_settings
from tests.contract.serving import application, serving

KUBERNETES = Path("deploy/kubernetes")
VARIANTS = ["base", "hosted"]
VERSIONS = ["1.30", kubernetes_validate.latest_version()]  # 1.30 is the first with a sleep action


# --- Kubernetes ----------------------------------------------------------------------------------


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """All objects in the folder, without kustomize's own files."""
    for path in sorted(KUBERNETES.rglob("*.yaml")):
        if path.name != "kustomization.yaml":
            yield str(path), yaml.safe_load(path.read_text("utf-8"))


DOCUMENTS = dict(documents())
DEPLOYMENT = DOCUMENTS["deploy/kubernetes/base/deployment.yaml"]
POD = DEPLOYMENT["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]


def literals(variant: str) -> dict[str, str]:
    """The settings that a variant's ConfigMap gets."""
    kustomization = yaml.safe_load((KUBERNETES / variant / "kustomization.yaml").read_text("utf-8"))
    lines = kustomization["configMapGenerator"][0]["literals"]
    return dict(line.split("=", 1) for line in lines)


def memory_limit(variant: str) -> str:
    """What a variant's pods may take."""
    kustomization = yaml.safe_load((KUBERNETES / variant / "kustomization.yaml").read_text("utf-8"))
    for patch in kustomization.get("patches", []):
        for change in yaml.safe_load(patch["patch"]):
            if change["path"].endswith("/resources"):
                return str(change["value"]["limits"]["memory"])
    return str(CONTAINER["resources"]["limits"]["memory"])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", DOCUMENTS)
def test_manifests_are_what_kubernetes_takes(path: str, version: str) -> None:
    kubernetes_validate.validate(DOCUMENTS[path], version, strict=True)


def test_validation_sees_a_mistake() -> None:
    wrong = json.loads(json.dumps(DEPLOYMENT))
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("variant", VARIANTS)
def test_kustomize_makes_valid_manifests(variant: str) -> None:
    command = ["kubectl", "kustomize", str(KUBERNETES / variant)]
    built = subprocess.run(command, capture_output=True, text=True, check=True)
    made = list(yaml.safe_load_all(built.stdout))
    for document in made:
        kubernetes_validate.validate(document, VERSIONS[-1], strict=True)
    kinds = {document["kind"]: document for document in made}
    container = kinds["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    settings = kinds["ConfigMap"]
    assert container["envFrom"][0]["configMapRef"]["name"] == settings["metadata"]["name"]
    assert ("HorizontalPodAutoscaler" in kinds) is (variant == "hosted")
    # An autoscaler and a number of replicas would each undo what the other does.
    assert ("replicas" in kinds["Deployment"]["spec"]) is (variant == "base")
    target = "embedded" if variant == "base" else "api"
    assert container["image"] == f"groundwork:{target}"
    assert re.search(rf"^FROM \w+ AS {target}$", Path("Dockerfile").read_text(), re.MULTILINE)
    # Names are asked for, and a model server elsewhere; the embedded model asks nobody.
    allowed = [
        (each["port"], *rule["to"])
        for rule in kinds["NetworkPolicy"]["spec"]["egress"]
        for each in rule["ports"]
    ]
    system = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    names = [(53, system), (53, system)]
    if variant == "base":
        assert allowed == names
    else:
        server = urlsplit(literals(variant)["GROUNDWORK_BASE_URL"])
        pods = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": server.hostname}}}
        assert allowed == [*names, (server.port, pods)]


def test_all_of_it_is_about_the_same_pods() -> None:
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    assert DEPLOYMENT["spec"]["selector"]["matchLabels"] == labels
    assert DOCUMENTS["deploy/kubernetes/base/service.yaml"]["spec"]["selector"] == labels
    budget = DOCUMENTS["deploy/kubernetes/base/disruption.yaml"]["spec"]
    assert budget["selector"]["matchLabels"] == labels
    policy = DOCUMENTS["deploy/kubernetes/base/network.yaml"]["spec"]
    assert policy["podSelector"]["matchLabels"] == labels
    scaled = DOCUMENTS["deploy/kubernetes/autoscaling/autoscaler.yaml"]["spec"]["scaleTargetRef"]
    assert scaled["name"] == DEPLOYMENT["metadata"]["name"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_settings_are_the_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variant: str
) -> None:
    given = {**literals("base"), **literals(variant), "GROUNDWORK_API_KEY": "of the Secret"}
    monkeypatch.chdir(tmp_path)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.host == "0.0.0.0"  # noqa: S104 # of the pod
    assert settings.port == CONTAINER["ports"][0]["containerPort"]
    # Nobody calls without a key, and there is no pod without the Secret that has them.
    assert not settings.open
    assert settings.keys
    keys = {volume["name"]: volume for volume in POD["volumes"]}["keys"]["secret"]
    assert not keys.get("optional")
    mount = {mount["name"]: mount for mount in CONTAINER["volumeMounts"]}["keys"]
    assert settings.keys.parent == Path(mount["mountPath"])
    assert settings.embedded_threads == int(CONTAINER["resources"]["requests"]["cpu"])


def test_compose_is_open_to_this_machine_alone() -> None:
    services = yaml.safe_load(Path("docker-compose.yml").read_text("utf-8"))["services"]
    ours = {name: each for name, each in services.items() if name.startswith("groundwork")}
    assert len(ours) == 4
    for service in ours.values():
        assert service["environment"]["GROUNDWORK_OPEN"] == "true"
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_compose_lets_a_container_do_no_more_than_a_pod(variant: str) -> None:
    services = yaml.safe_load(Path("docker-compose.yml").read_text("utf-8"))["services"]
    target = {"base": "embedded", "hosted": "api"}[variant]
    ours = [each for each in services.values() if each["image"] == f"groundwork:{target}"]
    assert ours
    for service in ours:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert 0 < service["pids_limit"] <= 512
        assert f"{service['mem_limit']}i".upper() == memory_limit(variant).upper()


def test_compose_keeps_batches_where_they_can_be_written() -> None:
    """On a read-only root: in a volume, whose folder the image gives to its user."""
    compose = yaml.safe_load(Path("docker-compose.yml").read_text("utf-8"))
    ours = [each for name, each in compose["services"].items() if name.startswith("groundwork")]
    made = re.search(r"--owner 10001 --group 10001 (/\S+)", Path("Dockerfile").read_text("utf-8"))
    assert made
    databases: set[str] = set()
    for service in ours:
        given: str = service["environment"]["GROUNDWORK_DATABASE"]
        database = re.sub(r"\$\{BATCHES_DATABASE:-(.*)\}", r"\1", given)
        path = Path((Settings(database=database).database or "").removeprefix("sqlite:///"))
        volume, _, mounted = service["volumes"][0].partition(":")
        assert str(path.parent) == mounted == made[1]
        assert volume in compose["volumes"]
        databases.add(database)
    assert len(databases) == len(ours)  # who shares one works on batches of another model


def test_compose_has_a_postgresql_that_the_service_waits_for() -> None:
    text = Path("docker-compose.yml").read_text("utf-8")
    services = yaml.safe_load(text)["services"]
    (url,) = re.findall(r"BATCHES_DATABASE=(\S+) docker compose --profile postgres up", text)
    named = urlsplit(Settings(database=url).database or "")
    server = services[named.hostname]
    assert server["profiles"] == ["postgres"]
    assert "ports" not in server
    assert server["environment"] == {
        "POSTGRES_USER": named.username,
        "POSTGRES_PASSWORD": named.password,
    }
    assert named.path == f"/{named.username}"  # the database that the image makes
    assert services["groundwork"]["depends_on"][named.hostname] == {
        "condition": "service_healthy",
        "required": False,
    }


def test_a_services_own_variables_would_stop_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert POD["enableServiceLinks"] is False
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDWORK_PORT", "tcp://10.0.0.1:80")
    with pytest.raises(ConfigurationError, match="GROUNDWORK_PORT"):
        load_settings()


def test_probes_ask_what_is_there() -> None:
    port = CONTAINER["ports"][0]["name"]
    with serving(application()) as client:
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = CONTAINER[name]["httpGet"]
            assert asked["port"] == port
            assert client.get(asked["path"]).status_code == 200
    # Alive and not ready are two things: a model server that is away is no reason to start again.
    assert CONTAINER["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert CONTAINER["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_there_is_time_to_finish() -> None:
    pause = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace = int(literals("base")["GROUNDWORK_SHUTDOWN_GRACE"])
    assert POD["terminationGracePeriodSeconds"] >= pause + grace + _CLOSING_SECONDS


def test_pod_may_do_no_more_than_it_needs() -> None:
    dockerfile = Path("Dockerfile").read_text("utf-8")
    user = POD["securityContext"]["runAsUser"]
    assert set(re.findall(r"^USER (\d+):\1$", dockerfile, re.MULTILINE)) == {str(user)}
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert POD["automountServiceAccountToken"] is False
    # The image's weights are in GROUNDWORK_CACHE_DIR; a volume there would hide them.
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert mounts == {"tmp": "/tmp", "keys": "/etc/groundwork"}  # noqa: S108


def test_pods_are_reached_at_their_port_alone_and_reach_little() -> None:
    policy = DOCUMENTS["deploy/kubernetes/base/network.yaml"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    for rule in policy["ingress"]:
        assert all(rule["from"])
        assert rule["ports"] == [{"port": CONTAINER["ports"][0]["name"]}]
    (names,) = policy["egress"]
    assert all(names["to"])
    assert {(each["protocol"], each["port"]) for each in names["ports"]} == {
        ("UDP", 53),
        ("TCP", 53),
    }


# --- The pages about it --------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["docs/deploying.md", "docs/operating.md", "docs/security.md"])
def test_pages_name_what_is_there(page: str) -> None:
    text = Path(page).read_text("utf-8")
    known = {environment_name(*field) for field in Settings.model_fields.items()}
    assert set(re.findall(r"[A-Z]+(?:_[A-Z]+)+", text)) <= known
    make = Path("Makefile").read_text("utf-8")
    for target in re.findall(r"`make ([a-z-]+)`", text):
        assert f"\n{target}:" in make, target
    codes = {kind.code for kind in kinds_of(GroundworkError)}
    assert set(re.findall(r"\d{3} `([a-z-]+)`", text)) <= codes


def kinds_of(kind: type[GroundworkError]) -> Iterator[type[GroundworkError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from kinds_of(narrower)
