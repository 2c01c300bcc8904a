"""``tidegate alerts``, with a real project, its state and a real receiver."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from observer.cli.app import app
from observer.project import open_project
from observer.service.current import Current
from observer.service.service import Roles, Service
from observer.store.outbox import StoredOutbox
from observer.store.tables import outbox
from orchestration.database import reading, writing
from tests.support.receiver import Receiver

MINE = outbox.select().where(outbox.c.channel == "ops")
PIPELINE = """
import observer as ob
import pandas as pd


@ob.asset(tags=["pii"], checks=[ob.row_count(2)])
def orders() -> pd.DataFrame:
    return pd.DataFrame({"id": [1]})


@ob.asset(owners=["ana@example.com"])
def visits() -> pd.DataFrame:
    return pd.DataFrame({"id": [1]})
"""
TOML = """
[env.local]
channels = [
    { kind = "webhook", name = "ops", url = "URL", secret = "hunter2", when = "tag:pii" },
    { kind = "slack", name = "chat", url = "URL/T0K3N", when = "tag:pii and severity=warn" },
]
"""


@pytest.fixture
def folder(tmp_path: Path, receiver: Receiver) -> Path:
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "tidegate.toml").write_text(TOML.replace("URL", receiver.url))
    return tmp_path


def call(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "-C", str(folder)])


def give_up(folder: Path) -> str:
    """What `tidegate run` could not deliver, as three days later."""
    work = open_project(folder)
    with writing(work.engine) as connection:
        found: str = connection.execute(MINE).one().id
    box = StoredOutbox(work.engine, work.config.name)
    box.failed(found, "answered 500; given up after 84 tries", None, at=work.clock.wall())
    work.close()
    return found


def test_routes_and_what_nobody_would_hear_of(folder: Path) -> None:
    told = call(folder, "alerts", "routes")
    assert told.exit_code == 1
    assert "orders: ops; of warnings ops, chat\nvisits: nobody\n" in told.stdout
    assert "of errors of 1 asset nobody would hear" in told.stderr
    assert "hunter2" not in told.output
    assert "T0K3N" not in told.output
    assert call(folder, "alerts", "routes", "orders").exit_code == 0
    said = json.loads(call(folder, "alerts", "routes", "--format", "json").stdout)
    assert said["routes"]["orders"] == {"warn": ["ops", "chat"], "error": ["ops"]}
    assert [one["name"] for one in said["channels"]] == ["ops", "chat"]


def test_a_test_message(folder: Path, receiver: Receiver) -> None:
    told = call(folder, "alerts", "test", "chat")
    assert told.exit_code == 0, told.output
    assert "nothing is wrong" in receiver.accepted[0].body.decode()
    assert "no channel is called 'chta'; did you mean 'chat'" in call(folder, "alerts", "test", "chta").stderr
    receiver.fail(1, 403)
    refused = call(folder, "alerts", "test", "ops")
    assert (refused.exit_code, "answered 403" in refused.stderr) == (3, True)
    assert "T0K3N" not in told.output + refused.output


def test_dead_letters_are_listed_and_replayed(folder: Path, receiver: Receiver) -> None:
    assert call(folder, "alerts", "dead").stdout == "every message was delivered, or is still tried\n"
    receiver.fail(1, 500)
    assert call(folder, "run", "orders").exit_code == 1
    name = give_up(folder)
    told = call(folder, "alerts", "dead")
    assert told.exit_code == 1
    assert f"{name}  " in told.stdout
    assert "ops: opened of incident #1; answered 500; given up after 84 tries" in told.stdout
    receiver.fail(2, 500)  # of the channel that keeps failing the other one is told at the same time
    again = call(folder, "alerts", "replay", "--all")
    assert (again.exit_code, "0 messages of 1 delivered" in again.stdout) == (1, True)
    give_up(folder)
    done = call(folder, "alerts", "replay", name)
    assert (done.exit_code, done.stdout) == (0, "1 message of 1 delivered\n")
    to_ops = [request for request in receiver.requests if not request.path.endswith("T0K3N")]
    assert {request.headers["webhook-id"] for request in to_ops} == {name}
    to_chat = [request.body.decode() for request in receiver.requests if request not in to_ops]
    assert not any("hunter2" in body for body in to_chat)
    assert f"no message that was given up is called '{name}'" in call(folder, "alerts", "replay", name).stderr
    work = open_project(folder)
    with reading(work.engine) as connection:
        assert connection.execute(MINE).one().delivered_at is not None
    work.close()


def test_the_service_says_so_when_it_begins(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    work = open_project(folder)
    with Service(Current(lambda: work), Roles(runs=0)):
        pass
    assert "no channel would hear of incidents of visits; look: tidegate alerts routes" in caplog.text
    work.close()


@pytest.mark.parametrize("words", [(), ("msg_1", "--all")])
def test_one_message_or_all(folder: Path, words: tuple[str, ...]) -> None:
    told = call(folder, "alerts", "replay", *words)
    assert (told.exit_code, "say which message, or --all" in told.stderr) == (2, True)


def test_the_doctor_says_so_too(folder: Path, receiver: Receiver) -> None:
    receiver.fail(1, 500)
    call(folder, "run", "orders")
    give_up(folder)
    told = call(folder, "doctor").stdout
    assert "nobody would hear of incidents of visits" in told
    assert "1 message could not be delivered; the newest: answered 500" in told
