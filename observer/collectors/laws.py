"""The law of ``Collector``, tried on one of them and some data."""

from __future__ import annotations

import math
import pickle
from collections.abc import Sequence

from observer.checks.data import CheckData
from observer.collectors.base import Collector
from observer.collectors.opening import opened
from observer.collectors.own import collected
from observer.metrics import METRICS
from observer.model import Observation
from orchestration.model import AssetKey


def check_collector(collector: Collector, data: object) -> tuple[Observation, ...]:
    """Try the law of a collector on some data, as a version would be measured.

    Parameters
    ----------
    collector: one of your own.
    data: a frame, an Arrow table or any object that your asset returns, such as the collector is made for.

    Returns
    -------
    tuple[Observation, ...]: what it measured, for you to look at.

    Raises
    ------
    AssertionError: which part of the law doesn't hold, and where.
    """
    assert isinstance(collector.name, str), "a collector has a name, a text"
    assert collector.name, "a collector's name is not empty"
    first = _measured(collector, data)
    failed = [one for one in first if one.metric == collector.name and one.value is None]
    assert not failed, f"{collector.name} could not measure this data: {failed[0].reason}"
    _check_observations(collector, first)
    assert _measured(collector, data) == first, f"{collector.name} says something else of the same data"
    again = pickle.loads(pickle.dumps(collector))
    assert _measured(again, data) == first, f"{collector.name} says something else after it was pickled"
    return first


def _check_observations(collector: Collector, seen: Sequence[Observation]) -> None:
    assert len(seen) <= collector.LIMIT, f"{collector.name} gives {len(seen)} observations, more than {collector.LIMIT}"
    names = [(one.metric, one.column, one.segment) for one in seen]
    for one in seen:
        where = f"{collector.name}: {one.metric}"
        assert one.metric not in METRICS, f"{where} is a metric of the catalogue"
        assert names.count((one.metric, one.column, one.segment)) == 1, f"{where} comes twice"
        if one.value is None:
            assert one.reason, f"{where} has neither a value nor a reason"
        else:
            assert isinstance(one.value, int | float), f"{where} is {one.value!r}, which is no number"
            assert math.isfinite(one.value), f"{where} is {one.value!r}, which is not finite"


def _measured(collector: Collector, data: object) -> tuple[Observation, ...]:
    with opened(data) as relation:
        looked = CheckData(asset=AssetKey("asset"), partition=None, value=data, relation=relation)
        return tuple(collected(collector, lambda one: one.collect(looked)))
