"""Batches of categories put together, each known by its most frequent ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detectors.measures import Measure, by_chance, distance, stability_index
from detectors.shift import Move, Reference, Sample, Shift

NAMED = 0.5
"""Share of the batches of which a category must be known to be looked at by its name."""

LITTLE = 0.25
"""Share of the largest change below which another is not told."""

SAID = 3
"""Most changes, and most names of categories never seen, that are told."""


class CategoryReference(Reference):
    """Batches of categories, put together with the same weight for each.

    A category that no batch has among its most frequent was never seen where all batches tell all of theirs; else where
    it is more frequent than any that a batch does not tell can have been.

    Parameters
    ----------
    samples: with `counts`.
    measure: by what it is told how far another batch is from them; any but Wasserstein.

    Examples
    --------
    >>> day = Sample(values=100, counts={"UA": 60, "B6": 40})
    >>> found = CategoryReference([day] * 7).shift(Sample(values=100, counts={"UA": 30, "B6": 70}))
    >>> [(move.category, round(move.before, 2), move.now) for move in found.moves]
    [('B6', 0.4, 0.7), ('UA', 0.6, 0.3)]
    """

    def __init__(self, samples: Sequence[Sample], measure: Measure = Measure.JENSEN_SHANNON) -> None:
        self.measure = measure
        self.values = sum(sample.values for sample in samples)
        self.seen: set[str] = set()
        self.hidden = 0.0
        """The largest share that a category of which nobody knows can have had."""
        shares: dict[str, float] = {}
        known: dict[str, int] = {}
        for sample in samples:
            self.seen.update(sample.counts)
            self.hidden = max(self.hidden, _hidden(sample))
            for category, count in sample.counts.items():
                shares[category] = shares.get(category, 0.0) + count / sample.values / len(samples)
                known[category] = known.get(category, 0) + 1
        self.shares = {name: share for name, share in shares.items() if known[name] >= NAMED * len(samples)}

    def shift(self, sample: Sample) -> Shift:
        now = self._named(sample)
        unseen = self._unseen(sample)
        new = sum(unseen.values())
        rest = max(0.0, 1.0 - sum(now.values()) - new), max(0.0, 1.0 - sum(self.shares.values()))
        cells = [*now.values(), rest[0], new], [*self.shares.values(), rest[1], 0.0]
        return Shift(
            effect=self._effect(*cells, new),
            chance=by_chance(self.measure, len(now) + (rest[1] > 0.0), sample.values, self.values),
            moves=self._moves(now, unseen),
        )

    def _effect(self, now: Sequence[float], before: Sequence[float], unseen: float) -> float:
        if self.measure is Measure.UNSEEN:
            return unseen
        return stability_index(now, before) if self.measure is Measure.STABILITY else distance(now, before)

    def sample(self) -> Sample:
        counts = {name: share * self.values for name, share in self.shares.items()}
        return Sample(values=self.values, counts=counts, other=max(0.0, self.values - sum(counts.values())))

    def _named(self, sample: Sample) -> dict[str, float]:
        """Return the shares of what is looked at by name; what isn't told may be as frequent as it was."""
        hidden, left = _hidden(sample), sample.other / sample.values
        found: dict[str, float] = {}
        for name, before in self.shares.items():
            share = sample.counts.get(name, 0.0) / sample.values
            if name not in sample.counts:
                share = min(before, hidden, left)
                left -= share
            found[name] = share
        return found

    def _unseen(self, sample: Sample) -> dict[str, float]:
        shares = {name: count / sample.values for name, count in sample.counts.items() if name not in self.seen}
        return {name: share for name, share in shares.items() if share > self.hidden}

    def _moves(self, now: Mapping[str, float], unseen: Mapping[str, float]) -> tuple[Move, ...]:
        moves = [Move(before=self.shares[name], now=share, category=name) for name, share in now.items()]
        if unseen:
            names = sorted(unseen, key=lambda name: (-unseen[name], name))[:SAID]
            moves.append(Move(before=0.0, now=sum(unseen.values()), unseen=tuple(names)))
        moves.sort(key=lambda move: (-round(abs(move.now - move.before), 9), move.now < move.before))
        least = max(LITTLE * abs(moves[0].now - moves[0].before), 1e-9) if moves else 0.0
        return tuple(move for move in moves[:SAID] if abs(move.now - move.before) > least)


def _hidden(sample: Sample) -> float:
    """Return the largest share that one category among the `other` can have."""
    return min(min(sample.counts.values(), default=sample.other), sample.other) / sample.values
