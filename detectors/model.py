"""What goes into a detector and what comes out: numbers only, no asset, database or clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING

from detectors.errors import HistoryError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]


class MetricKind(StrEnum):
    """The kind of noise that a metric has, which decides its default detector."""

    COUNT = "count"
    """Rows, distinct values, bytes: not negative, spread grows with the level."""
    RATE = "rate"
    """A share 0..1 of rows, such as nulls: binomial noise from its exposure, over-dispersed to the right."""
    MEAN = "mean"
    """A mean, median or quantile of a column, of either sign."""
    DURATION = "duration"
    """Seconds that something took: only longer is news."""
    FRESHNESS = "freshness"
    """Seconds of age or lateness: only older is news."""
    ARRIVAL = "arrival"
    """Seconds that something has been waited for: only longer is news."""
    VALUE = "value"
    """Any other number."""
    EFFECT = "effect"
    """How far something has moved from what was before, 0 or more: only farther is news."""


class Cadence(StrEnum):
    """How often a series gets a point, which decides the seasons that can be looked for."""

    MINUTELY = "minutely"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    IRREGULAR = "irregular"


class DetectionStatus(StrEnum):
    """What a detector says about a point."""

    NORMAL = "normal"
    ANOMALOUS = "anomalous"
    LEARNING = "learning"
    """Too little history to judge at the alpha asked for; `runs_needed` says how much is missing."""
    UNKNOWN = "unknown"
    """The point has no value that could be judged: neither pass nor fail."""


class Direction(StrEnum):
    """On which side of what was expected a value lies."""

    HIGH = "high"
    LOW = "low"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The past of one series, oldest first.

    Parameters
    ----------
    at: float64[n], POSIX seconds UTC, strictly increasing and finite.
    value: float64[n], in the metric's unit; NaN is missing (never zero), infinities count as missing.
    excluded: bool[n], True where the point must not train (held, discarded, confirmed bad).
    exposure: float64[n], the row count behind a rate or a mean, NaN where unknown; None if never known. Of an effect
        size the inverse of the mean square that chance alone gives it.
    utc_offset_s: seconds to add to `at` for the data's local clock, only used to find weekday and hour.
    special: int64[n], the kind of special day that each point is of, 0 for an ordinary one; None if all are.

    Raises
    ------
    HistoryError: lengths differ, or times are not finite and strictly increasing.
    """

    at: FloatArray
    value: FloatArray
    excluded: BoolArray
    exposure: FloatArray | None = None
    utc_offset_s: float = 0.0
    special: IntArray | None = None

    def __post_init__(self) -> None:
        import numpy as np

        size = len(self.at)
        fields = {
            "at": self.at, "value": self.value, "excluded": self.excluded, "exposure": self.exposure,
            "special": self.special,
        }  # fmt: skip
        for name, array in fields.items():
            if array is not None and array.shape != (size,):
                raise HistoryError(
                    f"`{name}` has shape {array.shape}, `at` has {size} points",
                    "Give one entry for each point.",
                )
        if not np.isfinite(self.at).all():
            where = int(np.argmin(np.isfinite(self.at)))
            raise HistoryError(f"at[{where}] is {self.at[where]}", "Give POSIX seconds for every point.")
        steps = np.diff(self.at)
        if (steps <= 0).any():
            where = int(np.argmax(steps <= 0)) + 1
            raise HistoryError(
                f"at[{where}]={self.at[where]:.15g} does not come after {self.at[where - 1]:.15g}",
                "Sort by time and keep the newest of points with the same time.",
            )
        if not isfinite(self.utc_offset_s):
            raise HistoryError(f"utc_offset_s is {self.utc_offset_s}", "Give seconds east of Greenwich.")

    @classmethod
    def of(
        cls,
        at: ArrayLike,
        value: ArrayLike,
        excluded: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
        utc_offset_s: float = 0.0,
        special: ArrayLike | None = None,
    ) -> History:
        """Make a history from anything that numpy reads as numbers; None in `value` is missing.

        Parameters
        ----------
        at, value, excluded, exposure, utc_offset_s, special: as in the class; `excluded=None` excludes nothing.

        Returns
        -------
        History: with arrays of its own, so that later changes to the arguments don't reach it.

        Raises
        ------
        HistoryError: what is given cannot be read as numbers, or is no history.

        Examples
        --------
        >>> History.of([0, 86400], [5000, None]).value
        array([5000.,   nan])
        """
        import numpy as np

        try:
            times = np.array(at, dtype=np.float64)
            values = np.array(value, dtype=np.float64)
            rows = None if exposure is None else np.array(exposure, dtype=np.float64)
            bad = np.zeros(values.shape, np.bool_) if excluded is None else np.array(excluded, dtype=np.bool_)
            kinds = None if special is None else np.array(special, dtype=np.int64)
        except (TypeError, ValueError) as error:
            raise HistoryError(f"an entry is no number ({error})", "Give numbers, None or NaN.") from error
        for array in (times, values, bad, rows, kinds):
            if array is not None:
                array.setflags(write=False)
        return cls(at=times, value=values, excluded=bad, exposure=rows, utc_offset_s=utc_offset_s, special=kinds)

    def __len__(self) -> int:
        return len(self.at)

    def before(self, end: int) -> History:
        """Return the first `end` points (views, no copies).

        Examples
        --------
        >>> len(History.of([1, 2, 3], [7, 8, 9]).before(2))
        2
        """
        rows = None if self.exposure is None else self.exposure[:end]
        return History(
            at=self.at[:end],
            value=self.value[:end],
            excluded=self.excluded[:end],
            exposure=rows,
            utc_offset_s=self.utc_offset_s,
            special=None if self.special is None else self.special[:end],
        )

    def points(self) -> list[Point]:
        """Return the points as plain records, oldest first.

        Examples
        --------
        >>> History.of([1], [7]).points()
        [Point(at=1.0, value=7.0, exposure=None, special=0)]
        """
        times, values = self.at.tolist(), self.value.tolist()
        if self.special is not None:
            return self._special_points(self.special.tolist())
        if self.exposure is None:
            return [Point(at, value) for at, value in zip(times, values, strict=True)]
        rows = (row if isfinite(row) else None for row in self.exposure.tolist())
        return [Point(at, value, row) for at, value, row in zip(times, values, rows, strict=True)]

    def _special_points(self, kinds: list[int]) -> list[Point]:
        ordinary = replace(self, special=None).points()
        return [replace(point, special=kind) if kind else point for point, kind in zip(ordinary, kinds, strict=True)]


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series.

    Parameters
    ----------
    at: POSIX seconds UTC.
    value: in the metric's unit; NaN is missing.
    exposure: the row count behind a rate or a mean, or what it is of an effect size; None is unknown.
    special: the kind of special day that it is of; 0 for an ordinary one.

    Examples
    --------
    >>> Point(86400.0, 0.02, exposure=930)
    Point(at=86400.0, value=0.02, exposure=930, special=0)
    """

    at: float
    value: float
    exposure: float | None = None
    special: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """A detector's verdict on one point, with all the numbers that it rests on.

    Parameters
    ----------
    status: the verdict.
    score: -log10 of the p-value, at least 0 and comparable across series; 0 where nothing could be judged.
    p_value: how often a normal point is at least as surprising, 0..1; None where nothing could be judged.
    lower, upper: the band at `alpha` in the metric's unit; None is unbounded, or no band yet.
    expected: the forecast in the metric's unit; None without any.
    direction: the side of `expected` on which the value lies, where it was judged.
    detector: the name of the detector.
    trained_from, trained_to: POSIX seconds of the first and last point that trained; None without any.
    n_train: how many points trained.
    runs_needed: how many more trained points it takes until it can judge; 0 unless LEARNING.
    min_p_value: the smallest p-value that can be supported today; None while none can.
    alpha: the p-value below which a point is ANOMALOUS, 0..1.
    """

    status: DetectionStatus
    score: float = 0.0
    p_value: float | None = None
    lower: float | None = None
    expected: float | None = None
    upper: float | None = None
    direction: Direction = Direction.NONE
    detector: str
    trained_from: float | None = None
    trained_to: float | None = None
    n_train: int = 0
    runs_needed: int = 0
    min_p_value: float | None = None
    alpha: float
