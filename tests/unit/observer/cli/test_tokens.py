import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from observer.cli.app import app
from tests.unit.observer.shop import shop


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shop(tmp_path)


def call(folder: Path, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["token", *words, "--project", str(folder)])
    assert done.exit_code == code, done.output
    return done.stdout + (done.stderr if code else "")


def test_a_token_is_said_once(folder: Path) -> None:
    shown = call(folder, "create", "airflow", "--role", "operator", "--assets", "orders+", "--for", "90d").strip()
    token_id = shown.split("_")[1]
    listed = call(folder, "list")
    assert listed.startswith(f"{token_id}  airflow: operator of orders+, until ")
    assert shown.rpartition("_")[2] not in listed
    assert call(folder, "revoke", token_id) == (
        f"{token_id} airflow opens nothing any more, nor do the sessions begun with it\n"
    )
    assert "(opens nothing any more)" in call(folder, "list")


def test_as_json(folder: Path) -> None:
    made = json.loads(call(folder, "create", "ana", "--format", "json"))
    assert made["token"].startswith(f"tidegate_{made['made']['id']}_")
    assert made["made"]["role"] == "viewer"
    assert json.loads(call(folder, "list", "--format", "json"))[0]["counts"] is True
    assert json.loads(call(folder, "revoke", made["made"]["id"], "--format", "json"))["revoked_at"]


def test_what_cannot_be(folder: Path) -> None:
    assert "did you mean 'orders'" in call(folder, "create", "x", "--assets", "ordres", code=2)
    assert "no token is called" in call(folder, "revoke", "nobody", code=2)
    assert "no token was ever made" in call(folder, "list")
