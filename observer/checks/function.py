"""``@check``: a check that is a Python function over the data."""

from __future__ import annotations

import importlib
import inspect
import operator
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from observer.checks.answers import outcome_of
from observer.checks.base import CheckData, LookingCheck, name_of
from observer.checks.bounds import Bounds, bounds
from observer.checks.observed import Observations
from observer.collectors.tabular import first_line
from observer.errors import CheckError
from observer.model import CheckOutcome, Severity, Way
from orchestration.model import AssetKey

Function = Callable[..., object]


class Wants(StrEnum):
    """The form in which a function asks for the data, by the annotation of its parameter."""

    PANDAS = "pandas"
    ARROW = "arrow"
    DATA = "data"  # a CheckData: SQL, the partition, everything
    OBSERVATIONS = "observations"  # what was measured of the version


@dataclass(frozen=True, kw_only=True)
class FunctionCheck(LookingCheck):
    """Made by ``@check``; still callable like the function that it is made of.

    Attributes
    ----------
    asset: the key of the asset whose versions it looks at; the project finder attaches it there.
    function: the function itself.
    wants: the form in which it gets the data.
    others: the other assets that it takes, each with the form.
    bounds: of the number or the rows that it returns.
    """

    way: ClassVar[Way] = Way.PYTHON
    needs_table: ClassVar[bool] = False  # a model or a text reaches the function as it is

    asset: AssetKey
    function: Function
    wants: Wants
    others: tuple[tuple[AssetKey, Wants], ...]
    bounds: Bounds

    @property
    def needs_observations(self) -> bool:
        return self.wants is Wants.OBSERVATIONS

    def compares(self) -> tuple[AssetKey, ...]:
        return tuple(key for key, _ in self.others)

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self.function(*args, **kwargs)

    def __reduce__(self) -> tuple[Callable[[str, str], object], tuple[str, str]]:
        return _by_name, (self.function.__module__, self.function.__qualname__)

    def run(self, data: CheckData) -> CheckOutcome:
        try:
            given = [data_for(self.wants, data)]
            given += [_other(wants, data, key) for key, wants in self.others]
        except Exception as error:
            return self.outcome(None, f"{self.name} could not be given the data: {first_line(error)}")
        try:
            answer = self.function(*given)
        except (Exception, SystemExit) as error:
            return self.outcome(None, f"{self.name} raised {_told(error, self.function)}")
        return outcome_of(self, answer, self.bounds, data.rows)


def check(
    asset: object,
    severity: Severity | str = "error",
    name: str | None = None,
    *,
    min_value: float | None = None,
    max_value: float | None = None,
    warn_above: float | None = None,
    error_above: float | None = None,
) -> Callable[[Function], FunctionCheck]:
    """Make a function a check of an asset.

    Its first parameter gets the data as a pandas frame of its own; annotated with ``pa.Table`` it gets Arrow, with
    ``CheckData`` that (SQL by ``.query``, the partition), with ``Observations`` what was measured of the version. What
    is no table comes as the asset returned it. Each other parameter names an asset, and gets what readers see of it: of
    the partition that belongs to the one at hand.

    It returns True or False; a number, which is compared with the bounds; a frame of the rows that break it; or a
    ``CheckResult``. Nothing, anything else and an exception are unknown.

    Parameters
    ----------
    asset: the asset, or its key.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the function's own name isn't unique on the asset.
    min_value, max_value: bounds of the number that it returns, both included.
    warn_above, error_above: above which number, or how many rows (below 1: which share of them), it warns and fails.

    Raises
    ------
    CheckError: ``asset`` is neither, the function takes no data, or a bound can't be meant.

    Examples
    --------
    >>> @check("flights")
    ... def some_arrive(flights):
    ...     return len(flights) > 0
    >>> some_arrive.name, some_arrive(["UA 1545"])
    ('some_arrive', True)
    """
    key = asset if isinstance(asset, str) else getattr(asset, "key", None)
    if not isinstance(key, str) or not key:
        raise CheckError(f"@check({asset!r}): that is no asset; write @check(the_asset) or @check('its_key')")
    level = bounds(f"@check({key})", severity, min_value, max_value, warn_above, error_above)

    def decorate(function: Function) -> FunctionCheck:
        title = getattr(function, "__name__", "")
        where = f"@check({key}) on {title or function!r}"
        if isinstance(function, FunctionCheck) or not callable(function) or not title.isidentifier():
            raise CheckError(f"{where}: put it on a plain function, once")
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
            raise CheckError(f"{where}: write a plain def that returns its result, without async or yield")
        wants, others = _parameters(function, where)
        made = FunctionCheck(
            name=name_of(name, title),
            severity=level.severity,
            asset=AssetKey(key),
            function=function,
            wants=wants,
            others=others,
            bounds=level,
        )
        object.__setattr__(made, "__doc__", function.__doc__)
        object.__setattr__(made, "__wrapped__", function)
        return made

    return decorate


def wants_of(function: Function, where: str) -> Wants:
    """The form in which a function asks for the data; raises CheckError where it takes anything else."""
    (first, *others) = _taken(function, where)
    if others:
        raise CheckError(f"{where}: it must take the data and nothing else; write def {function.__name__}(data): ...")
    return _wants(first)


def data_for(wants: Wants, data: CheckData) -> object:
    """The data in that form; what is no table comes as it is."""
    if wants is Wants.DATA:
        return data
    if wants is Wants.OBSERVATIONS:
        return Observations(data.observations)
    if not data.is_table:
        return data.value
    return data.arrow() if wants is Wants.ARROW else data.pandas()


def _other(wants: Wants, data: CheckData, asset: AssetKey) -> object:
    table = data.other(asset)
    return table if wants is Wants.ARROW else table.to_pandas()


def _parameters(function: Function, where: str) -> tuple[Wants, tuple[tuple[AssetKey, Wants], ...]]:
    """The form of the data, and the other assets with theirs."""
    first, *rest = _taken(function, where)
    others = tuple((AssetKey(one.name), _wants(one)) for one in rest)
    for key, wants in others:
        if wants in (Wants.DATA, Wants.OBSERVATIONS):
            raise CheckError(f"{where}: {key} is another asset, which comes as a frame or a pa.Table")
    return _wants(first), others


def _taken(function: Function, where: str) -> list[inspect.Parameter]:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = list(inspect.signature(function).parameters.values())
    taken = [one for one in parameters if one.kind in positional]
    needed = [one for one in parameters if one.default is one.empty and one not in taken and "VAR" not in one.kind.name]
    if not taken or needed:
        raise CheckError(f"{where}: it must take the data, and then other assets; write def {function.__name__}(data):")
    return [taken[0], *(one for one in taken[1:] if one.default is one.empty)]


_NAMED = {"Table": Wants.ARROW, "CheckData": Wants.DATA, "Observations": Wants.OBSERVATIONS}


def _wants(parameter: inspect.Parameter) -> Wants:
    annotation = parameter.annotation
    if isinstance(annotation, str):  # from __future__ import annotations
        last = annotation.strip("'\" ").rsplit(".", 1)[-1]
        return _NAMED.get(last, Wants.PANDAS)
    if annotation in (CheckData, Observations):
        return _NAMED[annotation.__name__]
    module = getattr(annotation, "__module__", "") or ""
    return Wants.ARROW if module.split(".")[0] == "pyarrow" else Wants.PANDAS


def _told(error: BaseException, function: Function) -> str:
    """Return an exception's type and message, and the line of the function's file that it came through."""
    file = function.__code__.co_filename if inspect.isfunction(function) else ""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    where = f" (line {lines[-1]})" if lines and lines[-1] else ""
    text = first_line(error)
    said = "" if text == type(error).__name__ else f": {text}"
    return f"{type(error).__name__}{said}{where}"


def _by_name(module: str, qualname: str) -> object:
    return operator.attrgetter(qualname)(importlib.import_module(module))
