"""Multi-assets: one function, several assets, each judged and published by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from orchestration.asset_options import check_run, listed, words
from orchestration.assets import Asset, Production, asset_key, from_function
from orchestration.errors import DefinitionError, UnknownName
from orchestration.freshness import FreshnessPolicy
from orchestration.mapping import Read
from orchestration.model import AssetKind, OnHold
from orchestration.partitions import Partitions
from orchestration.run_policy import RunPolicy
from orchestration.schedule.base import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What is said of one asset of a multi-asset alone; see :func:`orchestration.assets.asset` for the words."""

    freshness: FreshnessPolicy | None = None
    owners: Iterable[str] = ()
    tags: Iterable[str] = ()
    description: str = ""
    attachments: Iterable[object] = ()


@dataclass(frozen=True, slots=True, eq=False)
class MultiAsset:
    """The assets that one function makes; calling it calls the function, ``shop["orders"]`` is one of the assets."""

    function: Callable[..., object]
    assets: tuple[Asset, ...]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __getitem__(self, name: str) -> Asset:
        for asset in self.assets:
            if asset.key == name:
                return asset
        raise UnknownName("asset", name, [asset.key for asset in self.assets], where=self.assets[0].where)

    def __iter__(self) -> Iterator[Asset]:
        return iter(self.assets)

    def __len__(self) -> int:
        return len(self.assets)


_PLAIN = RunPolicy()


def multi_asset(
    outputs: Iterable[str] | Mapping[str, Output],
    *,
    subsettable: bool = False,
    partitions: Partitions | None = None,
    group: str | None = None,
    owners: Iterable[str] = (),
    tags: Iterable[str] = (),
    deps: Iterable[Asset | str] = (),
    reads: Mapping[str, Read | OnHold | str] | None = None,
    code_version: str | None = None,
    schedule: Condition | str | None = None,
    run: RunPolicy = _PLAIN,
) -> Callable[[Callable[..., object]], MultiAsset]:
    """Declare that a function makes several assets in one call.

    It returns ``{name: data}``, or yields pairs of a name and its data, which are written as they come.

    Parameters
    ----------
    outputs:
        The assets' names, with what is said of each alone.
    subsettable:
        The function can make some of them without the others, and looks at ``context.outputs`` for which; otherwise
        they are always made together.
    schedule:
        When it is due; kept by the first of its assets, and the others are made with it.

    Raises
    ------
    DefinitionError
        What is declared can't be used, and why.
    """
    if isinstance(outputs, str):
        raise DefinitionError(f"outputs= takes the names of the assets; write outputs=[{outputs!r}, ...]")
    said = dict(outputs) if isinstance(outputs, Mapping) else dict.fromkeys(outputs, Output())
    for name, output in said.items():
        if not isinstance(output, Output):
            raise DefinitionError(f"outputs[{name!r}] is an output(...), not {output!r}")
    keys = tuple(asset_key(name) for name in said)
    if not keys:
        raise DefinitionError("a multi-asset makes at least one asset; name them in outputs=")
    check_run(", ".join(keys), run)
    if run.batch > 1:
        raise DefinitionError(f"{', '.join(keys)}: a multi-asset makes one partition a call; leave batch= out")
    shared_owners, shared_tags = words(keys[0], "owners", owners), words(keys[0], "tags", tags)
    shared_deps = cast(tuple[Asset | str, ...], listed(keys[0], "deps", deps))

    def declare(function: Callable[..., object]) -> MultiAsset:
        production = Production(name=getattr(function, "__name__", keys[0]), keys=keys, subsettable=subsettable)
        assets = tuple(
            from_function(
                function, AssetKind.PYTHON, key=key, partitions=partitions, group=group,
                owners=(*shared_owners, *words(key, "owners", output.owners)),
                tags=(*shared_tags, *words(key, "tags", output.tags)), deps=shared_deps,
                reads=reads, code_version=code_version, freshness=output.freshness,
                schedule=schedule if key == keys[0] else None, run=run,
                attachments=output.attachments, production=production, description=output.description,
            )
            for key, output in zip(keys, said.values(), strict=True)
        )  # fmt: skip
        for needed in assets[0].dependencies:
            if needed.upstream in keys:
                raise DefinitionError(f"{assets[0].where}: the function makes {needed.upstream}, so it can't read it")
        return MultiAsset(function, assets)

    return declare
