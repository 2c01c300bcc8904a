"""One environment of a project: everything that differs between a laptop and production."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from observer.config.assets import asset_configs
from observer.config.budget import budget
from observer.config.channels import ChannelConfig, channels
from observer.config.dbt import dbt
from observer.config.executor import ExecutorConfig, executor, pools
from observer.config.file import FILE_NAME, settings
from observer.config.history import history
from observer.config.holidays import holidays
from observer.config.io import FILES, IOConfig, io
from observer.config.profile import profile
from observer.config.records import Records, records
from observer.config.reminders import DAILY, remind_after
from observer.config.schedules import schedules
from observer.config.section import Section
from observer.config.variables import fill, written_secrets
from observer.errors import ProjectError, UnknownName
from observer.model import ProfilePolicy
from orchestration.dbt.settings import DbtSettings

KEYS = (
    "state",
    "io",
    "retention",
    "history",
    "records",
    "false_alarms_per_week",
    "holidays",
    "private",
    "dbt",
    "profile",
    "executor",
    "pools",
    "channels",
    "remind_after",
    "clock",
    "url",
    "config",
    "schedules",
)
_INLINE = ExecutorConfig()
_PLAIN = ProfilePolicy()
_FOR_GOOD = Records()
_AS_DBT_DOES = DbtSettings()
_FILES = (IOConfig(name="default", kind="files", options=FILES, assets=None, retention=None, where="io.default"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentConfig:
    """One environment of a project, its variables filled in.

    ``clock`` is set where archived data is replayed: the instant at which this environment's clock stands when a
    process begins. ``secrets`` are the values that came from variables, which no text may show.
    """

    name: str
    root: Path
    project: Path
    state: str = field(repr=False)
    io: tuple[IOConfig, ...] = _FILES  # the default one last
    channels: tuple[ChannelConfig, ...] = ()
    clock: datetime | None = None
    url: str | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    executor: ExecutorConfig = _INLINE
    pools: Mapping[str, int] = field(default_factory=dict)
    asset_configs: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)
    dbt: DbtSettings = _AS_DBT_DOES
    profile: ProfilePolicy = _PLAIN  # of assets that say nothing else
    history: timedelta | None = None  # how long points stay; None: for good
    records: Records = _FOR_GOOD  # how long the account of what was done stays
    schedules: bool = True  # whether what is due is asked for
    false_alarms_per_week: float | None = None  # of all monitors together; None: each as it is declared
    holidays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by selection: countries, exchanges, days
    remind_after: timedelta | None = DAILY  # of open incidents; None: never
    where: str = FILE_NAME  # the file and its section, as errors name them
    file: str = FILE_NAME  # and where all of the project's settings stand


def read(root: Path, environment: str | None) -> EnvironmentConfig:
    """Read one environment (the first one of the file, if None).

    Raises
    ------
    ProjectError
        The file is missing, isn't TOML, or says something that can't be used; which key, and what to write.
    UnknownName
        There is no such environment.
    """
    said = settings(root)
    said.only(("project", "env", "config"))
    prefix = f"{said.where[1:-1]}.env" if said.where else "env"
    environments = said.at(said.values.get("env", {}), f"[{prefix}]")
    if not environments.values:
        raise ProjectError(f"{said} has no environment; write [{prefix}.local] with state= and io.default=")
    name = environment or next(iter(environments.values))
    if name not in environments.values:
        raise UnknownName("environment", name, environments.values, where=str(said))
    written = said.at(environments.values[name], f"[{prefix}.{name}]")
    written.only(KEYS)
    env, _ = fill(written)
    may_be_secret = {key: value for key, value in written.values.items() if key != "dbt"}  # which has paths and names
    _, from_variables = fill(written.at(may_be_secret, written.where))
    everywhere, also_from_variables = fill(said.part("config"))
    hears = channels(env)
    secrets = (
        *from_variables,
        *also_from_variables,
        *written_secrets(dict(env.values)),
        *(text for channel in hears for text in channel.hidden),
    )
    return EnvironmentConfig(
        name=name, root=root, project=root / said.text("project", default="pipeline.py"),
        state=_state(env, root), io=io(env), channels=hears, executor=executor(env, root), pools=pools(env),
        asset_configs=asset_configs(everywhere, env),
        clock=_clock(env), url=env.maybe("url"), history=history(env), records=records(env),
        profile=profile(env),
        dbt=dbt(env, root),
        schedules=schedules(env), false_alarms_per_week=budget(env), holidays=holidays(env),
        remind_after=remind_after(env), where=str(env), file=str(said), secrets=tuple(dict.fromkeys(secrets)),
    )  # fmt: skip


def _state(env: Section, root: Path) -> str:
    """A SQLite path is counted from the project's folder."""
    url = env.text("state", default="sqlite:///.tidegate/state.db")
    match = re.fullmatch(r"(sqlite(?:\+\w+)?):(?:///?)?([^/].*)?", url)
    if match is None:
        return url
    if match[2] is None or match[2].startswith(":memory:"):
        raise ProjectError(f"{env}: state = {url!r} would be forgotten at once; write sqlite:///path")
    return f"{match[1]}:///{(root / match[2]).as_posix()}"


def _clock(env: Section) -> datetime | None:
    """``clock = "2013-02-09 06:00 America/New_York"``."""
    text = env.values.get("clock")
    if text is None:
        return None
    if isinstance(text, datetime) and text.tzinfo is not None:
        return text
    try:
        day, time, zone = str(text).split()
        return datetime.fromisoformat(f"{day} {time}").replace(tzinfo=ZoneInfo(zone))
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise ProjectError(
            f"{env}: clock = {text!r} isn't an instant; write 'YYYY-MM-DD HH:MM Area/City' ({error})"
        ) from error
