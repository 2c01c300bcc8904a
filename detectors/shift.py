"""How far the values of a batch have moved from those of the batches before: one effect size a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detectors.model import FloatArray

WINDOW = 28
"""Batches that are remembered: four weeks of daily ones."""

SLOT_WINDOW = 6
"""Batches of the same slot (a weekday, an hour) that are remembered."""

FEWEST = 3
"""Fewest batches that another is compared with."""

NEW_LEVEL_AFTER = 3
"""So many batches in a row that are all unlike those before are what there is now."""

PROBATION = 14
"""For so many batches after that, to be like those before is no news."""

BEYOND = 4.0
"""Robust standard deviations by which an effect size is unlike those before."""

SETTLE = 7
"""Effect sizes that are needed to know what is usual."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """How the values of a column of one batch are spread, as far as it was looked at.

    Parameters
    ----------
    values: how many values were looked at, above 0.
    points: of numbers: the values at equally spaced ranks from 0 to 1, at least four, increasing.
    counts: of categories: how many values each has, above 0.
    other: of categories: how many values have none of those.
    """

    values: float
    points: FloatArray | tuple[float, ...] = ()
    counts: Mapping[str, float] = field(default_factory=dict)
    other: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A share of the values that has changed.

    Parameters
    ----------
    before, now: the shares, 0..1.
    above, upto: of numbers: what the values are above, or at most; one of both is None.
    category: of categories: which; None where it is all that were never seen, whose names are in `unseen`.
    """

    before: float
    now: float
    above: float | None = None
    upto: float | None = None
    category: str | None = None
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """Values that have moved together.

    Parameters
    ----------
    first, last: the ranks between which they lie, 0..1.
    by: how far the one in their middle has moved, in their unit; below 0 is down.
    """

    first: float
    last: float
    by: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How far a batch is from those before.

    Parameters
    ----------
    effect: how far, 0 or more, by the measure of the reference.
    chance: the mean square that an effect has by the size of the samples alone.
    moves: the changes that matter most, largest first.
    slide: of numbers: which of them have moved together; None where none have, as far as can be told.
    """

    effect: float
    chance: float
    moves: tuple[Move, ...]
    slide: Slide | None = None


class Reference(ABC):
    """Batches that another is compared with, put together."""

    @abstractmethod
    def shift(self, sample: Sample) -> Shift:
        """Return how far `sample` is from them."""

    @abstractmethod
    def sample(self) -> Sample:
        """Return them as one batch."""


class Shifts:
    """The batches of one column, and how far each is from those before it.

    A batch is compared with the last four weeks together, and with the last of the same weekday or hour; it is as far
    as the nearer of both, so that what comes every week is no news. Once three in a row were unlike everything before,
    they are what others are compared with; for a while the batches before them still are, too.

    Parameters
    ----------
    together: puts batches together: `detectors.ranks.RankReference` or `detectors.categories.CategoryReference`.

    Examples
    --------
    >>> from detectors.categories import CategoryReference
    >>> shifts = Shifts(CategoryReference)
    >>> for day in range(30):
    ...     shifts.learn(Sample(values=1000, counts={"UA": 500 + day % 3, "B6": 500 - day % 3}), slot=day % 7)
    >>> found = shifts.shift(Sample(values=1000, counts={"UA": 400, "B6": 450, "ZZ": 150}), slot=2)
    >>> round(found.effect, 2), found.moves[0].unseen
    (0.28, ('ZZ',))
    """

    __slots__ = ("beyond", "former", "probation", "slots", "together", "usual", "window")

    def __init__(self, together: Callable[[Sequence[Sample]], Reference]) -> None:
        self.together = together
        self.window: deque[Sample] = deque(maxlen=WINDOW)
        self.slots: dict[int, deque[Sample]] = {}
        self.former: tuple[Sample, ...] = ()
        self.probation = 0
        self.usual: deque[float] = deque(maxlen=WINDOW)
        """Effect sizes of batches that were like those before."""
        self.beyond = 0
        """How many batches in a row were not."""

    def shift(self, sample: Sample, slot: int) -> Shift | None:
        """Return how far `sample` is from the batches before; teaches nothing. None while there are too few.

        Parameters
        ----------
        slot: in which slot of its season (`detectors.season.slot_at`) it lies.
        """
        found = self.nearest(sample, slot)
        return found[1] if found else None

    def nearest(self, sample: Sample, slot: int) -> tuple[Reference, Shift] | None:
        """Return what `sample` is compared with, and how far it is from that; arguments as of `shift`."""
        past: Iterable[Sequence[Sample]] = (self.window, self.slots.get(slot, ()), self.former)
        known = [self.together(samples) for samples in map(tuple, past) if len(samples) >= FEWEST]
        return min(((each, each.shift(sample)) for each in known), key=lambda pair: pair[1].effect, default=None)

    def learn(self, sample: Sample, slot: int, shift: Shift | None = None) -> None:
        """Take in a batch; `shift` is what `shift` said of it, where that was asked."""
        found = shift or self.shift(sample, slot)
        if found is not None:
            self._weigh(found.effect)
        self.window.append(sample)
        self.slots.setdefault(slot, deque(maxlen=SLOT_WINDOW)).append(sample)
        self.probation = max(0, self.probation - 1)
        if not self.probation:
            self.former = ()
        if self.beyond >= NEW_LEVEL_AFTER:
            self._begin_anew()

    def _weigh(self, effect: float) -> None:
        if len(self.usual) >= SETTLE and effect > _end(self.usual):
            self.beyond += 1
        else:
            self.beyond = 0
            self.usual.append(effect)

    def _begin_anew(self) -> None:
        known = tuple(self.window)
        self.former, self.probation, self.beyond = known[:-NEW_LEVEL_AFTER], PROBATION, 0
        self.window = deque(known[-NEW_LEVEL_AFTER:], maxlen=WINDOW)
        self.slots = {}


def _end(usual: Iterable[float]) -> float:
    """Return the largest effect size that is still usual."""
    known = sorted(usual)
    middle = median(known)
    spread = 1.4826 * median(abs(one - middle) for one in known)
    return middle + BEYOND * max(spread, 0.1 * middle)
