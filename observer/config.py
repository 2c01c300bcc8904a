"""``tidegate.toml``: where a project's code is, and what each environment keeps its data and state in."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from observer.errors import ProjectError, UnknownName

FILE_NAME = "tidegate.toml"
_ENV_KEYS = ("state", "io", "executor", "pools", "channels", "clock", "url", "config")
_EXECUTOR_KEYS = {
    "inline": (),
    "threads": ("workers",),
    "processes": ("workers", "resources"),
    "dask": ("address", "slots", "ca", "cert", "key", "ship"),
}
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """One entry of ``channels``; ``secret`` and ``url`` never appear in a representation."""

    kind: str
    name: str
    url: str = field(repr=False)
    secret: str | None = field(repr=False)
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorConfig:
    """Where steps are performed: "inline", "threads", "processes" or "dask", and what that kind takes."""

    kind: str = "inline"
    workers: int | None = None
    resources: Mapping[str, float] = field(default_factory=dict)
    address: str | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    ship: bool = False


_INLINE = ExecutorConfig()


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
    io_path: Path
    channels: tuple[ChannelConfig, ...]
    clock: datetime | None
    url: str | None
    secrets: tuple[str, ...] = field(repr=False)
    executor: ExecutorConfig = _INLINE
    pools: Mapping[str, int] = field(default_factory=dict)
    asset_configs: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)


def find_root(start: Path) -> Path:
    """The project's folder: the nearest one upward with a ``tidegate.toml``, or that a ``pyproject.toml`` names.

    Raises
    ------
    ProjectError
        There is none.
    """
    here = start.resolve()
    if not here.is_dir():
        raise ProjectError(f"there is no folder {start}; nothing was run")
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder
        pyproject = folder / "pyproject.toml"
        if pyproject.is_file():
            table = _table(_parse(pyproject).get("tool", {}).get("tidegate", {}), pyproject, "[tool.tidegate]")
            if isinstance(root := table.get("root"), str):
                return (folder / root).resolve()
    raise ProjectError(
        f"there is no {FILE_NAME} in {here} or above it; go to a project, name one with --project, or make one: "
        "tidegate init"
    )


def read(root: Path, environment: str | None) -> EnvironmentConfig:
    """Read one environment (the first one of the file, if None).

    Raises
    ------
    ProjectError
        The file is missing, isn't TOML, or says something that can't be used; which key, and what to write.
    UnknownName
        There is no such environment.
    """
    file = root / FILE_NAME
    content = _parse(file)
    _only(content, ("project", "env", "config"), file, "")
    environments = _table(content.get("env", {}), file, "[env]")
    if not environments:
        raise ProjectError(f"{file} has no environment; write [env.local] with state= and io.default=")
    name = environment or next(iter(environments))
    if name not in environments:
        raise UnknownName("environment", name, environments, where=str(file))
    where = f"[env.{name}]"
    table = _table(environments[name], file, where)
    _only(table, _ENV_KEYS, file, where)
    secrets: list[str] = []
    filled = _fill(table, file, where, secrets)
    project = _text(content, "project", file, "", default="pipeline.py")
    channels = _channels(filled, file, where)
    return EnvironmentConfig(
        name=name, root=root, project=root / project,
        state=_state(_text(filled, "state", file, where, default="sqlite:///.tidegate/state.db"), root, file, where),
        io_path=_io(filled, file, where, root), channels=channels,
        executor=_executor(filled, file, where, root), pools=_pools(filled, file, where),
        asset_configs=_asset_configs(_fill(content.get("config", {}), file, "[config]", secrets), filled, file, where),
        clock=_clock(filled, file, where),
        url=_text(filled, "url", file, where) if "url" in filled else None,
        secrets=tuple(dict.fromkeys([*secrets, *_written_secrets(filled, channels)])),
    )  # fmt: skip


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(f"there is no {file}; make a project here with: tidegate init") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file} isn't TOML: {error}; nothing was run") from error
    except OSError as error:
        raise ProjectError(f"{file} can't be read: {error.strerror}; nothing was run") from error


def _table(value: object, file: Path, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ProjectError(f"{file}: {where} is a table; write it in brackets, or as {{ key = value }}")
    return value


def _only(table: Mapping[str, object], known: tuple[str, ...], file: Path, where: str) -> None:
    for key in table:
        if key not in known:
            raise UnknownName("setting", key, known, where=f"{file} {where}".strip())


def _text(table: Mapping[str, Any], key: str, file: Path, where: str, *, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or not value:
        said = "is missing" if value is None else "is empty" if value == "" else "is no text"  # which may be a secret
        raise ProjectError(f"{file} {where}: {key} {said}; write {key} = '...'".replace(" :", ":"))
    return value


def _fill(value: Any, file: Path, where: str, secrets: list[str]) -> Any:
    """Put variables in place of ``${NAME}`` and ``${NAME:-what to take where it is not set}``."""
    if isinstance(value, dict):
        return {key: _fill(item, file, where, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, file, where, secrets) for item in value]
    if not isinstance(value, str):
        return value

    def one(match: re.Match[str]) -> str:
        if found := os.environ.get(match[1]):
            secrets.append(found)
            return found
        if match[2] is None:
            raise ProjectError(f"{file} {where} needs the environment variable {match[1]}, which is not set")
        return match[2]

    return _VARIABLE.sub(one, value)


def _state(url: str, root: Path, file: Path, where: str) -> str:
    """A SQLite path is counted from the project's folder."""
    match = re.fullmatch(r"(sqlite(?:\+\w+)?):(?:///?)?([^/].*)?", url)
    if match is None:
        return url
    if match[2] is None or match[2].startswith(":memory:"):
        raise ProjectError(f"{file} {where}: state = {url!r} would be forgotten at once; write sqlite:///path")
    return f"{match[1]}:///{(root / match[2]).as_posix()}"


def _written_secrets(table: Mapping[str, Any], channels: Iterable[ChannelConfig]) -> Iterator[str]:
    """What is secret wherever it stands: what signs, where it is sent, the password of the state database."""
    for channel in channels:
        yield from (text for text in (channel.secret, channel.url) if text)
    with suppress(ValueError):
        if password := urlsplit(str(table.get("state", ""))).password:
            yield password
            yield unquote(password)


def _io(table: Mapping[str, Any], file: Path, where: str, root: Path) -> Path:
    io = _table(table.get("io", {}), file, f"{where} io")
    _only(io, ("default",), file, f"{where} io")
    default = _table(io.get("default", {}), file, f"{where} io.default")
    _only(default, ("kind", "path"), file, f"{where} io.default")
    if (kind := default.get("kind", "files")) != "files":
        raise UnknownName("kind of IO manager", str(kind), ("files",), where=f"{file} {where} io.default")
    return root / _text(default, "path", file, f"{where} io.default", default=".tidegate/data")


def _executor(table: Mapping[str, Any], file: Path, where: str, root: Path) -> ExecutorConfig:
    here = f"{where} executor"
    given = _table(table.get("executor", {}), file, here)
    kind = given.get("kind", "inline")
    if kind not in _EXECUTOR_KEYS:
        raise UnknownName("kind of executor", str(kind), _EXECUTOR_KEYS, where=f"{file} {here}")
    _only(given, ("kind", *_EXECUTOR_KEYS[kind]), file, here)
    workers = given.get("workers", given.get("slots"))
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise ProjectError(f"{file} {here}: workers is how many steps run at once, 1 or more, not {workers!r}")
    if kind == "dask":
        _text(given, "address", file, here)
    files = {name: root / str(given[name]) for name in ("ca", "cert", "key") if name in given}
    if files and len(files) < 3:
        raise ProjectError(f"{file} {here}: ca, cert and key belong together; there is only {', '.join(files)}")
    return ExecutorConfig(
        kind=kind, workers=workers, resources=_amounts(given.get("resources", {}), file, f"{here} resources"),
        address=given.get("address"), ship=bool(given.get("ship", False)), **files,
    )  # fmt: skip


def _amounts(value: object, file: Path, where: str) -> dict[str, float]:
    found = _table(value, file, where)
    for name, amount in found.items():
        if isinstance(amount, bool) or not isinstance(amount, int | float) or amount <= 0:
            raise ProjectError(f"{file} {where}: {name} is a number above 0, not {amount!r}")
    return {name: float(amount) for name, amount in found.items()}


def _pools(table: Mapping[str, Any], file: Path, where: str) -> dict[str, int]:
    found = _amounts(table.get("pools", {}), file, f"{where} pools")
    for name, amount in found.items():
        if amount != int(amount):
            raise ProjectError(f"{file} {where} pools: {name} is how many steps run at once, not {amount}")
    return {name: int(amount) for name, amount in found.items()}


def _channels(table: Mapping[str, Any], file: Path, where: str) -> tuple[ChannelConfig, ...]:
    entries = table.get("channels", [])
    if not isinstance(entries, list):
        raise ProjectError(
            f"{file} {where}: channels is a list of tables; write channels = [{{ kind = 'webhook', ... }}]"
        )
    found: list[ChannelConfig] = []
    for number, entry in enumerate(entries, start=1):
        here = f"{where} channels[{number}]"
        one = _table(entry, file, here)
        _only(one, ("kind", "name", "url", "secret", "when"), file, here)
        if (kind := one.get("kind")) != "webhook":
            raise UnknownName("kind of channel", str(kind), ("webhook",), where=f"{file} {here}")
        name = _text(one, "name", file, here, default=kind if number == 1 else f"{kind}-{number}")
        if name in {channel.name for channel in found}:
            raise ProjectError(f"{file} {here}: a channel before it is called {name!r} too; give it a name= of its own")
        found.append(
            ChannelConfig(
                kind=kind, name=name, url=_text(one, "url", file, here),
                secret=_text(one, "secret", file, here) if "secret" in one else None,
                when=_text(one, "when", file, here, default="severity>=warn"),
            )
        )  # fmt: skip
    return tuple(found)


def _asset_configs(
    everywhere: object, table: Mapping[str, Any], file: Path, where: str
) -> dict[str, dict[str, object]]:
    """What the assets' functions get as ``config``: the project's, and the environment's before it."""
    found: dict[str, dict[str, object]] = {}
    for given, here in ((everywhere, "[config]"), (table.get("config", {}), f"{where} config")):
        for name, settings in _table(given, file, here).items():
            found.setdefault(name, {}).update(_table(settings, file, f"{here} {name}"))
    return found


def _clock(table: Mapping[str, Any], file: Path, where: str) -> datetime | None:
    """``clock = "2013-02-09 06:00 America/New_York"``."""
    text = table.get("clock")
    if text is None:
        return None
    if isinstance(text, datetime) and text.tzinfo is not None:
        return text
    try:
        day, time, zone = str(text).split()
        return datetime.fromisoformat(f"{day} {time}").replace(tzinfo=ZoneInfo(zone))
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise ProjectError(
            f"{file} {where}: clock = {text!r} isn't an instant; write 'YYYY-MM-DD HH:MM Area/City' ({error})"
        ) from error
