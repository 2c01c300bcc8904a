"""The IO managers that keep tables in a database obey the laws, on real servers."""

from collections.abc import Callable

import pytest

from orchestration.errors import StorageError
from orchestration.io.base import IOManager, StoredVersion
from orchestration.io.every_type import every_type, lost
from orchestration.io.laws import TABLE_LAWS, TABLES_ONLY_LAWS
from orchestration.io.sql import SqlIOManager
from orchestration.model import Address, AssetKey
from tests.support.databases import KINDS

REFUSED = {
    "sqlite": {"float64 with NaN", "uint64"},
    "duckdb": set[str](),
    "postgres": {"string with NUL"},
    "snowflake": {"string with NUL"},
}
"""What a database can't keep; everything else comes back."""


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def io(kind: str, new_io: Callable[[str], SqlIOManager]) -> SqlIOManager:
    return new_io(kind)


@pytest.mark.parametrize("law", TABLE_LAWS + TABLES_ONLY_LAWS, ids=lambda law: law.__name__)
def test_obeys(law: Callable[[IOManager], None], io: SqlIOManager) -> None:
    law(io)


def test_every_type_comes_back_but_what_is_refused(kind: str, io: SqlIOManager) -> None:
    for name, table in every_type().items():
        address = Address(AssetKey(f"type {name}"))
        if name in REFUSED[kind]:
            with pytest.raises(StorageError, match="nothing was published"):
                io.stage(address, "v1", table)
            continue
        staged = io.stage(address, "v1", table)
        io.publish(address, "v1", 1)
        stored = StoredVersion(address=address, id="v1", format=staged.format, data_version=staged.data_version)
        read = io.load([stored], "pa.Table", one=True)
        assert lost(table, read) is None  # type: ignore[arg-type]
        assert read.schema.equals(table.schema), name  # type: ignore[attr-defined]
