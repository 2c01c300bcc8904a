"""The parameters of a function that makes an asset: their names and what each wants.

A plain function is read from its code object, which costs a tenth of ``inspect.signature``; that is asked for whatever
else can be called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType

from orchestration.errors import DefinitionError

_STARRED = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
_EMPTY = inspect.Parameter.empty


def parameters_of(function: Callable[..., object], where: str) -> tuple[tuple[str, str], ...]:
    """Each parameter with its annotation as text, such as ``pandas.core.frame.DataFrame``; "" without one.

    Raises
    ------
    DefinitionError
        A parameter that can't be handed over by its name; ``where`` says whose.
    """
    if type(function) is FunctionType and not function.__dict__:  # nothing is wrapped, nothing is said otherwise
        code = function.__code__
        if not code.co_posonlyargcount and not code.co_flags & _STARRED:
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            annotations: Mapping[str, object] = function.__annotations__ if names else {}
            return tuple((name, _text(annotations.get(name, _EMPTY))) for name in names)
    return _asked(function, where)


def _asked(function: Callable[..., object], where: str) -> tuple[tuple[str, str], ...]:
    found = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise DefinitionError(f"{where} takes {parameter.name!r} by position only; remove the / after it")
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise DefinitionError(f"{where} takes *{parameter.name}; name each upstream asset instead")
        found.append((parameter.name, _text(parameter.annotation)))
    return tuple(found)


def _text(annotation: object) -> str:
    if annotation is _EMPTY:
        return ""
    if isinstance(annotation, str):
        return annotation
    return f"{getattr(annotation, '__module__', '')}.{getattr(annotation, '__qualname__', annotation)}"
