"""How long a process keeps a DuckDB file open."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import literal, select

from orchestration.errors import StorageError
from orchestration.io.duckdb_file import DuckDBWarehouse
from orchestration.io.duckdb_open import let_go

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LONG_S = 60.0
_WRITES = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('create or replace table theirs as select 1')"


class Counting(DuckDBWarehouse):
    """Counts how often the file is opened."""

    opened = 0

    def _connected(self, *, read_only: bool) -> "DuckDBPyConnection":
        self.opened += 1
        return super()._connected(read_only=read_only)

    def write(self) -> None:
        with self.writing() as session:
            session.change("create or replace table ours as select 1 as a")

    def read(self) -> None:
        with self.reading() as session:
            assert session.run(select(literal(1))) == [(1,)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.duckdb"


@pytest.fixture
def lingering(file: Path) -> Iterator[Counting]:
    warehouse = Counting(file, 5.0, lingers_s=_LONG_S)
    yield warehouse
    warehouse.close()


def another_process_can_write(file: Path) -> bool:
    return subprocess.run([sys.executable, "-c", _WRITES, str(file)], capture_output=True, check=False).returncode == 0


def test_transactions_that_come_one_after_the_other_open_it_once(lingering: Counting) -> None:
    lingering.write()
    lingering.read()
    lingering.write()
    assert lingering.opened == 1
    with pytest.raises(StorageError), lingering.writing() as session:
        session.change("drop table nothing")
    lingering.write()
    assert lingering.opened == 2, "after a failure it is opened anew"
    lingering.close()
    lingering.read()
    lingering.read()
    lingering.write()
    assert lingering.opened == 4, "one that only reads can't write"


def test_nobody_waits_for_it_while_another_process_is_to_work_on_it(lingering: Counting, file: Path) -> None:
    lingering.write()
    with lingering.away():
        assert another_process_can_write(file)
        lingering.read()
        assert another_process_can_write(file)
    lingering.write()
    assert not another_process_can_write(file)
    let_go()
    assert another_process_can_write(file)


def test_it_is_closed_after_a_moment(file: Path) -> None:
    warehouse = Counting(file, 5.0, lingers_s=0.01)
    warehouse.write()
    assert any(another_process_can_write(file) for _ in range(100)), "it is still open"


def test_one_that_does_not_linger_closes_what_another_one_left_open(lingering: Counting, file: Path) -> None:
    lingering.write()
    plain = Counting(file, 5.0)
    plain.read()
    plain.write()
    assert plain.opened == 1, "it took what was left, and closed it"
    assert another_process_can_write(file)
