"""The state database: reachable, of this code's schema, writable."""

from __future__ import annotations

from sqlalchemy import Engine, insert

from observer.config import EnvironmentConfig
from observer.doctor.model import Diagnosis, Health
from observer.store.schema import HEAD, Standing, look, ready
from orchestration.database import open_database, writing
from orchestration.shown import shown
from orchestration.tables import EPOCH, partition_keys

PART = "state"


class _Undo(Exception):
    """Rolls the probing write back."""


def look_at_state(diagnosis: Diagnosis, config: EnvironmentConfig) -> Engine | None:
    """Say how the state database is; returns it where it can be used."""
    found: list[Engine] = []
    with diagnosis.looking_at(PART):
        engine = open_database(config.state, where=config.where)
        try:
            if _is_usable(diagnosis, engine):
                found.append(engine)
        finally:
            if not found:
                engine.dispose()
    return found[0] if found else None


def _is_usable(diagnosis: Diagnosis, engine: Engine) -> bool:
    where, found = shown(engine.url), look(engine)
    if found.standing is Standing.EMPTY:
        diagnosis.say(PART, Health.OK, f"{where} can be reached and is empty; the first verb makes its tables")
        return False
    if found.standing is Standing.OLDER:
        diagnosis.say(
            PART, Health.WARNING, f"{where} is at revision {found.revision}, this Tidegate speaks {HEAD}",
            "tidegate db backup FILE, then tidegate db upgrade",
        )  # fmt: skip
        return False
    ready(engine)
    _try_writing(engine)
    by = ", of a later Tidegate, which this one can work with" if found.standing is Standing.NEWER else ""
    diagnosis.say(PART, Health.OK, f"{where} can be read and written, at revision {found.revision}{by}")
    return True


def _try_writing(engine: Engine) -> None:
    """Write a row and take it back; raises StateError where that isn't allowed."""
    try:
        with writing(engine) as connection:
            connection.execute(insert(partition_keys).values(set="tidegate doctor", key="", added_at=EPOCH))
            raise _Undo
    except _Undo:
        return
