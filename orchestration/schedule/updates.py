"""Due when something that is read was published anew."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.model import Address, AssetKey
from orchestration.schedule.base import Answer, Occasion, Trigger, View

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Updated(Trigger):
    """Some assets; none: those that the asset reads. ``every``: only once each of them has something new."""

    assets: tuple[str, ...] = ()
    every: bool = False

    @property
    def name(self) -> str:
        return f"{'updates' if self.every else 'update'} {','.join(self.assets)}"

    def describe(self) -> str:
        if self.assets:
            return f"{(' and ' if self.every else ' or ').join(self.assets)} updated"
        return "all upstreams updated" if self.every else "any upstream updated"

    def answer(self, view: View) -> Answer:
        mark = view.mark(self.name) or {}
        newest = {Address(AssetKey(a), p): n for a, p, n in mark.get("pending", ())}
        for one in view.published(self.assets):
            newest[one.address] = one.id
        if not newest:
            return self.says_pending((), mark, mark)
        kept = {"pending": [[address.asset, address.partition, n] for address, n in newest.items()]}
        wanted = self.assets or view.upstream()
        missing = [name for name in wanted if not any(address.asset == name for address in newest)]
        if self.every and missing:
            return self.says_pending((), kept, kept)
        partitions = view.touched(tuple(newest))
        if partitions == ():  # no partition of it is complete yet that reads these
            return self.says_pending((), kept, kept)
        names = [str(address) for address in newest]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        occasion = Occasion(
            key=f"update@{max(newest.values())}",
            says=f"{', '.join(names[:_NAMED])}{more} {'was' if len(names) == 1 else 'were'} published",
            partitions=partitions, force=False,
        )  # fmt: skip
        return self.says_pending((occasion,), kept, {})


def on_update(*assets: str) -> Updated:
    """Due when one of some assets was published anew, with other data than before.

    Parameters
    ----------
    assets:
        Their names; none: the assets that the asset reads.

    >>> on_update("flights").describe()
    'flights updated'
    """
    return Updated(tuple(dict.fromkeys(str(getattr(one, "key", one)) for one in assets)))


def any_upstream_updated() -> Updated:
    """Due when anything that the asset reads was published anew.

    >>> any_upstream_updated().describe()
    'any upstream updated'
    """
    return Updated()


def all_upstreams_updated() -> Updated:
    """Due once everything that the asset reads was published anew since it was last due.

    >>> all_upstreams_updated().describe()
    'all upstreams updated'
    """
    return Updated(every=True)
