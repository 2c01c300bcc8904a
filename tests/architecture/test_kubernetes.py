"""The manifests, held against the command, the settings and the image. `make soak` asks Kubernetes' own schemas."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML

from observer.api.health import health_routes
from observer.settings import ENVIRONMENT_VARIABLES
from tests.support.deployed import parse
from tests.support.repository import ROOT

FOLDER = ROOT / "docker" / "kubernetes"
PAGE = ROOT / "docs" / "guide" / "kubernetes.md"
MANIFESTS: list[dict[str, Any]] = [
    each for file in sorted(FOLDER.glob("*.yaml")) for each in YAML(typ="safe").load_all(file.read_text())
]


def of(kind: str) -> list[dict[str, Any]]:
    return [each for each in MANIFESTS if each["kind"] == kind]


def templates() -> Iterator[tuple[str, dict[str, Any]]]:
    """What makes pods, by name."""
    for each in (*of("Deployment"), *of("Job")):
        yield each["metadata"]["name"], each["spec"]["template"]
    for each in of("CronJob"):
        yield each["metadata"]["name"], each["spec"]["jobTemplate"]["spec"]["template"]


PODS = dict(templates())


def container(name: str) -> dict[str, Any]:
    (only,) = PODS[name]["spec"]["containers"]
    return dict(only)


def test_there_is_what_the_page_says() -> None:
    assert set(PODS) == {"tidegate", "tidegate-worker", "tidegate-upgrade", "tidegate-backup"}
    assert {each["kind"] for each in MANIFESTS} == {
        "Deployment", "Job", "CronJob", "Service", "PodDisruptionBudget", "PersistentVolumeClaim",
    }  # fmt: skip
    shown = set(re.findall(r"`(\w+\.yaml)`", PAGE.read_text()))
    assert shown == {file.name for file in FOLDER.glob("*.yaml")}


@pytest.mark.parametrize("name", PODS)
def test_commands_are_the_commands_own(name: str) -> None:
    parse(container(name)["args"])
    for probe in (each for key, each in container(name).items() if key.endswith("Probe") and "exec" in each):
        parse(probe["exec"]["command"])


def test_commands_of_the_page_are_the_commands_own() -> None:
    for line in re.findall(r"-- (tidegate [^`\n]+)", PAGE.read_text()):
        parse(shlex.split(line))


@pytest.mark.parametrize("name", PODS)
def test_pods_may_do_no_more_than_they_have_to(name: str) -> None:
    pod, one = PODS[name]["spec"], container(name)
    user = pod["securityContext"]
    assert (user["runAsNonRoot"], user["runAsUser"], user["runAsGroup"]) == (True, 10001, 10001)
    assert user["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert one["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert "memory" in one["resources"]["limits"]
    assert not one["image"].endswith(":latest")


@pytest.mark.parametrize("name", PODS)
def test_what_is_mounted_is_there_and_every_variable_is_read(name: str) -> None:
    one = container(name)
    assert {mount["name"] for mount in one["volumeMounts"]} == {each["name"] for each in PODS[name]["spec"]["volumes"]}
    assert {"/project", "/tmp"} <= {mount["mountPath"] for mount in one["volumeMounts"]}
    assert one["envFrom"] == [{"secretRef": {"name": "tidegate"}}]
    assert {each["name"] for each in one.get("env", [])} <= set(ENVIRONMENT_VARIABLES)
    claims = {each["metadata"]["name"] for each in of("PersistentVolumeClaim")}
    for volume in PODS[name]["spec"]["volumes"]:
        assert volume.get("persistentVolumeClaim", {}).get("claimName", "tidegate-data") in claims


def test_probes_and_ports_are_those_of_the_service() -> None:
    one = container("tidegate")
    options = parse(one["args"])
    (port,) = one["ports"]
    assert (port["containerPort"], options["host"]) == (options["port"], "0.0.0.0")
    paths = {one[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {route.path for route in health_routes(None).routes}  # type: ignore[arg-type,attr-defined]
    assert one["livenessProbe"]["httpGet"]["path"] == "/healthz", "a state that is away restarts nothing"
    assert one["readinessProbe"]["httpGet"]["path"] == "/readyz"
    (service,) = of("Service")
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget", "Deployment"])
def test_selectors_find_their_pods(kind: str) -> None:
    for each in of(kind):
        selector = each["spec"]["selector"]
        wanted = selector.get("matchLabels", selector).items()
        found = [name for name, template in PODS.items() if wanted <= template["metadata"]["labels"].items()]
        assert found == [each["metadata"]["name"]]
