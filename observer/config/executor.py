"""``executor`` and ``pools``: where steps are performed, and how many at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from observer.config.section import Section
from observer.errors import ProjectError, UnknownName

KEYS: Mapping[str, tuple[str, ...]] = {
    "inline": (),
    "threads": ("workers",),
    "processes": ("workers", "resources"),
    "dask": ("address", "slots", "ca", "cert", "key", "ship"),
}


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


def executor(env: Section, root: Path) -> ExecutorConfig:
    """The executor of an environment; raises ProjectError, UnknownName."""
    given = env.table("executor")
    kind = given.values.get("kind", "inline")
    if kind not in KEYS:
        raise UnknownName("kind of executor", str(kind), KEYS, where=str(given))
    given.only(("kind", *KEYS[kind]))
    workers = given.count("slots" if "slots" in given.values else "workers", "how many steps run at once")
    if kind == "dask":
        given.text("address")
    files = {name: root / given.text(name) for name in ("ca", "cert", "key") if name in given.values}
    if files and len(files) < 3:
        raise ProjectError(f"{given}: ca, cert and key belong together; there is only {', '.join(files)}")
    return ExecutorConfig(
        kind=kind, workers=workers, resources=given.amounts("resources"), address=given.maybe("address"),
        ship=bool(given.values.get("ship", False)), **files,
    )  # fmt: skip


def pools(env: Section) -> dict[str, int]:
    """How many steps of one pool run at once."""
    found = env.amounts("pools")
    for name, amount in found.items():
        if amount != int(amount):
            raise ProjectError(f"{env} pools: {name} is how many steps run at once, not {amount}")
    return {name: int(amount) for name, amount in found.items()}
