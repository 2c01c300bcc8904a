"""What a detector has learned as plain data, and back: a restart changes no verdict."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from importlib import import_module

from detectors.base import State
from detectors.errors import StateError
from detectors.model import Cadence, MetricKind
from detectors.noise import NOISES, Noise

FORMAT = 4
"""Raised when a state's numbers change their meaning; states of another format are learned anew."""

PARTS: dict[str, str] = {
    "AdaptiveState": "detectors.adaptive",
    "ArrivalState": "detectors.arrival",
    "CalendarState": "detectors.calendar",
    "Carry": "detectors.carry",
    "ClockHabit": "detectors.habit",
    "Cluster": "detectors.cluster",
    "DriftState": "detectors.drift",
    "EffectState": "detectors.effect",
    "EpisodicState": "detectors.episodic",
    "Level": "detectors.forecast",
    "Mixture": "detectors.forecast",
    "MonthHabit": "detectors.habit",
    "Run": "detectors.drift",
    "SlotHabit": "detectors.habit",
    "SlotLevel": "detectors.forecast",
    "SlotMean": "detectors.forecast",
    "SlotSpread": "detectors.spread",
    "Spread": "detectors.spread",
    "StuckState": "detectors.stuck",
    "Tail": "detectors.calibrate",
    "ThresholdState": "detectors.threshold",
}
"""Class -> module of all that a built-in state is made of; nothing else is made from saved data."""

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
"""What JSON can hold."""


def save_state(state: State) -> dict[str, Plain]:
    """Return what a built-in detector's state holds, as data that `json` can write.

    Parameters
    ----------
    state: of a built-in detector.

    Returns
    -------
    dict: numbers, words, lists and dicts only; no NaN and no infinity, and floats keep every bit in JSON.

    Raises
    ------
    StateError: the state is not of a built-in detector.

    Examples
    --------
    >>> from detectors import StuckValue
    >>> save_state(StuckValue().start())["state"]["is"]
    'StuckState'
    """
    return {"format": FORMAT, "state": _plain(state)}


def restore_state(data: Mapping[str, Plain]) -> State:
    """Return the state that `save_state` was given, as it was.

    Parameters
    ----------
    data: from `save_state`, perhaps by way of JSON.

    Returns
    -------
    State: of its own; goes on with the same verdicts.

    Raises
    ------
    StateError: the data is of another format or damaged; then learn the state anew from the history.

    Examples
    --------
    >>> from detectors import Point, StuckValue
    >>> state = StuckValue().start()
    >>> state.advance(Point(0.0, 5.0))
    >>> restore_state(save_state(state)).judge(Point(1.0, 5.0), alpha=0.01) == state.judge(Point(1.0, 5.0), alpha=0.01)
    True
    """
    if data.get("format") != FORMAT:
        raise StateError(f"it is of format {data.get('format')!r}, not {FORMAT}")
    try:
        state = _made(data["state"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError(f"it is damaged ({type(error).__name__}: {error})") from error
    if not isinstance(state, State):
        raise StateError("it holds no state")
    return state


def _plain(value: object) -> Plain:
    match value:
        case Noise():
            return {"is": "Noise", "kind": value.kind.value}
        case Cadence():
            return {"is": "Cadence", "name": value.value}
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [_plain(each) for each in value]
        case tuple():
            return {"is": "tuple", "items": [_plain(each) for each in value]}
        case deque():
            return {"is": "deque", "items": [_plain(each) for each in value], "most": value.maxlen}
    name = type(value).__name__
    if PARTS.get(name) != type(value).__module__:
        raise StateError(f"{type(value).__module__}.{name} is no part of a built-in detector's state")
    return {"is": name, **{field: _plain(getattr(value, field)) for field in _fields(type(value))}}


def _made(data: Plain) -> object:
    if isinstance(data, list):
        return [_made(each) for each in data]
    if not isinstance(data, dict):
        return data
    match data["is"]:
        case "Noise":
            return NOISES[MetricKind(str(data["kind"]))]
        case "Cadence":
            return Cadence(str(data["name"]))
        case "tuple":
            return tuple(_items(data))
        case "deque":
            most = data["most"]
            return deque(_items(data), maxlen=most if isinstance(most, int) else None)
        case name:
            return _part(str(name), data)


def _items(data: dict[str, Plain]) -> list[object]:
    items = data["items"]
    if not isinstance(items, list):
        raise TypeError("items that are no list")
    return [_made(each) for each in items]


def _part(name: str, data: dict[str, Plain]) -> object:
    kind: type = getattr(import_module(PARTS[name]), name)
    fields = _fields(kind)
    if set(fields) != set(data) - {"is"}:
        raise ValueError(f"{name} has other fields")
    part: object = object.__new__(kind)
    for field in fields:
        setattr(part, field, _made(data[field]))
    return part


def _fields(kind: type) -> tuple[str, ...]:
    return tuple(field for each in kind.__mro__ for field in getattr(each, "__slots__", ()))
