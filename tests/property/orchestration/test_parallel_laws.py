"""Whatever the graph and however long its steps take: threads give what one after the other gives."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import orchestration as o
from orchestration.assets import Asset
from orchestration.executors.threads import ThreadExecutor
from orchestration.run_policy import RunPolicy
from tests.support.core import Core, close_states, said


@dataclass(frozen=True)
class Node:
    deps: tuple[int, ...]
    nap_ms: int
    fails: int
    retries: int
    held: bool
    pool: str | None
    priority: int
    parts: bool


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    count = draw(st.integers(1, 7))
    rarely = st.integers(0, 9).map(lambda n: n == 0)
    return [
        Node(
            deps=tuple(sorted(draw(st.sets(st.integers(0, n - 1), max_size=3)))) if n else (),
            nap_ms=draw(st.integers(0, 12)), fails=draw(st.sampled_from([0, 0, 0, 1, 2])),
            retries=draw(st.integers(0, 2)), held=draw(rarely), pool=draw(st.sampled_from([None, "x", "y"])),
            priority=draw(st.integers(-1, 1)), parts=draw(st.booleans()),
        )
        for n in range(count)
    ]  # fmt: skip


PARTS = ("p", "q", "r")


def story(nodes: list[Node], *, naps: bool) -> list[Asset]:
    """Each step gives its name and what it read; it fails as often as its node says."""

    def one(n: int, node: Node) -> Asset:
        tried: dict[str | None, int] = {}

        def body(partition: str | None, read: Mapping[str, object]) -> object:
            slow = node.nap_ms * (3 if partition == "p" else 1)  # the first partition ends after the others
            time.sleep(slow / 1000 if naps else 0.0)
            tried[partition] = tried.get(partition, 0) + 1
            if tried[partition] <= node.fails:
                raise ConnectionError("once more")
            return [f"n{n}", partition, dict(read)]

        names = [f"n{dep}" for dep in node.deps]
        pairs = ", ".join(f"{name!r}: {name}" for name in names)
        made = eval(f"lambda {', '.join([*names, 'context'])}: body(context.partition, {{{pairs}}})", {"body": body})
        policy = RunPolicy(retries=node.retries, backoff="1ms", pool=node.pool, priority=node.priority)
        parts = o.static(*PARTS) if node.parts else None
        reads = {f"n{dep}": o.all_partitions() for dep in node.deps if nodes[dep].parts and not node.parts}
        return o.asset(key=f"n{n}", code_version="1", run=policy, partitions=parts, reads=reads)(made)

    return [one(n, node) for n, node in enumerate(nodes)]


def outcome(nodes: list[Node], folder: Path, workers: int) -> tuple[dict[str, str], dict[str, object]]:
    """What became of each step, and what readers see."""
    hold = {f"n{n}{part}" for n, node in enumerate(nodes) if node.held for part in ("", " q")}
    core = Core(folder, story(nodes, naps=bool(workers)), hold=hold)
    core.runtime = replace(core.runtime, pools={"x": 1, "y": 2})
    if workers:
        core.runtime = replace(core.runtime, executor=lambda recipe: ThreadExecutor(recipe, workers))
    found = said(core.run("*", "*" if any(node.parts for node in nodes) else None))
    seen = {}
    for address, status in found.items():
        if status == "published":
            asset, _, partition = address.partition(" ")
            assert core.versions(asset, partition or None) == ["published"]
            seen[address] = core.read(asset, partition or None)
    assert core.leases_held() == 0
    close_states()
    return found, seen


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(nodes=graphs(), workers=st.integers(2, 4))
def test_threads_give_what_inline_gives(nodes: list[Node], workers: int) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        assert outcome(nodes, Path(one), 0) == outcome(nodes, Path(other), workers)
