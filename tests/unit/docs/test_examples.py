"""What the documentation shows works: Python compiles, the README's pipeline runs, the signature verifies."""

import ast
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from typer.testing import CliRunner

import observer as ob
from observer import config
from observer.alerts.routing import routes
from observer.channels import channel_of
from observer.cli.app import app
from observer.model import Severity
from orchestration.graph import Graph
from orchestration.io.files import FilesIOManager
from orchestration.model import StepStatus
from tests.support.repository import ROOT
from tests.unit.docs.pages import DOCS, PAGES, blocks, name_of

PYTHON = [
    pytest.param(page, number, id=f"{name_of(page)}-{number}")
    for page in PAGES
    for number in range(len(blocks(page, "python")))
]
DATA, ALERTS = (DOCS / "guide" / f"{name}.md" for name in ("data", "alerts"))
DECLARING = [DOCS / "guide" / "checks-and-monitors.md", ROOT / "README.md"]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project that `tidegate init` has made: the README's pipeline."""
    folder = tmp_path / "shop"
    assert CliRunner().invoke(app, ["init", str(folder)]).exit_code == 0
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "pipeline", raising=False)
    assert (folder / "pipeline.py").read_text(encoding="utf-8") == blocks(ROOT / "README.md", "python")[0].text
    yield folder
    sys.modules.pop("pipeline", None)


@pytest.mark.parametrize(("page", "number"), PYTHON)
def test_python_compiles(page: Path, number: int) -> None:
    ast.parse(blocks(page, "python")[number].text, filename=name_of(page))


@pytest.mark.parametrize(
    ("page", "number"),
    [
        pytest.param(page, n, id=f"{name_of(page)}-{n}")
        for page in DECLARING
        for n in range(len(blocks(page, "python")))
    ],
)
def test_what_is_declared_can_be_declared(page: Path, number: int) -> None:
    code = compile(blocks(page, "python")[number].text, name_of(page), "exec")
    exec(code, {"__name__": "documented"})


def test_the_pipeline_of_the_readme_runs(shop: Path) -> None:
    project = ob.open_project(shop)
    done = project.run(project.plan("revenue", None), trigger="test")
    assert [step.status for step in done.steps] == [StepStatus.PUBLISHED, StepStatus.PUBLISHED]
    revenue = project.load("revenue")
    assert dict(zip(revenue["country"], revenue["revenue"], strict=True)) == {"DE": 32.0, "FR": 35.5, "NL": 8.25}  # type: ignore[index]
    again = project.run(project.plan("revenue", None), trigger="test")
    assert {step.status for step in again.steps} == {StepStatus.SKIPPED}
    project.engine.dispose()


def the_block(page: Path, language: str, words: str) -> str:
    """The page's one block of the language that holds the words."""
    (found,) = (block.text for block in blocks(page, language) if words in block.text)
    return found


def declared(page: Path, number: int) -> dict[str, object]:
    """What a page's block declares."""
    names: dict[str, object] = {"__name__": "documented"}
    exec(compile(blocks(page, "python")[number].text, name_of(page), "exec"), names)
    return names


def test_the_chunks_of_the_guide_are_streamed(tmp_path: Path) -> None:
    names = declared(DATA, 0)
    made = ob.materialize([names["readings"], names["large"]], io=FilesIOManager(tmp_path))  # type: ignore[list-item]
    assert {made[asset].outcome for asset in made} == {"published"}
    counted = {asset: o.value for asset in made for o in made[asset].observations if o.metric == "row_count"}
    assert counted == {"readings": 1_000_000, "large": 500_000}


def test_the_model_of_the_guide_is_kept_with_its_metadata_and_can_be_held(tmp_path: Path) -> None:
    names = declared(DATA, 1)
    assets = [names[name] for name in ("trips", "duration_model", "predictions")]
    good = ob.materialize(assets, checks=[names["explains_most"]], io=FilesIOManager(tmp_path / "good"))  # type: ignore[arg-type,list-item]
    assert {good[asset].outcome for asset in good} == {"published"}
    kept = {observation.metric: observation.value for observation in good["duration_model"].observations}
    assert kept["rows_used"] == 200
    assert kept["r_squared"] > 0.9  # type: ignore[operator]
    expected = good["predictions"].value
    assert isinstance(expected, pd.DataFrame)
    assert (expected["expected"] - expected["minutes"]).abs().max() < 2

    @ob.asset
    def trips() -> pd.DataFrame:
        return pd.DataFrame({"distance": range(200), "minutes": [n * 7919 % 101 for n in range(200)]})

    bad = ob.materialize([trips, *assets[1:]], checks=[names["explains_most"]], io=FilesIOManager(tmp_path / "bad"))  # type: ignore[arg-type,list-item]
    assert (bad["duration_model"].outcome, bad["predictions"].outcome) == ("held", "blocked")


def test_the_receiver_of_the_guide_verifies_and_knows_a_repetition() -> None:
    names: dict[str, object] = {}
    exec(the_block(ALERTS, "python", "def received"), names)
    received = names["received"]
    assert callable(received)
    secret, body, now = "whsec_dGlkZWdhdGU=", '{"type":"incident.opened"}', datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, body),
    }
    seen: set[str] = set()
    assert received(body, headers, secret, seen) == {"type": "incident.opened"}
    assert received(body, headers, secret, seen) is None
    with pytest.raises(WebhookVerificationError):
        received(body + " ", headers, secret, seen)


def test_the_channels_of_the_guide_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @ob.asset(tags=["pii", "critical"], owners=["ana@example.com"])
    def passengers() -> None: ...

    for name in ("HOOK_URL", "HOOK_SECRET", "SLACK_URL", "TEAMS_URL", "PAGERDUTY_KEY", "SMTP_USER", "SMTP_PASSWORD"):
        monkeypatch.setenv(name, "https://hooks.example.com/x")
    (tmp_path / config.FILE_NAME).write_text(the_block(ALERTS, "toml", "[env.prod]"), encoding="utf-8")
    found, graph = config.read(tmp_path, "prod"), Graph([passengers])
    channels = [channel_of(one, graph, found.name) for one in found.channels]
    assert routes(graph, channels, Severity.ERROR) == {"passengers": ("ops", "night", "privacy", "owners")}
    assert routes(graph, channels, Severity.WARN) == {"passengers": ("privacy", "owners")}
