"""What a held partition blocks, under every mapping and every ``on_hold``, and what is read instead."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import orchestration as o
from orchestration.assets import Asset
from orchestration.io.memory import MemoryIOManager
from orchestration.mapping import Read
from orchestration.partitions import Partitions
from tests.support.core import Core, close_states

DAYS = o.daily("2000-01-03")
WEEKS = o.weekly("2000-01-03")
WEEK = [f"2000-01-{n:02}" for n in range(3, 10)]  # one whole week, Monday to Sunday

Case = tuple[Partitions | None, Read | None, dict[str | None, list[str]]]
"""How the reader is cut, how it reads, and the days that it thereby reads for each of its partitions."""


def cases(on_hold: str | None) -> st.SearchStrategy[Case]:
    def window(count: int, offset: int) -> Case:
        read: dict[str | None, list[str]] = {
            day: WEEK[max(0, n - offset - count + 1) : max(0, n - offset + 1)] for n, day in enumerate(WEEK)
        }
        return DAYS, o.last(count, offset=offset, on_hold=on_hold), read

    def mapped(chosen: list[str], single: bool) -> Case:
        read: dict[str | None, list[str]] = dict.fromkeys(WEEK, chosen[:1] if single else chosen)
        function = (lambda key: chosen[0]) if single else (lambda key: chosen)
        return DAYS, o.mapped(function, single=single, on_hold=on_hold), read

    same = o.last(1, on_hold=on_hold)
    some_days = st.lists(st.sampled_from(WEEK), min_size=1, max_size=3, unique=True)
    return st.one_of(
        st.just((DAYS, same, {day: [day] for day in WEEK})),
        st.builds(window, st.integers(1, 4), st.integers(0, 3)),
        st.builds(mapped, some_days, st.booleans()),
        st.just((None, o.all_partitions(on_hold=on_hold), {None: WEEK})),
        *([st.just((WEEKS, None, {WEEK[0]: WEEK})), st.just((DAYS, None, {day: [day] for day in WEEK}))]
          if on_hold is None else []),
    )  # fmt: skip


def story(cut: Partitions | None, read: Read | None, code: str) -> list[Asset]:
    """``up`` says its day and its code; ``down`` hands on what it was given."""

    @o.asset(partitions=DAYS, code_version=code)
    def up(context: o.Context) -> list[str | None]:
        return [context.partition, code]

    @o.asset(partitions=cut, code_version="1", reads={} if read is None else {"up": read})
    def down(up: object) -> object:
        return [up]

    return [up, down]


def expected(days: Sequence[str], policy: str, held: set[str], good: dict[str, str], code: str) -> list[list[str]]:
    """What is read of ``days``, oldest first; nothing where the reader is blocked."""
    if policy == "wait" and held & set(days):
        return []
    if policy == "proceed":
        return [[day, code] for day in days]
    return [[day, good[day]] for day in days if day in good]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_held_partition_blocks_what_waits_for_it_and_nothing_else(data: st.DataObject) -> None:
    on_hold = data.draw(st.sampled_from([None, "wait", "use_published", "proceed"]), label="on_hold")
    cut, read, reads = data.draw(cases(on_hold), label="case")
    good: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        core = Core(Path(folder), story(cut, read, "1"), io=MemoryIOManager())
        for code in ("1", "2"):
            held = data.draw(st.sets(st.sampled_from(WEEK)), label=f"held in round {code}")
            again = Core(
                Path(folder), story(cut, read, code), hold={f"up {day}" for day in held}, io=core.io, prefix=f"r{code}-"
            )
            (edge,) = again.graph.upstream(again.graph.asset("down").key)
            policy = on_hold or ("wait" if edge.mapping.is_single else "use_published")
            run = again.run("*", f"{WEEK[0]}..{WEEK[-1]}")
            good |= dict.fromkeys(set(WEEK) - held, code)
            found = {step.partition: step for step in run.steps if step.asset == "down"}
            assert set(found) == set(reads)
            for key, days in reads.items():
                should = expected(days, policy, held, good, code)
                step = found[key]
                assert (step.status.value == "blocked") == (not should), (key, step)
                if not should:
                    assert step.blocked_by == "up"
                    continue
                assert step.status.value in ("published", "skipped"), step
                single = edge.mapping.is_single
                assert again.read("down", key) == [should[0] if single else {each[0]: each for each in should}]
        close_states()
