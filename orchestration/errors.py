"""What can go wrong in the orchestration core.

    TidegateError (Exception)
    ├── DefinitionError (ValueError)       an asset is declared wrongly
    │   ├── CycleError                     assets that need each other
    │   ├── DuplicateAsset                 two assets of one name
    │   └── ManifestError                  dbt's manifest isn't there, isn't whole, or of a schema that isn't known
    ├── UnknownName (LookupError)          a name that nothing carries; says the nearest ones
    ├── SelectionError (ValueError)        a selection that can't be read, or that selects nothing
    ├── PartitionError (ValueError)        a partition that isn't one
    ├── RunError (ValueError)              a run that can't be resumed or cancelled, and why
    ├── VersionError (ValueError)          a version that can't be rolled back to, discarded or let through
    ├── StateError (RuntimeError)          the state database can't be read or written
    │   └── LeaseHeld                      another process is materializing this address
    ├── LeaseLost (RuntimeError)           our lease was taken over: what we made must not be published
    │   ├── ClaimLost                      another process goes on with a queued run of ours
    │   └── LeadLost                       another process leads
    ├── StorageError (OSError)             data can't be read or written
    │   ├── CorruptData                    what is stored is not what was recorded
    │   ├── DoesNotFit                     a version that can never stand beside what readers see; make it anew
    │   └── DbtError                       dbt, which makes and keeps its nodes, can't be run, or not now
    │       ├── DbtMissing                 it isn't installed where it is looked for
    │       └── DbtBusy                    another run of dbt's has the same target
    └── AssetError (RuntimeError)          the user's function, or dbt's model, failed
        └── NothingReturned                it returned None, or yielded nothing

Each says what and where, what was left as it was, and what to do. ``code`` is stable; the API and the command
share it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar


class TidegateError(Exception):
    """Root of every error that Tidegate raises on purpose."""

    code: ClassVar[str] = "tidegate"


class DefinitionError(TidegateError, ValueError):
    """An asset is declared wrongly."""

    code = "invalid-definition"


class CycleError(DefinitionError):
    """Assets that need each other."""

    code = "cycle"

    def __init__(self, cycle: Iterable[str]) -> None:
        self.cycle = tuple(cycle)
        super().__init__(
            f"these assets need each other: {' -> '.join(self.cycle)}; nothing was run; remove one of the edges"
        )


class DuplicateAsset(DefinitionError):
    """Two assets of one name."""

    code = "duplicate-asset"

    def __init__(self, key: str, first: str, second: str) -> None:
        super().__init__(f"asset {key!r} is defined twice, in {first} and in {second}; rename one of them")


class ManifestError(DefinitionError):
    """dbt's manifest isn't there, isn't whole, or of a schema that isn't known."""

    code = "invalid-manifest"


class UnknownName(TidegateError, LookupError):
    """A name that nothing carries; says the nearest ones."""

    code = "unknown-name"

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str = "") -> None:
        self.kind, self.name, self.where = kind, name, where
        self._known = list(known)
        self.nearest = _nearest(name, self._known)
        near = _advised(self.nearest, self._known)
        super().__init__(f"{where + ': ' if where else ''}no {kind} is called {name!r}{near}")

    def told_to(self, sees: Callable[[str], bool]) -> UnknownName:
        """The same, which names only what its reader sees."""
        return UnknownName(self.kind, self.name, [each for each in self._known if sees(each)], where=self.where)


class SelectionError(TidegateError, ValueError):
    """A selection that can't be read, or that selects nothing."""

    code = "invalid-selection"


class PartitionError(TidegateError, ValueError):
    """A partition that isn't one."""

    code = "invalid-partition"


class RunError(TidegateError, ValueError):
    """A run that can't be resumed or cancelled."""

    code = "cannot-change-run"


class VersionError(TidegateError, ValueError):
    """A version that can't be rolled back to, discarded or let through."""

    code = "invalid-version"


class StateError(TidegateError, RuntimeError):
    """The state database can't be read or written."""

    code = "state"


class LeaseHeld(StateError):
    """Another process is materializing this address."""

    code = "lease-held"

    def __init__(self, address: str, holder: str, run_id: str, since: str) -> None:
        self.address, self.holder, self.run_id = address, holder, run_id
        super().__init__(
            f"{address} is being materialized by run {run_id} ({holder}, since {since}); this run left it as "
            "it is; run it again when that run has ended"
        )


class LeaseLost(TidegateError, RuntimeError):
    """Our lease was taken over: what we made must not be published."""

    code = "lease-lost"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address}: another process took over while this one was not heard of; what this one made was "
            "not published and readers keep what they had; run it again if it is still needed"
        )


class ClaimLost(LeaseLost):
    """Another process goes on with a queued run that this one had claimed."""

    code = "claim-lost"

    def __init__(self, run_id: str) -> None:
        RuntimeError.__init__(
            self,
            f"run {run_id}: another process took it from the queue while this one was not heard of, and goes on with "
            f"it; this one changed nothing more; see how it stands: GET /api/v1/runs/{run_id}",
        )


class LeadLost(LeaseLost):
    """Another process leads."""

    code = "lead-lost"

    def __init__(self, name: str) -> None:
        RuntimeError.__init__(
            self, f"another process leads {name} since this one was not heard of; what this one decided was not written"
        )


class StorageError(TidegateError, OSError):
    """Data can't be read or written."""

    code = "storage"

    said: str | None = None
    """What the engine itself answered, in one line and without secrets; None where that isn't all there is to say."""

    def __str__(self) -> str:  # OSError would print only errno and strerror
        return str(self.args[0]) if self.args else ""


class CorruptData(StorageError):
    """What is stored is not what was recorded."""

    code = "corrupt-data"


class DoesNotFit(StorageError):
    """A version can't be put where readers see it, and trying again would not help: it has to be made anew."""

    code = "does-not-fit"


class DbtError(StorageError):
    """dbt, which makes and keeps its nodes, can't be run."""

    code = "dbt"


class DbtMissing(DbtError):
    """dbt isn't installed where it is looked for."""

    code = "dbt-missing"


class DbtBusy(DbtError):
    """Another run of dbt's has the same target."""

    code = "dbt-busy"


class AssetError(TidegateError, RuntimeError):
    """The user's function, or dbt's model, failed."""

    code = "asset-failed"


class NothingReturned(AssetError):
    """The user's function returned None, or yielded nothing."""

    code = "nothing-returned"

    def __init__(self, address: str, function: str, did: str = "returned None") -> None:
        super().__init__(
            f"{address}: {function} {did}; nothing was published and readers keep what they had; "
            "return the data (an empty frame if there is none)"
        )


_MOST_NAMES = 10


_NEAR, _NEAR_ENOUGH = 3, 0.5


def _nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """What ``difflib.get_close_matches`` finds, which compares each name: here only those that may be the nearest."""
    matcher: difflib.SequenceMatcher[str] = difflib.SequenceMatcher()
    matcher.set_seq2(name)
    near: list[tuple[float, str]] = []
    for most, other in sorted(((_most_alike(name, one), one) for one in known), reverse=True):
        if most < _NEAR_ENOUGH or (len(near) == _NEAR and (most, other) < near[-1]):
            break
        matcher.set_seq1(other)
        if (alike := matcher.ratio()) >= _NEAR_ENOUGH:
            near = sorted((*near, (alike, other)), reverse=True)[:_NEAR]
    return tuple(other for _, other in near)


def _most_alike(name: str, other: str) -> float:
    """An upper bound of how alike they are: their common letters, wherever they stand."""
    both = sum(min(name.count(letter), other.count(letter)) for letter in set(other))
    return 2.0 * both / ((len(name) + len(other)) or 1)


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message: the names near ``name``, or where none is near, what there is (at most ten)."""
    there = list(map(str, known))  # of an enum's names their words
    return _advised(_nearest(name, there), there)


def _advised(near: Sequence[str], known: Iterable[str]) -> str:
    there = sorted(known)
    if near:
        return f"; did you mean {' or '.join(repr(n) for n in near)}?"
    if not there:
        return "; there is none"
    more = f" and {len(there) - _MOST_NAMES:,} more" if len(there) > _MOST_NAMES else ""
    return f"; there {'is' if len(there) == 1 else 'are'} {', '.join(map(repr, there[:_MOST_NAMES]))}{more}"
