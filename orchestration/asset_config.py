"""Typed settings of an asset: what its function's ``config`` may hold, read and checked before anything runs."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from orchestration.errors import DefinitionError, nearest

if TYPE_CHECKING:
    from pydantic import TypeAdapter

LONGEST_CODE_VERSION = 80


@dataclass(frozen=True, slots=True)
class ConfigType:
    """The annotation of a function's parameter ``config``: a dataclass or a pydantic model."""

    type: Any

    def read(self, name: str, given: Mapping[str, object], *, where: str = "the project's settings") -> str:
        """The settings of the asset ``name``, checked and complete, as JSON; errors say ``where`` they stand.

        Raises
        ------
        DefinitionError
            A setting is unknown, missing or of another type. What was given is not repeated: it may be secret.
        """
        from pydantic import ValidationError
        from pydantic_core import to_jsonable_python

        known = self.names()
        for key in given:
            if key not in known:
                raise DefinitionError(f"{name}: config has no {key!r}{nearest(key, known)}")
        adapter = self._adapter()
        try:
            settings = _without_sets(adapter.dump_python(adapter.validate_python(dict(given))))
            return json.dumps(settings, sort_keys=True, default=to_jsonable_python)
        except ValidationError as error:
            wrong = "; ".join(f"{_place(one['loc'])}: {_lower(one['msg'])}" for one in error.errors())
            raise DefinitionError(
                f"{name}: its config can't be used: {wrong}; nothing was run; see config.{name} in {where}"
            ) from None
        except (TypeError, ValueError) as error:  # pydantic's own, of a value that JSON can't hold
            raise DefinitionError(f"{name}: its config can't be kept as JSON ({type(error).__name__})") from None

    def value(self, text: str | None) -> object:
        """What the function is given, from what :meth:`read` returned; None: everything by default."""
        return self._adapter().validate_json(text or "{}")

    def names(self) -> tuple[str, ...]:
        """The settings that there are."""
        if is_dataclass(self.type):
            return tuple(one.name for one in fields(self.type) if one.init)
        return tuple(self.type.model_fields)

    def _adapter(self) -> TypeAdapter[Any]:
        from pydantic import TypeAdapter

        return TypeAdapter(self.type)


def config_type(function: Callable[..., object], where: str) -> ConfigType:
    """The type of a parameter ``config``; raises DefinitionError where settings can't be read into it."""
    found = annotation = inspect.signature(function).parameters["config"].annotation
    if isinstance(annotation, str):
        try:
            found = eval(annotation, getattr(function, "__globals__", {}))
        except Exception as error:
            raise DefinitionError(
                f"{where}: the annotation of config, {annotation}, can't be read ({type(error).__name__}: {error}); "
                "define its class in the module, above the function"
            ) from None
    if not (is_dataclass(found) or hasattr(found, "model_fields")):
        raise DefinitionError(
            f"{where}: config holds an asset's settings; annotate it with a dataclass or a pydantic model"
        )
    return ConfigType(found)


def configured_version(code_version: str, config: str | None) -> str:
    """The code version of an asset together with its settings; equal settings give equal versions."""
    if config is None:
        return code_version
    digest = hashlib.sha256(f"{code_version}\0{config}".encode()).hexdigest()[:8]
    return f"{code_version[: LONGEST_CODE_VERSION - 9]}+{digest}"


def _without_sets(value: object) -> object:
    """The same with sets in an order of their own, so that equal settings give equal text in each process."""
    if isinstance(value, set | frozenset):
        return sorted((_without_sets(one) for one in value), key=repr)
    if isinstance(value, dict):
        return {key: _without_sets(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_sets(one) for one in value]
    return value


def _place(location: Iterable[str | int]) -> str:
    return ".".join(map(str, location)) or "config"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
