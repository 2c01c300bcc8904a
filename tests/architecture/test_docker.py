"""The container's files, read as text: no Docker engine is needed."""

import re

import pytest
from ruamel.yaml import YAML

from tests.support.repository import ROOT

COMPOSE = ROOT / "docker" / "compose.yaml"
DOCKERFILE = ROOT / "docker" / "Dockerfile"
SECRET = re.compile(r"token|secret|password|key", re.IGNORECASE)


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), continued lines joined, comments left out."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    split = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [(name, arguments.strip()) for name, _, arguments in split]


def of(kind: str) -> list[str]:
    return [arguments for name, arguments in instructions() if name.upper() == kind]


@pytest.fixture
def service() -> dict[str, object]:
    composed = YAML(typ="safe").load(COMPOSE.read_text())
    assert set(composed["volumes"]) == {"data"}
    return dict(composed["services"]["tidegate"])


def test_the_process_is_not_root() -> None:
    assert of("USER")[-1] not in {"root", "0"}
    names = [name.upper() for name, _ in instructions()]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name == "RUN")


def test_images_have_a_version(service: dict[str, object]) -> None:
    for image in [*(line.split()[0] for line in of("FROM")), str(service["image"])]:
        assert ":" in image, f"{image} names no version"
        assert not image.endswith(":latest")


def test_health_and_command() -> None:
    assert "/healthz" in of("HEALTHCHECK")[-1]
    assert of("CMD")[-1] == '["tidegate", "serve", "--host", "0.0.0.0", "--port", "8000"]'
    assert of("VOLUME") == ["/data"]


def test_what_is_copied_exists_and_is_sent() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    own = [line.split()[:-1] for line in of("COPY") if not line.startswith("--from=")]
    names = {name for sources in own for name in sources}
    assert names
    assert not [name for name in names if not (ROOT / name).exists()]
    assert names == kept, ".dockerignore lets through exactly what the Dockerfile copies"


def test_no_secret_has_a_default(service: dict[str, object]) -> None:
    environment = service["environment"]
    assert isinstance(environment, dict)
    for name, value in environment.items():
        if SECRET.search(name):
            assert re.fullmatch(r"\$\{" + name + r":\?[^}]+\}", value), f"{name} has to come from outside"
    given = [line for kind in ("ENV", "ARG") for line in of(kind)]
    assert not [line for line in given if SECRET.search(line)]


def test_data_outlives_the_container_and_the_port_stays_at_home(service: dict[str, object]) -> None:
    assert service["volumes"] == ["data:/data"]
    assert service["ports"] == ["${TIDEGATE_BIND:-127.0.0.1}:${TIDEGATE_PORT:-8000}:8000"]
