"""Parameters are what `inspect.signature` says, also where they are read from the code object."""

import inspect
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest

from orchestration.errors import DefinitionError
from orchestration.signature import parameters_of


def plain(a: int, b, c: "pd.DataFrame" = None, *, d: list[int] = (), context: Any):  # type: ignore  # noqa
    local = a
    return local


def nothing() -> int:
    return 1


@wraps(plain)
def wrapped(*args: object, **kwargs: object) -> object:
    return plain(*args, **kwargs)  # type: ignore[arg-type]


async def slow(orders: str) -> str:
    return orders


class Called:
    def __call__(self, orders: int) -> int:
        return orders


@pytest.mark.parametrize("function", [plain, nothing, wrapped, slow, Called(), partial(plain, b=1), lambda x, y=2: x])
def test_names_are_those_of_inspect(function: Callable[..., object]) -> None:
    assert [name for name, _ in parameters_of(function, "f")] == list(inspect.signature(function).parameters)


def test_annotations_are_text() -> None:
    found = dict(parameters_of(plain, "f"))
    assert found == {
        "a": "builtins.int", "b": "", "c": "pd.DataFrame", "d": "builtins.list", "context": "typing.Any",
    }  # fmt: skip
    assert dict(parameters_of(wrapped, "f")) == found


def test_a_signature_that_is_stated_wins() -> None:
    def stated(*given: object) -> None: ...

    stated.__signature__ = inspect.signature(nothing)  # type: ignore[attr-defined]
    assert parameters_of(stated, "f") == ()


def test_what_has_no_name_of_its_own_is_refused() -> None:
    def by_position(a: int, /) -> None: ...
    def many(*orders: int) -> None: ...
    def any_name(**orders: int) -> None: ...

    with pytest.raises(DefinitionError, match="here takes 'a' by position only"):
        parameters_of(by_position, "here")
    for function in (many, any_name):
        with pytest.raises(DefinitionError, match=r"here takes \*orders"):
            parameters_of(function, "here")
