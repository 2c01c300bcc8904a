"""What the guides tell people to type does what they say: on what the demo left, or in a project that `init` makes."""

import json
import shlex
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from observer.cli.app import app
from tests.acceptance.conftest import Done, copied
from tests.unit.docs.pages import DOCS, Block, blocks

STORM = "2013-02-08"
VIEW, CHECKS, ALERTS, GATE = (
    DOCS / "guide" / f"{name}.md" for name in ("view", "checks-and-monitors", "alerts", "gate")
)
WAYS = {"release", "run", "override"}


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What opening a project leaves in this process is gone after the test."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    sys.modules.pop("pipeline", None)
    yield
    sys.modules.pop("pipeline", None)


@pytest.fixture
def flights(finished_demo: tuple[Path, Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished demo, in which commands are typed."""
    folder, done = finished_demo
    assert done.code == 0, done.out + done.err
    monkeypatch.chdir(copied(folder, tmp_path / "examples" / "flights"))
    return Path.cwd()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `tidegate init` makes."""
    monkeypatch.chdir(tmp_path)
    call(["init", "."])
    return tmp_path


def typed(block: Block) -> list[list[str]]:
    """The words of each `tidegate ...` in a block of a terminal."""
    lines = [line[2:].split("  #")[0] for line in block.text.splitlines() if line.startswith("$ ")]
    parts = [part.strip() for line in lines for part in line.replace(";", "&&").split("&&")]
    return [shlex.split(part)[1:] for part in parts if part.startswith("tidegate ")]


def call(words: list[str]) -> Result:
    """What `tidegate ...` answers; a guide never leads to wrong use, nor to what could not be evaluated."""
    done = CliRunner().invoke(app, words)
    assert done.exit_code in (0, 1), f"tidegate {shlex.join(words)}: {done.exit_code}\n{done.output}"
    return done


# ---- look at it


def test_each_command_of_the_guide_to_looking_answers(flights: Path) -> None:
    commands = [words for block in blocks(VIEW, "console") for words in typed(block) if words[0] != "serve"]
    answers = {shlex.join(words): call(words).output for words in commands}
    assert len(answers) >= 9
    assert "Null rate of dep_time 50.8 %" in answers["ls"]
    assert "stays held because" in answers[f"plan '*' --partition {STORM}"]
    assert "50.8 %" in answers["history flights null_rate --column dep_time --last 10"]
    assert "50.8 %" in (flights / "report.html").read_text(encoding="utf-8")


def test_the_python_of_the_guide_to_looking_answers(
    flights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(flights.parents[1])  # where the project is examples/flights
    names: dict[str, object] = {}
    for block in blocks(VIEW, "python"):
        exec(block.text, names)
    months, show = names["months"], names["show"]
    assert callable(months)
    assert callable(show)
    months()
    assert "2013-01" in capsys.readouterr().out
    assert {"measured", "expected range"} <= {trace.name for trace in show().data}


# ---- the gate


def test_the_gate_answers_as_the_guide_begins(flights: Path) -> None:
    first = blocks(GATE, "console")[0]
    for words in typed(first):
        done = call(words)
        assert f"{done.stdout}{done.exit_code}\n" in first.text


def test_each_way_past_the_gate_does_what_it_says(
    flights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for number, block in enumerate(blocks(GATE, "console")):
        commands = typed(block)
        if not commands or commands[0][0] not in WAYS:
            continue
        monkeypatch.chdir(copied(flights, tmp_path / str(number)))
        for words in commands:
            call(words)
        outcomes.append(json.loads(call(["gate", "flights", "-p", STORM, "--format", "json"]).stdout)["outcome"])
    # released; made again, and as bad as before; open until a time; published, since its monitor does not count
    assert outcomes == ["open", "held", "open_by_override", "open"]


def test_who_waits_goes_on_when_the_gate_opens(flights: Path) -> None:
    asked = [words for block in blocks(GATE, "console") for words in typed(block) if "--wait" in words]
    assert asked
    call(["release", "flights", "--partition", STORM, "--reason", "the blizzard is real"])
    assert {call(words).exit_code for words in asked} == {0}


# ---- checks, and alerts


def break_a_check(shop: Path) -> None:
    """As the guide says: two orders of one number."""
    file = shop / "pipeline.py"
    good, bad = "[1, 2, 3, 4]", "[1, 1, 3, 4]"
    assert bad in CHECKS.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace(good, bad), encoding="utf-8")


def test_the_first_check_that_fails_holds_as_the_guide_tells(shop: Path) -> None:
    assert call(["run", "revenue"]).exit_code == 0
    break_a_check(shop)
    held = call(["run", "revenue"])
    assert held.exit_code == 1
    told = blocks(CHECKS, "console")[1].text
    assert held.stdout.splitlines()[0] in told
    assert [line.split(":")[0] for line in held.stdout.splitlines()[:2]] == ["held      orders", "blocked   revenue"]


@contextmanager
def listening(receiver: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_first_alert_arrives_as_the_guide_tells(shop: Path) -> None:
    names: dict[str, type[BaseHTTPRequestHandler]] = {"__name__": "receiver"}  # type: ignore[dict-item]
    exec(next(block.text for block in blocks(ALERTS, "python") if "class Receiver" in block.text), names)
    (line,) = (block.text for block in blocks(ALERTS, "toml") if "127.0.0.1:9000" in block.text)
    told = blocks(ALERTS, "console")[0].text
    with listening(names["Receiver"]) as port, (shop / "tidegate.toml").open("a", encoding="utf-8") as file:
        file.write(line.replace("9000", str(port)))
        file.close()
        heard = call(["alerts", "test", "me"]).stdout.splitlines()  # the receiver writes to the same terminal
        assert heard[0] in told
        call(["run", "revenue"])
        break_a_check(shop)
        opened = [line for line in call(["run", "revenue"]).stdout.splitlines() if line.startswith("incident.opened ")]
        assert [line[: told.index(" ...") - told.index("incident.opened")] for line in opened] == [
            told[told.index("incident.opened") : told.index(" ...")]
        ]
