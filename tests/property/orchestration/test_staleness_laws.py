"""A change, in an asset or in a helper of the project that it imports, makes exactly what hangs on it stale."""

import importlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.assets import Asset
from tests.support.core import Core, close_states

HELPERS = ("helper_0", "helper_1", "helper_2")
Imports = dict[str, dict[str, bool]]
"""By module or asset, the helpers that it uses: True for ``import helper``, False for ``from helper import``."""


@st.composite
def projects(draw: st.DrawFn) -> tuple[dict[str, list[str]], Imports]:
    """Assets that read those before them, helpers that use those before them, assets that use helpers."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5, unique=True))
    reads = {name: draw(st.lists(st.sampled_from(names[:n]), unique=True)) if n else [] for n, name in enumerate(names)}
    uses: Imports = {helper: some(draw, HELPERS[:n]) for n, helper in enumerate(HELPERS)}
    return reads, uses | {name: some(draw, HELPERS) for name in names}


def some(draw: st.DrawFn, helpers: tuple[str, ...]) -> dict[str, bool]:
    return draw(st.dictionaries(st.sampled_from(helpers), st.booleans(), min_size=1, max_size=2)) if helpers else {}


def imported(uses: dict[str, bool]) -> tuple[list[str], list[str]]:
    """The import lines of what is used, and the calls."""
    lines = [f"import {name}" if whole else f"from {name} import said as {name}_said" for name, whole in uses.items()]
    return lines, [f"{name}.said()" if whole else f"{name}_said()" for name, whole in uses.items()]


def write(folder: Path, reads: dict[str, list[str]], uses: Imports, changed: str | None) -> None:
    folder.mkdir()
    for helper in HELPERS:
        lines, calls = imported(uses[helper])
        value = 2 if helper == changed else 1
        body = f"# {folder.name}\ndef said():\n    return [{value}, {', '.join(calls)}]\n"
        (folder / f"{helper}.py").write_text("\n".join([*lines, body]))
    text = ["import orchestration as o"]
    for name, upstream in reads.items():
        lines, calls = imported(uses[name])
        value = 2 if name == changed else 1
        given_it = ", ".join([f"{name!r}", str(value), *upstream, *calls])
        text += [
            *lines,
            "@o.asset",
            f"def {name}({', '.join(upstream)}):\n    # {folder.name}\n    return [{given_it}]",
        ]
    (folder / "pipeline.py").write_text("\n".join(text))


@contextmanager
def loaded(folder: Path) -> Iterator[list[Asset]]:
    names = ("pipeline", *HELPERS)
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}  # another test's
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        values = vars(importlib.import_module("pipeline")).values()
        yield [value for value in values if isinstance(value, Asset)]
    finally:
        sys.path.remove(str(folder))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)


def users(changed: str, uses: Imports) -> set[str]:
    """What a change reaches by imports alone."""
    reached = {changed}
    for name, used in uses.items():  # helpers first, each after those that it uses
        if reached & set(used):
            reached.add(name)
    return reached


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(projects(), st.data())
def test_a_change_makes_exactly_its_users_and_their_descendants_stale(
    project: tuple[dict[str, list[str]], Imports], data: st.DataObject
) -> None:
    """The second folder also differs in comments, which count for nothing."""
    reads, uses = project
    changed = data.draw(st.sampled_from([*HELPERS, *sorted(reads)]), label="changed")
    with tempfile.TemporaryDirectory() as parent:
        root = Path(parent)
        for name in ("one", "two"):
            write(root / name, reads, uses, changed if name == "two" else None)
        with loaded(root / "one") as assets:
            assert set(Core(root, assets, root=root / "one").statuses().values()) == {"published"}
        with loaded(root / "two") as assets:
            core = Core(root, assets, root=root / "two", prefix="second")
            touched = users(changed, uses) & set(reads)
            stale = touched | core.graph.descendants([core.graph.asset(name).key for name in touched])
            assert {step.address.asset for step in core.plan().steps if step.action.value == "run"} == stale
            ran = {name for name, status in core.statuses().items() if status == "published"}
            assert ran == stale
            assert set(core.statuses().values()) == {"skipped"}
        close_states()
