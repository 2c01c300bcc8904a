"""Bringing the state database to the schema that this code speaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, text

from observer.store import access_tables as access_tables  # parts of the schema, whoever asks for it
from observer.store import channel_tables as channel_tables
from observer.store import chore_tables as chore_tables
from observer.store import status_tables as status_tables
from observer.store import tables as tables
from observer.store.compatibility import oldest_code
from orchestration import said_tables as said_tables
from orchestration.database import reading, writing
from orchestration.errors import StateError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0027"
"""The revision that this code speaks; a test holds it equal to Alembic's."""

_LOCK = 7_421_938_845
"""Names our advisory lock on PostgreSQL: one process migrates, the others wait."""
_PATIENCE_MS = 10_000
"""How long an upgrade waits for a table that others use; whoever asks for it meanwhile waits behind the upgrade."""


class Standing(StrEnum):
    """How the schema of a state database stands to this code."""

    EMPTY = "empty"
    OLDER = "older"  # an upgrade is due
    CURRENT = "current"
    NEWER = "newer"  # a later Tidegate has upgraded it, and left this code what it needs
    BEYOND = "beyond"  # a later Tidegate has upgraded it, and this code can't work with it


@dataclass(frozen=True, slots=True)
class Schema:
    """The revision of a state database, and the least that code has to speak to work with it (None: unknown)."""

    revision: str | None
    oldest: str | None = None

    @property
    def standing(self) -> Standing:
        if self.revision is None:
            return Standing.EMPTY
        if self.revision <= HEAD:
            return Standing.CURRENT if self.revision == HEAD else Standing.OLDER
        return Standing.NEWER if self.oldest is not None and self.oldest <= HEAD else Standing.BEYOND


def ready(engine: Engine) -> None:
    """See to it that this code can work with the state; costs one SELECT where it is at ``HEAD``.

    An empty database gets its tables. An older one is upgraded where it is a file of SQLite's; on PostgreSQL, where
    others may work with it, a person does that: ``tidegate db upgrade``. A newer one is left as it is. Where this
    raises, the engine's connections are given back.

    Raises
    ------
    StateError
        It can't be read or written, an upgrade is due, or a later Tidegate made of it what this one can't use.
    """
    try:
        if current(engine) != HEAD:
            _make_ready(engine)
    except StateError:
        engine.dispose()
        raise


def _make_ready(engine: Engine) -> None:
    found = look(engine)
    match found.standing:
        case Standing.BEYOND:
            raise _beyond(found)
        case Standing.OLDER if engine.dialect.name != "sqlite":
            raise StateError(
                f"the state database is at revision {found.revision}, this Tidegate speaks {HEAD}; nothing was "
                "changed; keep a copy (tidegate db backup FILE) and upgrade it (tidegate db upgrade)"
            )
        case Standing.EMPTY | Standing.OLDER:
            ensure(engine)


def ensure(engine: Engine) -> None:
    """Create or upgrade the schema if it isn't at ``HEAD``; costs one SELECT when it is.

    Raises
    ------
    StateError
        The database can't be read or written, or is at a later revision than this code knows.
    """
    if current(engine) == HEAD:
        return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            connection.execute(text(f"SET LOCAL lock_timeout = {_PATIENCE_MS}"))
        found = _revision(connection)
        if found != HEAD:
            upgrade(connection, found)


def look(engine: Engine) -> Schema:
    """How the schema of a database stands; reads only. Raises StateError where it can't be read."""
    with reading(engine) as connection:
        revision = _revision(connection)
        return Schema(revision, None if revision is None else oldest_code(connection))


def current(engine: Engine) -> str | None:
    """The revision of the database; None for an empty one."""
    with reading(engine) as connection:
        return _revision(connection)


def due(revision: str | None) -> tuple[tuple[str, str], ...]:
    """The revisions that an upgrade from one goes through, each with what it does, in their order."""
    from alembic.script import ScriptDirectory

    with scripts() as folder:
        known = list(ScriptDirectory(folder).walk_revisions())[::-1]
    return tuple((each.revision, each.doc) for each in known if revision is None or each.revision > revision)


def upgrade(connection: Connection, found: str | None, to: str = HEAD) -> None:
    """Bring a database at revision ``found`` to a later one, in the transaction of ``connection``."""
    from alembic import command
    from alembic.script import ScriptDirectory

    with scripts() as folder:
        config = configuration(folder, connection)
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if found is not None and found not in known:
            raise _beyond(Schema(found))
        command.upgrade(config, to)


@contextmanager
def scripts() -> Iterator[str]:
    """The folder of the migrations."""
    with as_file(files("observer.migrations")) as folder:
        yield str(folder)


def _beyond(found: Schema) -> StateError:
    needed = "" if found.oldest is None else f", and asks for one that speaks {found.oldest} at least"
    return StateError(
        f"the state database is at revision {found.revision}, which this Tidegate doesn't know (it speaks "
        f"{HEAD}{needed}); nothing was changed; use the newer Tidegate that made it"
    )


def _revision(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def configuration(folder: str, connection: Connection) -> Config:
    """Alembic's settings for a connection that is already open."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
