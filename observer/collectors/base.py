"""The port of a collector: read this file and you can write one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from observer.checks.data import CheckData
from observer.model import Observation


class Collector(ABC):
    """Measures several numbers of a version that no expression can: declared by ``ob.asset(metrics=[...])``.

    The law:

    1. *Pure.* It looks and changes nothing; the same data gives the same observations. It may be shared between
       threads and pickles, since versions may be measured in another process.
    2. *Its own names.* A metric of the catalogue is not its to give, and no metric comes twice for one column and
       segment. Names are stable, since history goes by them.
    3. *Missing is not zero.* A value is a finite number, or None with the reason.
    4. *Bounded.* At most ``LIMIT`` observations a version.

    What it raises becomes one observation, of its ``name``, without a value and with the exception as the reason; the
    others go on. ``observer.testing.check_collector`` tries the law.
    """

    LIMIT = 1000

    name: str
    """What it is called where something is wrong with it; unique on its asset."""

    @abstractmethod
    def collect(self, data: CheckData) -> Iterable[Observation]:
        """Return what was measured of the data; called once a version."""
