"""The reference says everything that there is, and nothing that there isn't."""

import dataclasses
import inspect
import re
import tomllib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import pytest
import typer.main

import observer
from detectors.registry import BUILT_IN
from detectors.synthetic import FAULTS, Fault
from observer import assets, config
from observer.alerts import payload
from observer.checks.base import Check
from observer.cli.app import app
from observer.cli.exit_codes import ExitCode
from observer.doctor.model import Health
from observer.metrics import METRICS
from observer.model import EvaluationStatus, FeedbackKind, IncidentStatus, Resolution, Severity
from observer.monitors import ALPHAS
from observer.reads.base import GateAnswer
from observer.reads.model import State
from observer.settings import ENVIRONMENT_VARIABLES
from orchestration.io.kinds import KINDS
from orchestration.model import GateOutcome, OnHold, RunStatus, StepStatus, VersionStatus
from orchestration.staleness import Action
from tests.support.repository import ROOT
from tests.unit.docs.pages import DOCS, REFERENCE, blocks, code_words, section

COMMAND, CONFIGURATION, PYTHON = (REFERENCE / f"{name}.md" for name in ("command", "configuration", "python"))
COMMON = {"--project", "-C", "--env", "--partition", "-p", "--format"}
VERBS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
STATUSES: list[type[StrEnum]] = [
    Action, EvaluationStatus, GateOutcome, IncidentStatus, OnHold, RunStatus, Severity, State, StepStatus,
    VersionStatus, Health, FeedbackKind, Resolution,
]  # fmt: skip


def options(verb: str) -> set[str]:
    """Every spelling of every option of a verb and of the verbs below it."""
    commands = [VERBS[verb], *getattr(VERBS[verb], "commands", {}).values()]
    return {
        name
        for command in commands
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name[0] == "-"
    }


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_verb_has_a_section_with_its_options_and_no_others(verb: str) -> None:
    text = section(COMMAND, verb)
    common = {
        name for row in re.findall(r"^\|(.+?)\|", text, re.MULTILINE) for name in re.findall(r"`(--?\w[\w-]*)`", row)
    }
    shared = {short for long, short in (("--project", "-C"), ("--partition", "-p")) if long in common}
    assert common | shared == options(verb), f"the table of options of {verb}"
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text.split("\n\n")[1]))
    assert used <= options(verb), f"the usage line of {verb}"
    assert f"](#{verb})" in COMMAND.read_text(encoding="utf-8"), f"{verb} is missing from the first table"


def test_common_options_are_described_once() -> None:
    text = section(COMMAND, "Options that most verbs have")
    assert {name for name in COMMON if f"`{name}`" in text} == COMMON
    for parameter in VERBS["run"].params:
        variables = parameter.envvar or ()
        for variable in [variables] if isinstance(variables, str) else variables:
            assert f"`{variable}`" in text


@pytest.mark.parametrize("page", [COMMAND, ROOT / "README.md"], ids=["command", "readme"])
def test_every_exit_code_is_described(page: Path) -> None:
    text = section(page, "Exit codes" if page == COMMAND else "Ask the gate")
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == {int(code) for code in ExitCode}


def test_every_environment_variable_is_described() -> None:
    text = section(CONFIGURATION, "Environment variables")
    assert set(re.findall(r"^\| `(TIDEGATE_\w+)`", text, re.MULTILINE)) == set(ENVIRONMENT_VARIABLES)


def test_every_key_of_the_project_file_is_described() -> None:
    from observer.config import channels, environment, executor, retention

    keys = {"project", "env", "io.default", "assets", *environment.KEYS, *channels.KEYS, *retention.KEYS}
    assert keys <= code_words(CONFIGURATION)
    text = CONFIGURATION.read_text(encoding="utf-8")
    for kind, own in executor.KEYS.items():
        missing = [word for word in (kind, *own) if not re.search(rf"\b{word}\b", text)]
        assert not missing, f"the executor {kind}"
    assert set(KINDS) <= code_words(CONFIGURATION)


def test_the_project_file_of_the_page_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / config.FILE_NAME).write_text(blocks(CONFIGURATION, "toml")[1].text, encoding="utf-8")
    for name in ("STATE_URL", "HOOK_URL", "HOOK_SECRET"):
        monkeypatch.setenv(name, "https://example.com/x")
    for environment in tomllib.loads(blocks(CONFIGURATION, "toml")[1].text)["env"]:
        assert config.read(tmp_path, environment).name == environment


def test_every_metric_is_described() -> None:
    page = (REFERENCE / "metrics.md").read_text(encoding="utf-8")
    metrics, detectors = (re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) for part in page.split("## Detectors"))
    assert metrics == list(METRICS)
    assert sorted(detectors) == sorted(BUILT_IN)


@pytest.mark.parametrize("name", observer.__all__)
def test_every_public_name_is_described(name: str) -> None:
    text = PYTHON.read_text(encoding="utf-8")
    assert re.search(rf"`@?ob\.{name}[`(.]", text), f"ob.{name}"
    public = getattr(observer, name)
    if inspect.ismodule(public):
        for inner in public.__all__:
            assert _undescribed(getattr(public, inner), text, f"ob.{name}.{inner}") == [], inner
        return
    if name in ("asset", "source", "sql_asset"):
        public = getattr(assets, name)
    if isinstance(public, type) and not dataclasses.is_dataclass(public):
        return
    missing = _undescribed(public, text, f"ob.{name}")
    assert not missing, f"parameters of ob.{name} that the page doesn't name: {missing}"


def _undescribed(public: Callable[..., object], text: str, name: str) -> list[str]:
    """Its parameters that its section, or the page where it has none, doesn't name."""
    face = name.rpartition(".")[0] if name.count(".") == 2 else name
    assert re.search(rf"`@?{name}[`(.]", text), name
    where = next((part for part in re.split(r"^### ", text, flags=re.MULTILINE) if part.startswith(f"`{face}`")), text)
    hidden = {"function", "self", "clock", "url", "extra_channels", "metadata", "partition_key"}
    parameters = set(inspect.signature(public).parameters) - hidden
    return [word for word in parameters if not re.search(rf"\b{word}\b", where)]


def test_the_page_names_nothing_that_is_not_there() -> None:
    pages = [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "examples" / "flights" / "README.md"]
    used = {name for page in pages for name in re.findall(r"\bob\.(\w+)", page.read_text(encoding="utf-8"))}
    assert used - {"asset"} <= set(observer.__all__)


def test_every_fault_that_a_backtest_injects_is_described_with_its_sizes() -> None:
    text = section(DOCS / "guide" / "backtests.md", "A backtest")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", text, re.MULTILINE))
    assert set(rows) == {fault.value for fault in Fault}
    for each in FAULTS:
        if each.fault is not Fault.STALE:
            shown = f"{each.size:,g}" if each.fault is Fault.UNIT_CHANGE else f"{each.size * 100:g}"
            assert re.search(rf"\b{re.escape(shown)}\b", rows[each.fault.value]), each


def test_the_defaults_of_severity_and_alpha_are_those_of_the_code() -> None:
    monitored = ALPHAS[Severity.WARN], ALPHAS[Severity.ERROR]
    assert monitored == (1 / 365, 1 / 1000), (
        "change the pages that name 1/365 and 1/1000, the README's table among them"
    )
    made = observer.unique("a"), observer.monitor("row_count")
    assert isinstance(made[0], Check)
    assert [each.severity for each in made] == [Severity.ERROR, Severity.WARN]


@pytest.mark.parametrize("statuses", STATUSES, ids=lambda each: each.__name__)
def test_every_status_is_in_the_glossary(statuses: type[StrEnum]) -> None:
    words = code_words(REFERENCE / "glossary.md") | code_words(DOCS / "guide" / "checks-and-monitors.md")
    assert {status.value for status in statuses} <= words


def test_every_field_of_the_answers_is_described() -> None:
    gate = code_words(DOCS / "guide" / "gate.md")
    assert {field.name for field in dataclasses.fields(GateAnswer)} - {"asset", "partition"} <= gate
    source = inspect.getsource(payload.body) + inspect.getsource(payload._gate)
    fields = set(re.findall(r'^ +"(\w+)":', source, re.MULTILINE)) - {"data"}
    words = {word.removeprefix("data.") for word in code_words(DOCS / "guide" / "alerts.md")}
    assert {"sentence", "last_good", "materialization_id"} <= fields
    assert fields <= words


def test_every_dependency_has_its_reason() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    page = (DOCS / "adr" / "0006-dependencies.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([\w-]+)` \| \S", page, re.MULTILINE)
    assert named == sorted(re.split(r"[><=\[]", each)[0] for each in declared)


def test_every_decision_is_listed() -> None:
    files = {path.name for path in (DOCS / "adr").glob("[0-9]*.md")}
    assert set(re.findall(r"\((\d{4}-[\w-]+\.md)\)", (DOCS / "adr" / "README.md").read_text(encoding="utf-8"))) == files
