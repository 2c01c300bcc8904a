"""The whole examination of one environment, part by part; what a part needs and isn't there is left out with a line."""

from __future__ import annotations

from pathlib import Path

from observer.config import EnvironmentConfig, find_root, read
from observer.doctor.channels import look_at_channels
from observer.doctor.dbt import look_at_dbt
from observer.doctor.executor import look_at_executor
from observer.doctor.leftovers import look_for_leftovers
from observer.doctor.model import Diagnosis, Finding, Health
from observer.doctor.published import look_at_published
from observer.doctor.state import look_at_state
from observer.doctor.statuses import look_at_statuses
from observer.doctor.storage import look_at_storage
from observer.io_managers import check_queries, io_of, keepers_of, opened
from observer.loading import Definitions
from observer.project import clock_of, defined, redactor
from observer.quantities import count
from orchestration.code_version import CodeVersions
from orchestration.io.base import IOManager
from orchestration.io.routed import close


def examine(folder: Path | None, environment: str | None, *, fix: bool, deep: bool, send: bool) -> tuple[Finding, ...]:
    """Look at everything that an environment needs, and at what crashes left behind.

    Parameters
    ----------
    fix:
        Clear what crashes left; never removes what readers see or the log knows.
    deep:
        Also read every published version and compare it with its recorded hash.
    send:
        Post a test message to each channel.

    Raises
    ------
    ProjectError, UnknownName
        There are no settings that could be examined.
    """
    config = read(find_root(folder or Path.cwd()), environment)
    diagnosis = Diagnosis(redactor(config.secrets))
    definitions = _project(diagnosis, config)
    engine = look_at_state(diagnosis, config)
    try:
        for one in config.io:
            with diagnosis.looking_at(f"io.{one.name}"):
                io = opened(one, config)
                try:
                    look_at_storage(diagnosis, one.name, one.kind, io, engine)
                finally:
                    close(io)
        if definitions is None:
            unseen = "could not be looked at without the project's code"
            for part in ("executor", "channels", "published data", "what crashes left"):
                diagnosis.say(part, Health.UNKNOWN, unseen)
            return tuple(diagnosis.findings)
        look_at_executor(diagnosis, config)
        look_at_dbt(diagnosis, config.dbt, definitions.graph)
        look_at_channels(diagnosis, config, definitions.graph, engine, send=send)
        kept = _io(diagnosis, config, definitions)
        if engine is not None and kept is not None:
            graph, clock = definitions.graph, clock_of(config, engine)
            look_at_statuses(diagnosis, engine, graph, clock, fix=fix, deep=deep)
            try:
                look_for_leftovers(diagnosis, engine, kept, graph, clock, fix=fix)
                look_at_published(diagnosis, engine, kept, graph, clock, fix=fix, deep=deep)
            finally:
                close(kept)
    finally:
        if engine is not None:
            engine.dispose()
    return tuple(diagnosis.findings)


def _project(diagnosis: Diagnosis, config: EnvironmentConfig) -> Definitions | None:
    """The project's definitions, where its code can be loaded and hashed."""
    loaded: list[Definitions] = []
    with diagnosis.looking_at("project"):
        found = defined(config)
        check_queries(config, found.graph)
        hashes = CodeVersions(config.root)
        for asset in found.graph:
            hashes.of(asset)
        checks = count(sum(len(each) for each in found.checks.values()), "check")
        diagnosis.say("project", Health.OK, f"{config.project.name}: {count(len(found.graph), 'asset')}, {checks}")
        loaded.append(found)
    return loaded[0] if loaded else None


def _io(diagnosis: Diagnosis, config: EnvironmentConfig, definitions: Definitions) -> IOManager | None:
    """The environment's IO manager, and who keeps what where there are several."""
    made: list[IOManager] = []
    with diagnosis.looking_at("io"):
        if len(config.io) > 1:
            keepers = keepers_of(config, definitions.graph)
            said = (f"{one.name} keeps {count(sum(k is one for k in keepers.values()), 'asset')}" for one in config.io)
            diagnosis.say("io", Health.OK, ", ".join(said))
        made.append(io_of(config, definitions.graph))
    return made[0] if made else None
