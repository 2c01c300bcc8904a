"""The command in this process, in a project of its own."""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from sqlalchemy import Connection, Engine, event

from observer.cli.app import app
from tests.unit.observer.shop import shop

GOLDEN = Path(__file__).parents[3] / "golden" / "cli"


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Tidegate = Callable[..., Said]


@pytest.fixture
def tidegate(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tidegate]:
    """`tidegate("gate", "orders")` in the project `folder`; the outcome."""
    monkeypatch.syspath_prepend(str(tmp_path))
    opened: WeakSet[Engine] = WeakSet()

    def remember(connection: Connection) -> None:
        opened.add(connection.engine)

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app(list(arguments), prog_name="tidegate")
        code = ended.value.code
        out, err = capsys.readouterr()
        return Said(code if isinstance(code, int) else 0, out, err)

    event.listen(Engine, "engine_connect", remember)
    yield run
    event.remove(Engine, "engine_connect", remember)
    for engine in list(opened):
        engine.dispose()  # a verb leaves that to the end of its process


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = shop(tmp_path / "shop")
    monkeypatch.chdir(made)
    return made


def assert_golden(name: str, text: str) -> None:
    """What people read, with what differs from run to run left out; UPDATE_GOLDEN=1 writes it anew."""
    for pattern, instead in (
        (r"\d{8}-\d{6}-[0-9a-f]{10}", "<version>"),
        (r"\b\d+(\.\d+)? (ms|s)\b", "<seconds>"),
        (r"<seconds>( to <seconds>)+", "<seconds>"),
        (r" +(?=\n)", ""),
        (r"by \w+:", "by <user>:"),
        (r"line \d+", "line <n>"),
    ):
        text = re.sub(pattern, instead, text)
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is missing; write it with UPDATE_GOLDEN=1"
    assert path.read_text(encoding="utf-8") == text, f"{path} differs; look, then UPDATE_GOLDEN=1"
