"""Bringing the state database to the schema that this code speaks."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, text

from observer.store import access_tables as access_tables  # a part of the schema, whoever asks for it
from orchestration.database import reading, writing
from orchestration.errors import StateError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0016"
"""The revision that this code speaks; a test holds it equal to Alembic's."""

_LOCK = 7_421_938_845
"""Names our advisory lock on PostgreSQL: one process migrates, the others wait."""


def ensure(engine: Engine) -> None:
    """Create or upgrade the schema if it isn't at ``HEAD``; costs one SELECT when it is.

    Raises
    ------
    StateError
        The database can't be read or written, or was made by a later Tidegate.
    """
    if current(engine) == HEAD:
        return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = _revision(connection)
        if found != HEAD:
            _upgrade(connection, found)


def current(engine: Engine) -> str | None:
    """The revision of the database; None for an empty one."""
    with reading(engine) as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def _upgrade(connection: Connection, found: str | None) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    with as_file(files("observer.migrations")) as folder:
        config = configuration(str(folder), connection)
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if found is not None and found not in known:
            raise StateError(
                f"the state database is at revision {found}, which this Tidegate doesn't know (it speaks {HEAD}); "
                "nothing was changed; use the newer Tidegate that made it"
            )
        command.upgrade(config, HEAD)


def configuration(folder: str, connection: Connection) -> Config:
    """Alembic's settings for a connection that is already open."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
