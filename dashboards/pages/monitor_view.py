"""How a reader looks at a monitor: an address says it all, with absolute times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from dashboards.instants import asked, exact

BACKTEST = "backtest"
"""The panel that is a page of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What an address asks for; what is left out is as usual."""

    asset: str
    monitor: str
    part: str = ""
    since: datetime | None = None
    until: datetime | None = None
    at: datetime | None = None  # the point that is looked at
    partition: str | None = None  # or the partition of it
    clock: bool = False  # when points were measured, not when their data is of
    log: bool = False
    week: bool = False  # the week before is laid over
    before: datetime | None = None  # the rows of the table are older
    panel: str = ""

    @classmethod
    def of(cls, asset: str, monitor: str, query: Mapping[str, str]) -> View:
        """From the fields of an address; raises NotAnInstant."""
        since, until, at, before = (asked(name, query.get(name)) for name in ("from", "to", "at", "before"))
        return cls(
            asset=asset, monitor=monitor, part=query.get("part", ""), since=since, until=until, at=at,
            partition=query.get("partition") or None, clock=query.get("axis") == "clock",
            log=query.get("scale") == "log", week=query.get("over") == "week", before=before,
            panel=query.get("panel", ""),
        )  # fmt: skip

    def but(self, **changes: object) -> str:
        """The address of the same with some changes; None and False take away."""
        known = {one.name for one in fields(self)}
        assert changes.keys() <= known, changes
        return replace(self, **changes).url  # type: ignore[arg-type]  # of its own fields

    @property
    def url(self) -> str:
        """The address."""
        said = {
            "part": self.part, "from": _text(self.since), "to": _text(self.until), "at": _text(self.at),
            "partition": self.partition if self.at is None else None, "axis": "clock" if self.clock else "",
            "scale": "log" if self.log else "", "over": "week" if self.week else "", "before": _text(self.before),
            "panel": self.panel,
        }  # fmt: skip
        query = urlencode({name: value for name, value in said.items() if value}, safe=":")
        return monitor_path(self.asset, self.monitor) + (f"?{query}" if query else "")

    @property
    def twin(self) -> str:
        """The address of the same as JSON."""
        path, _, query = self.url.partition("?")
        return f"{path}.json{'?' if query else ''}{query}"


def monitor_path(asset: str, monitor: str) -> str:
    """Where a monitor's page is, whatever their names hold."""
    return f"/assets/{quote(asset, safe='/')}/monitors/{quote(monitor, safe='()')}"


def monitor_url(asset: str, monitor: str, part: str = "", partition: str | None = None) -> str:
    """The address of a monitor's page, perhaps with one partition pointed at."""
    return View(asset=asset, monitor=monitor, part=part, partition=partition).url


def _text(at: datetime | None) -> str:
    if at is None:
        return ""
    return exact(at) if not at.microsecond else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
