"""The keys of dynamic partitions, in the state database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from orchestration.partitions.static import check_name
from orchestration.tables import partition_keys


def add_keys(connection: Connection, name: str, keys: Iterable[str], now: datetime) -> tuple[str, ...]:
    """Add keys to the dynamic set ``name``, in their order; returns those that were not there yet.

    Adding a key again changes nothing, so it can be done by several processes at once.

    Raises
    ------
    PartitionError
        A text that can't name a partition; nothing was added.
    """
    wanted = [check_name(key) for key in dict.fromkeys(keys)]
    check_name(name)
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    added = []
    for key in wanted:
        row = {"set": name, "key": key, "added_at": now}
        statement = insert(partition_keys).values(row).on_conflict_do_nothing(index_elements=["set", "key"])
        if connection.execute(statement.returning(partition_keys.c.key)).first() is not None:
            added.append(key)
    return tuple(added)


def list_keys(connection: Connection, name: str) -> tuple[str, ...]:
    """The keys of the dynamic set ``name``, in the order in which they were added."""
    return all_keys(connection, name).get(name, ())


def all_keys(connection: Connection, name: str | None = None) -> dict[str, tuple[str, ...]]:
    """The keys of each dynamic set that has some, or of one, in the order in which they were added."""
    wanted = select(partition_keys.c.set, partition_keys.c.key).order_by(partition_keys.c.seq)
    found: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(wanted if name is None else wanted.where(partition_keys.c.set == name)):
        found[row[0]].append(row[1])
    return {each: tuple(keys) for each, keys in found.items()}
