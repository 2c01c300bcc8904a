"""Deployment files before the real tools, and the image's own steps where there is no engine."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.apart import python_of
from tests.support.deployed import TOOLS
from tests.support.repository import ROOT

pytestmark = pytest.mark.soak
DOCKER = ROOT / "docker"


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder of `docker-compose`, `hadolint` and `kubernetes-validate`."""
    return python_of("deployed", TOOLS, "the tools that look at deployment files").parent


def call(*words: str | Path, env: dict[str, str] | None = None, code: int = 0) -> str:
    done = subprocess.run(
        [str(word) for word in words], cwd=ROOT, env={**os.environ, **(env or {})}, capture_output=True, text=True,
        timeout=900, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_compose_takes_the_file_and_refuses_to_do_without_secrets(tools: Path) -> None:
    compose = (tools / "docker-compose", "-f", DOCKER / "compose.yaml")
    secrets = {"POSTGRES_PASSWORD": "a1", "TIDEGATE_TOKEN": "b2"}
    told = call(*compose, "config", env=secrets)
    assert "postgresql+psycopg://tidegate:a1@postgres:5432/tidegate" in told
    for name in secrets:
        said = call(*compose, "config", env={**secrets, name: ""}, code=1)
        assert f"required variable {name} is missing" in said


def test_hadolint_finds_nothing(tools: Path, tmp_path: Path) -> None:
    call(tools / "hadolint", DOCKER / "Dockerfile")
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN cd /tmp\n")
    assert "DL3006" in call(tools / "hadolint", tmp_path / "Dockerfile", code=1), "it does look"


def test_the_steps_of_the_image_in_an_empty_folder(tmp_path: Path) -> None:
    said = call("bash", DOCKER / "try.sh", tmp_path / "image")
    assert "healthy: http://127.0.0.1:" in said
    assert "pip" not in {path.name for path in (tmp_path / "image" / "opt" / "bin").iterdir()}
    megabytes = int(said.split("installed: ")[1].split(" MB")[0])
    print(f"the image's libraries take {megabytes} MB")
    assert megabytes < 1_500


def test_kubernetes_takes_the_manifests(tools: Path, tmp_path: Path) -> None:
    validate = (tools / "kubernetes-validate", "--strict", "--kubernetes-version", "1.37")
    for file in sorted((DOCKER / "kubernetes").glob("*.yaml")):
        call(*validate, file)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((DOCKER / "kubernetes" / "worker.yaml").read_text().replace("replicas: 2", "replicas: two"))
    call(*validate, wrong, code=1)
