"""``@check``: a check that is a Python function over the data."""

from __future__ import annotations

import importlib
import inspect
import operator
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from observer.checks.base import CheckData, LookingCheck, name_of
from observer.checks.thresholds import severity_of
from observer.collectors.tabular import first_line
from observer.errors import CheckError
from observer.model import CheckOutcome, Severity, Way
from orchestration.model import AssetKey, Scalar

Function = Callable[..., object]


class Wants(StrEnum):
    """The form in which a function asks for the data, by the annotation of its parameter."""

    PANDAS = "pandas"
    ARROW = "arrow"
    DATA = "data"  # a CheckData: SQL, the partition, everything


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a function says of the data.

    Parameters
    ----------
    passed: True, False, or None where it can't be told.
    message: one sentence for people.
    observed: the number behind it, kept as history.
    evidence: a few texts and numbers that show it.
    """

    passed: bool | None
    message: str = ""
    observed: float | None = None
    evidence: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FunctionCheck(LookingCheck):
    """Made by ``@check``; still callable like the function that it is made of.

    Attributes
    ----------
    asset: the key of the asset whose versions it looks at; the project finder attaches it there.
    function: the function itself.
    wants: the form in which it gets the data.
    """

    way: ClassVar[Way] = Way.PYTHON
    needs_table: ClassVar[bool] = False  # a model or a text reaches the function as it is

    asset: AssetKey
    function: Function
    wants: Wants

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self.function(*args, **kwargs)

    def __reduce__(self) -> tuple[Callable[[str, str], object], tuple[str, str]]:
        return _by_name, (self.function.__module__, self.function.__qualname__)

    def run(self, data: CheckData) -> CheckOutcome:
        try:
            given = data_for(self.wants, data)
        except Exception as error:
            return self.outcome(None, f"{self.name} could not be given the data: {first_line(error)}")
        try:
            answer = self.function(given)
        except (Exception, SystemExit) as error:
            return self.outcome(None, f"{self.name} raised {_told(error, self.function)}")
        return self._judged(answer)

    def _judged(self, answer: object) -> CheckOutcome:
        verdict = self._verdict(answer)
        if isinstance(answer, CheckResult):
            try:
                observed = None if answer.observed is None else float(answer.observed)
                evidence = dict(answer.evidence)
            except (TypeError, ValueError) as error:
                return self.outcome(None, f"{self.name} returned a CheckResult that can't be read: {first_line(error)}")
            message = answer.message or f"{self.name} {verdict[1]}"
            return self.outcome(verdict[0], message, observed=observed, evidence=evidence)
        return self.outcome(verdict[0], f"{self.name} {verdict[1]}")

    def _verdict(self, answer: object) -> tuple[bool | None, str]:
        if isinstance(answer, CheckResult):
            answer, said = answer.passed, "said that it can't tell"
        else:
            said = "returned nothing; return True, False or a CheckResult"
        kind = type(answer).__name__
        if isinstance(answer, bool) or kind in {"bool_", "bool"}:  # numpy's boolean, without numpy
            return (True, "passed") if answer else (False, "failed")
        if answer is None:
            return None, said
        hint = "; write .all() behind it" if kind in {"Series", "DataFrame", "ndarray"} else ""
        return None, f"returned a {kind}{hint}; return True, False or a CheckResult"


def check(
    asset: object, severity: Severity | str = "error", name: str | None = None
) -> Callable[[Function], FunctionCheck]:
    """Make a function a check of an asset.

    The function has one parameter and gets the data as a pandas frame of its own; annotated with
    ``pa.Table`` it gets Arrow, with ``CheckData`` that (SQL by ``.query``, the partition). What is no table
    comes as the asset returned it. It returns True, False or a ``CheckResult``; nothing, anything else and
    an exception are unknown.

    Parameters
    ----------
    asset: the asset, or its key.
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the function's own name isn't unique on the asset.

    Raises
    ------
    CheckError: ``asset`` is neither, or the function has not one parameter.

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
    level = severity_of(severity, f"@check({key})")

    def decorate(function: Function) -> FunctionCheck:
        title = getattr(function, "__name__", "")
        where = f"@check({key}) on {title or function!r}"
        if isinstance(function, FunctionCheck) or not callable(function) or not title.isidentifier():
            raise CheckError(f"{where}: put it on a plain function, once")
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
            raise CheckError(f"{where}: write a plain def that returns its result, without async or yield")
        made = FunctionCheck(
            name=name_of(name, title),
            severity=level,
            asset=AssetKey(key),
            function=function,
            wants=wants_of(function, where),
        )
        object.__setattr__(made, "__doc__", function.__doc__)
        object.__setattr__(made, "__wrapped__", function)
        return made

    return decorate


def wants_of(function: Function, where: str) -> Wants:
    """The form in which a function asks for the data; raises CheckError where it takes anything else."""
    return _wants(_parameter(function, where))


def data_for(wants: Wants, data: CheckData) -> object:
    """The data in that form; what is no table comes as it is."""
    if wants is Wants.DATA:
        return data
    if not data.is_table:
        return data.value
    return data.arrow() if wants is Wants.ARROW else data.pandas()


def _parameter(function: Function, where: str) -> inspect.Parameter:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = list(inspect.signature(function).parameters.values())
    taken = [one for one in parameters if one.kind in positional]
    needed = [one for one in parameters if one.default is one.empty and one not in taken and "VAR" not in one.kind.name]
    if not taken or needed or any(one.default is one.empty for one in taken[1:]):
        raise CheckError(f"{where}: it must take the data and nothing else; write def {function.__name__}(data): ...")
    return taken[0]


def _wants(parameter: inspect.Parameter) -> Wants:
    annotation = parameter.annotation
    if isinstance(annotation, str):  # from __future__ import annotations
        last = annotation.strip("'\" ").rsplit(".", 1)[-1]
        return {"Table": Wants.ARROW, "CheckData": Wants.DATA}.get(last, Wants.PANDAS)
    if annotation is CheckData:
        return Wants.DATA
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
