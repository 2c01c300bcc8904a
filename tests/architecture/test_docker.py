"""The container's files, read as text: no Docker engine is needed. `make soak` asks the real tools about them."""

import re
import shlex
from typing import Any

import pytest
from ruamel.yaml import YAML

from observer import config
from observer.project import open_project
from tests.support.deployed import parse, read_by
from tests.support.repository import ROOT

DOCKER = ROOT / "docker"
COMPOSE = DOCKER / "compose.yaml"
DOCKERFILE = DOCKER / "Dockerfile"
PROJECT = DOCKER / "project"
SECRET = re.compile(r"token|secret|password|key", re.IGNORECASE)
REQUIRED = re.compile(r"\$\{(\w+):\?see docker/README\.md\}")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), continued lines joined, comments left out."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    split = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [(name, arguments.strip()) for name, _, arguments in split]


def of(kind: str) -> list[str]:
    return [arguments for name, arguments in instructions() if name.upper() == kind]


def composed() -> dict[str, Any]:
    return dict(YAML(typ="safe").load(COMPOSE.read_text()))


SERVICES: dict[str, dict[str, Any]] = composed()["services"]
OURS = sorted(name for name in SERVICES if name != "postgres")


def test_the_process_is_not_root() -> None:
    assert of("USER")[-1] == "10001", "a number, so that Kubernetes can tell"
    names = [name.upper() for name, _ in instructions()]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name == "RUN")


def test_images_have_a_version() -> None:
    images = [*(line.split()[0] for line in of("FROM")), *(str(service["image"]) for service in SERVICES.values())]
    for image in images:
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


def test_no_secret_has_a_default() -> None:
    wanted = {line.partition("=")[0] for line in (DOCKER / "secrets.env.example").read_text().splitlines()[1:]}
    assert set(REQUIRED.findall(COMPOSE.read_text())) == wanted, "the example names what compose asks for"
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            if SECRET.search(name):
                assert REQUIRED.fullmatch(value), f"{name} has to come from outside"
    given = [line for kind in ("ENV", "ARG") for line in of(kind)]
    assert not [line for line in given if SECRET.search(line)]
    assert "/docker/secrets.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_only_the_service_knows_the_token_and_can_be_reached() -> None:
    assert [name for name, each in SERVICES.items() if "TIDEGATE_TOKEN" in each["environment"]] == ["service"]
    assert {name: each["ports"] for name, each in SERVICES.items() if "ports" in each} == {
        "service": ["${TIDEGATE_BIND:-127.0.0.1}:${TIDEGATE_PORT:-8000}:8000"]
    }
    assert [name for name, each in SERVICES.items() if each["networks"] == ["inside"]] == ["postgres", "dask"]
    assert composed()["networks"]["inside"] == {"internal": True}


def test_data_and_state_outlive_the_containers() -> None:
    assert set(composed()["volumes"]) == {"data", "state"}
    assert SERVICES["postgres"]["volumes"] == ["state:/var/lib/postgresql/data"]
    for name in OURS:
        assert SERVICES[name]["volumes"] == ["${PROJECT:-./project}:/project:ro", "data:/data"]


@pytest.mark.parametrize("name", OURS)
def test_each_container_may_do_no_more_than_it_has_to(name: str) -> None:
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"], service["init"]) == (True, ["ALL"], True)
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", SERVICES)
def test_health_is_watched_and_logs_end(name: str) -> None:
    service = SERVICES[name]
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    if name == "service":
        return  # the image's own
    if name == "upgrade":
        assert (service["restart"], service["healthcheck"]) == ("no", {"disable": True})
        return
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


def test_what_is_called_is_there() -> None:
    called = [service["command"] for service in SERVICES.values() if service.get("command", [""])[0] == "tidegate"]
    tests = [service.get("healthcheck", {}).get("test", []) for service in SERVICES.values()]
    called += [test[1:] for test in tests if test[1:2] == ["tidegate"]]
    options = {words[1]: parse(words) for words in called}
    assert set(options) == {"db", "serve", "worker"}
    assert (options["serve"]["host"], options["serve"]["port"]) == ("0.0.0.0", 8000)
    readme = (DOCKER / "README.md").read_text()
    for line in re.findall(r"(?:exec|run --rm) [\w-]+ (tidegate [^`\n]+)", readme):
        parse(shlex.split(line, comments=True))
    with pytest.raises(Exception, match="No such option"):
        parse(["tidegate", "serve", "--no-such-option"])


def test_every_variable_is_read_by_something(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {name for each in OURS for name in SERVICES[each]["environment"]}
    assert given <= read_by(PROJECT)
    for name in given:
        monkeypatch.setenv(name, "tcp://127.0.0.1:1" if "DASK" in name else "postgresql+psycopg://a:b@127.0.0.1/c")
    assert config.read(PROJECT, None).name == "compose"


def test_the_project_of_the_containers_runs(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code, with what a laptop has in place of PostgreSQL and Dask."""
    (tmp_path / "pipeline.py").write_text((PROJECT / "pipeline.py").read_text())
    (tmp_path / "tidegate.toml").write_text("[env.local]\n")
    work = open_project(tmp_path)
    run = work.run(work.plan("revenue", None), trigger="test")
    assert {step.status.value for step in run.steps} == {"published"}
    work.close()
