"""The timeline of a schema, from what the gate stored."""

from collections.abc import Iterator

import pytest

from observer.reads.schema import SchemaPoint, schema_timeline, turns
from observer.reads.versions import told
from orchestration.database import reading
from orchestration.model import AssetKey
from tests.unit.observer.ledger import Ledger, day, ledger


@pytest.fixture
def daily(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url) as made:
        yield made


def timeline(made: Ledger, last: int = 100) -> list[tuple[str | None, bool, str]]:
    with reading(made.engine) as connection:
        found: tuple[SchemaPoint, ...] = schema_timeline(connection, AssetKey("orders"), last)
    return [(point.partition, point.held, point.sentence()) for point in found]


def test_how_bad_a_change_was_is_told_with_it_and_with_its_version(daily: Ledger) -> None:
    daily.days(1, 2)
    daily.version(day(3), columns=("id", "name", "price"))
    with reading(daily.engine) as connection:
        first, changed = schema_timeline(connection, AssetKey("orders"), 10)
        said = told(connection, AssetKey("orders"))
    assert (first.severity, changed.severity) == (None, "warn")
    assert [(turn.is_first, turn.columns, turn.changes) for turn in turns((first, changed))] == [
        (True, 2, ()),
        (False, 3, (("added", "price was added (VARCHAR)"),)),
    ]
    assert (said.of("m2"), said.of("m3")) == ("", "schema changed: price was added (VARCHAR)")


def test_only_changes_are_told_each_with_its_version(daily: Ledger) -> None:
    daily.days(1, 3)
    daily.version(day(4), columns=("id", "name", "price"))
    daily.version(day(5), columns=("id", "name", "price"))
    daily.version(day(6), columns=("name", "id", "price"))
    assert timeline(daily) == [
        (day(1), False, "first seen: id VARCHAR, name VARCHAR"),
        (day(4), False, "price was added (VARCHAR)"),
        (day(6), False, "the columns are in another order"),
    ]
    assert timeline(daily, last=1) == [(day(6), False, "the columns are in another order")]


def test_what_was_held_is_told_and_compared_with_nothing_later(daily: Ledger) -> None:
    daily.days(1, 2)
    daily.version(day(3), nulls=None, columns=("id",))  # what can't be measured holds
    daily.version(day(4))
    assert timeline(daily)[1:] == [(day(3), True, "name was removed")]
