"""The port of schedules: conditions that combine with ``&``, ``|`` and ``~``, and what they look at.

A trigger is a condition that something happens: it holds while an occasion is pending, and each occasion makes its
asset due once. Other conditions only say whether now is a time to act on one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from orchestration.errors import DefinitionError
from orchestration.freshness import FreshnessStatus
from orchestration.model import Address
from orchestration.partitions import Partitions

Mark = Mapping[str, Any]
"""How far a trigger has got, as JSON; stored between ticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Something that happened: with its asset, ``key`` is its identity for ever."""

    key: str
    says: str
    at: datetime | None = None  # its due time, where it has one
    partitions: tuple[str, ...] | None = None
    makes_up: bool = False  # for a due time that was missed: what is due now goes first
    waits: bool = True  # until the asset neither waits in the queue nor runs
    force: bool = True  # the asset is made whatever its state; a partition in time only where it has to be


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A version that readers have seen since the last tick; ``id`` grows."""

    id: int
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """An event that something outside has told; ``seq`` grows."""

    seq: int
    name: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a look at a place outside found. ``token`` differs when something new is there; "" while nothing is.

    ``error``: nobody could look, and why.
    """

    token: str = ""
    says: str = ""
    error: str | None = None


class View(Protocol):
    """What a condition of one asset may look at; pure."""

    @property
    def now(self) -> datetime: ...

    @property
    def partitions(self) -> Partitions | None: ...

    @property
    def open_requests(self) -> int:
        """How many runs of the asset wait or run."""

    def mark(self, trigger: str) -> Mark | None:
        """How far a trigger has got; None: it is looked at for the first time."""

    def published(self, names: Sequence[str]) -> Sequence[Publication]:
        """What was published since the last tick of some assets; no names: of what the asset reads."""

    def upstream(self) -> Sequence[str]:
        """The assets that the asset reads."""

    def touched(self, addresses: Sequence[Address]) -> tuple[str, ...] | None:
        """The partitions of the asset that belong to published addresses and are complete."""

    def signals(self, name: str) -> Sequence[Signal]:
        """The events of a name since the last tick."""

    def sighting(self, place: str) -> Sighting | None:
        """What was found at a place; None: nobody has looked."""

    def held(self) -> str | None:
        """Which version of the asset, or of what it waits for, the gate holds; None: none."""

    def running(self) -> str | None:
        """Why the asset counts as running; None: it doesn't."""

    def freshness(self) -> FreshnessStatus | None:
        """How fresh it is by its policy; None: it has none."""

    def complete(self, at: datetime) -> tuple[str, ...] | None:
        """The partitions whose data is complete at an instant and that were not at the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a condition says now.

    ``kept``: where its triggers stand whatever becomes of it; ``taken``: where those stand whose occasions are acted
    on. ``passed``: what is passed over for good, and why.
    """

    holds: bool
    says: str
    occasions: tuple[Occasion, ...] = ()
    kept: Mapping[str, Mark] = field(default_factory=dict)
    taken: Mapping[str, Mark] = field(default_factory=dict)
    passed: tuple[str, ...] = ()
    unknown: bool = False  # it can't be told whether it holds


class Condition(ABC):
    """Immutable, compared by value; every method is pure."""

    @abstractmethod
    def answer(self, view: View) -> Answer:
        """Whether it holds now, why, and what makes the asset due."""

    @abstractmethod
    def describe(self) -> str:
        """As a person would write it."""

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """Those within it, each once."""
        return ()

    @property
    def can_be_due(self) -> bool:
        """Whether something that happens is part of every way in which it can hold."""
        return False

    def __and__(self, other: Condition) -> Condition:
        return Both(self, condition(other))

    def __or__(self, other: Condition) -> Condition:
        return Either(self, condition(other))

    def __invert__(self) -> Condition:
        if self.triggers:
            raise DefinitionError(
                f"~ {self.describe()} can't be: what doesn't happen is no time to do anything; negate conditions "
                "such as ob.held(), ob.running(), ob.within(...)"
            )
        return Unless(self)


class Trigger(Condition):
    """A condition that something happens; ``name`` is the same for all that are declared alike."""

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        return (self,)

    @property
    def can_be_due(self) -> bool:
        return True

    def next_at(self, now: datetime) -> datetime | None:
        """When it next happens, where that is known."""
        return None

    def says_pending(self, occasions: tuple[Occasion, ...], kept: Mark, taken: Mark, passed: str = "") -> Answer:
        """The answer of a trigger."""
        return Answer(
            holds=bool(occasions), says="; ".join(one.says for one in occasions) or f"{self.describe()}: nothing new",
            occasions=occasions, kept={self.name: kept}, taken={self.name: taken} if occasions else {},
            passed=(passed,) if passed else (),
        )  # fmt: skip


def condition(value: object) -> Condition:
    """What is combined with a condition; raises DefinitionError."""
    if isinstance(value, Condition):
        return value
    raise DefinitionError(f"& and | combine conditions such as ob.held() and ob.cron('0 6 * * *'), not {value!r}")


@dataclass(frozen=True, slots=True)
class Both(Condition):
    """One and the other; what made both due makes one occasion."""

    one: Condition
    other: Condition

    def answer(self, view: View) -> Answer:
        first, second = self.one.answer(view), self.other.answer(view)
        holds = first.holds and second.holds
        missing = [each.says for each in (first, second) if not each.holds]
        return Answer(
            holds=holds, says=f"{first.says}; {second.says}" if holds else "; ".join(missing),
            occasions=_joined(first.occasions, second.occasions) if holds else first.occasions + second.occasions,
            kept={**first.kept, **second.kept}, taken={**first.taken, **second.taken} if holds else {},
            passed=first.passed + second.passed, unknown=first.unknown or second.unknown,
        )  # fmt: skip

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        return _once(self.one, self.other)

    @property
    def can_be_due(self) -> bool:
        return self.one.can_be_due or self.other.can_be_due

    def describe(self) -> str:
        return " & ".join(
            f"({one.describe()})" if isinstance(one, Either) else one.describe() for one in (self.one, self.other)
        )


@dataclass(frozen=True, slots=True)
class Either(Condition):
    """One or the other."""

    one: Condition
    other: Condition

    def answer(self, view: View) -> Answer:
        both = self.one.answer(view), self.other.answer(view)
        those = [each for each in both if each.holds] or list(both)
        found = {occasion.key: occasion for each in those for occasion in each.occasions}
        return Answer(
            holds=any(each.holds for each in both), says="; ".join(each.says for each in those),
            occasions=tuple(found.values()), kept={**both[0].kept, **both[1].kept},
            taken={**both[0].taken, **both[1].taken}, passed=both[0].passed + both[1].passed,
            unknown=any(each.unknown for each in both) and not any(each.holds for each in both),
        )  # fmt: skip

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        return _once(self.one, self.other)

    @property
    def can_be_due(self) -> bool:
        return self.one.can_be_due and self.other.can_be_due

    def describe(self) -> str:
        return f"{self.one.describe()} | {self.other.describe()}"


@dataclass(frozen=True, slots=True)
class Unless(Condition):
    """The contrary; what can't be told is not its contrary either."""

    one: Condition

    def answer(self, view: View) -> Answer:
        found = self.one.answer(view)
        return Answer(holds=not found.holds and not found.unknown, says=found.says, unknown=found.unknown)

    def describe(self) -> str:
        inner = self.one.describe()
        return f"~({inner})" if isinstance(self.one, Both | Either) else f"~{inner}"


def _once(*conditions: Condition) -> tuple[Trigger, ...]:
    return tuple({trigger.name: trigger for one in conditions for trigger in one.triggers}.values())


def _joined(one: tuple[Occasion, ...], other: tuple[Occasion, ...]) -> tuple[Occasion, ...]:
    """One occasion of the newest on either side; where only one side has any, its own."""
    if not one or not other:
        return one or other
    a, b = one[-1], other[-1]
    instants = [each.at for each in (a, b) if each.at is not None]
    partitions = {key: None for each in (a, b) for key in each.partitions or ()}
    return (
        Occasion(
            key="+".join(sorted({a.key, b.key})), says=f"{a.says}; {b.says}", at=max(instants, default=None),
            partitions=tuple(partitions) or None, makes_up=a.makes_up and b.makes_up, waits=a.waits or b.waits,
            force=a.force or b.force,
        ),
    )  # fmt: skip
