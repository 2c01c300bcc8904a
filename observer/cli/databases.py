"""``tidegate db status``, ``upgrade``, ``backup``, ``restore`` and ``prune``.

All but ``prune`` read the project's settings alone: they work where its code can't be loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import Engine

from observer.backups import back_up
from observer.backups import restore as restore_state
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, note, opened, say, say_json
from observer.config import find_root, read
from observer.config.records import Records
from observer.letting_go import let_go
from observer.quantities import count, quantity
from observer.settings import variable
from observer.store import schema, sizes
from observer.store.schema import HEAD, Standing
from orchestration.database import open_database, reading
from orchestration.shown import shown

_SAID: Mapping[Standing, str] = {
    Standing.EMPTY: "empty: the first verb that needs it makes its tables",
    Standing.OLDER: "an upgrade is due: tidegate db upgrade",
    Standing.CURRENT: "what this Tidegate speaks",
    Standing.NEWER: "a later Tidegate has upgraded it; this one can go on with it",
    Standing.BEYOND: "a later Tidegate has upgraded it; this one can't work with it",
}
_CODES = {Standing.OLDER: ExitCode.FAILED, Standing.BEYOND: ExitCode.UNKNOWN}


def show(project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Print the state's address, schema and size; 1 where an upgrade is due, 3 where this code can't work with it."""
    with _state(project, env) as engine:
        where, found = shown(engine.url), schema.look(engine)
        with reading(engine) as connection:
            rows, size = sizes.rows_of(connection), sizes.bytes_of(connection)
    standing = found.standing
    if output is Format.JSON:
        say_json(
            {
                "state": where, "standing": standing, "revision": found.revision, "speaks": HEAD,
                "oldest": found.oldest, "bytes": size, "rows": rows,
            }
        )  # fmt: skip
        return _CODES.get(standing, ExitCode.OK)
    say(f"{where}: {quantity(size, 'bytes')}")
    say(f"revision {found.revision or 'none'}, this Tidegate speaks {HEAD}: {_SAID[standing]}")
    width = max((len(name) for name, number in rows.items() if number), default=0)
    for name, number in rows.items():
        if number:
            say(f"  {name:<{width}}  {number:>12,}")
    return _CODES.get(standing, ExitCode.OK)


def bring_up(dry: bool, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Upgrade the schema, and say through which revisions."""
    with _state(project, env) as engine:
        found = schema.look(engine)
        steps = schema.due(found.revision) if found.standing in (Standing.EMPTY, Standing.OLDER) else ()
        if found.standing is Standing.BEYOND or not (dry or found.standing is Standing.NEWER):
            schema.ensure(engine)
        where = shown(engine.url)
    if output is Format.JSON:
        said = [{"revision": revision, "does": does} for revision, does in steps]
        say_json({"state": where, "from": found.revision, "to": HEAD, "dry_run": dry, "steps": said})
        return ExitCode.OK
    for revision, does in steps:
        say(f"{revision}  {does}")
    if steps:
        say(f"{where} {'would be' if dry else 'is'} at revision {HEAD}, from {found.revision or 'nothing'}")
    else:
        say(f"{where} is at revision {found.revision}; nothing was to be done")
    return ExitCode.OK


def keep(file: Path, force: bool, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Write a copy of the state."""
    with _state(project, env) as engine:
        done = back_up(engine, file, force=force)
    if output is Format.JSON:
        said = {"file": str(done.file), "revision": done.revision, "bytes": done.bytes, "rows": done.rows}
        say_json(said)
        return ExitCode.OK
    say(f"{done.file}: {_rows(done.rows)}, {quantity(done.bytes, 'bytes')}, revision {done.revision}")
    note("it holds what the state holds, digests of tokens included, and no data of assets; only you may read it")
    return ExitCode.OK


def put_back(file: Path, force: bool, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Put a copy in place of the state."""
    with _state(project, env) as engine:
        rows = restore_state(engine, file, force=force)
        where = shown(engine.url)
    if output is Format.JSON:
        say_json({"state": where, "file": str(file), "revision": HEAD, "rows": rows})
        return ExitCode.OK
    say(f"{where} holds what {file} held: {_rows(rows)}, revision {HEAD}")
    note("data in storage may be newer than that: tidegate doctor says where it is, and --fix mends it")
    return ExitCode.OK


def prune(project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Let go of what is no longer kept, and say how much it was."""
    with closing(opened(project, env)) as work:
        gone = let_go(work)
        keeps_all = (
            work.config.history is None
            and work.config.records == Records()
            and all(one.retention is None for one in work.config.io)
        )
        where = work.config.where
    versions, size = sum(len(one.versions) for one in gone.versions), sum(one.bytes for one in gone.versions)
    left = [(one.address, one.left) for one in gone.versions if one.left is not None]
    if output is Format.JSON:
        said = {str(address): why for address, why in left}
        say_json(
            {
                "versions": versions, "bytes": size, "points": gone.points, **asdict(gone.records),
                "sessions": gone.sessions, "left": said,
            }
        )  # fmt: skip
        return ExitCode.OK
    if keeps_all:
        note(f"{where} has neither retention=, history= nor records=, so versions, points and records stay")
    for address, why in left:
        note(f"{address} was left as it is: {why}")
    old = gone.records
    say(
        f"removed {count(versions, 'version')} ({quantity(size, 'bytes')}), {count(gone.points, 'point')} of the "
        f"history, {count(old.runs, 'run')}, {count(old.messages, 'message')}, {count(old.events, 'event')}, "
        f"{count(old.audit, 'line')} of the audit, {count(old.incidents, 'incident')}, "
        f"{count(old.dead_letters, 'dead letter')}, {count(old.evaluations, 'evaluation')}, "
        f"{count(old.version_records, 'record')} of versions, {count(gone.sessions, 'session')} that were over"
    )
    return ExitCode.OK


@contextmanager
def _state(project: Path | None, env: str | None) -> Iterator[Engine]:
    """The state database that the settings name, whatever its schema."""
    config = read(find_root(project or Path.cwd()), env or variable("TIDEGATE_ENV"))
    engine = open_database(config.state, where=config.where)
    try:
        yield engine
    finally:
        engine.dispose()


def _rows(rows: Mapping[str, int]) -> str:
    return f"{count(sum(rows.values()), 'row')} of {count(sum(1 for number in rows.values() if number), 'table')}"
