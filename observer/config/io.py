"""``io``: which IO manager keeps which assets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from observer.config.retention import retention
from observer.config.section import Section
from observer.errors import ProjectError, UnknownName
from orchestration.io.kinds import KINDS
from orchestration.retention import Retention

DEFAULT = "default"
FILES: Mapping[str, Any] = MappingProxyType({"path": ".tidegate/data"})
"""Where versions lie if nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IOConfig:
    """One IO manager of an environment; ``assets`` is the selection that it keeps, None for all others.

    ``options`` are what its kind takes, and never appear in a representation: they may hold a password.
    """

    name: str
    kind: str
    options: Mapping[str, Any] = field(repr=False)
    assets: str | None
    retention: Retention | None
    where: str


def io(env: Section) -> tuple[IOConfig, ...]:
    """The IO managers of an environment, the default one last; raises ProjectError, UnknownName."""
    given = env.table("io")
    named = [name for name in given.values if name != DEFAULT]
    for name in named:  # a mistyped "default" says nothing of assets
        if isinstance(given.values[name], dict) and "assets" not in given.values[name]:
            near = UnknownName("setting", name, (DEFAULT,), where=str(given))
            raise (
                near
                if near.nearest
                else ProjectError(
                    f"{given}.{name} doesn't say which assets it keeps; write assets = 'tag:model' (a selection)"
                )
            )
    general = retention(env)
    return tuple(_one(given, name, general) for name in (*named, DEFAULT))


def _one(given: Section, name: str, general: Retention | None) -> IOConfig:
    one = given.at(given.values.get(name, {}), f"{given.where}.{name}")
    kind = one.values.get("kind", "files")
    if kind not in KINDS:
        raise UnknownName("kind of IO manager", str(kind), KINDS, where=str(one))
    if name == DEFAULT and "assets" in one.values:
        raise ProjectError(f"{one} keeps every asset that no other takes; leave assets= out")
    options = {key: value for key, value in one.values.items() if key not in ("kind", "assets", "retention")}
    if kind == "files":
        options = {**FILES, **options}
    own = retention(one)
    return IOConfig(
        name=name, kind=kind, options=options, assets=one.maybe("assets"),
        retention=own if own is not None else general, where=str(one),
    )  # fmt: skip
