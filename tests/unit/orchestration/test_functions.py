"""What an asset's function may be: plain, async, one that takes settings, or a batch of partitions."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest
from pydantic import BaseModel
from sqlalchemy import select

import orchestration as o
from orchestration.asset_config import ConfigType, configured_version
from orchestration.assets import Asset
from orchestration.awaiting import awaited
from orchestration.database import reading
from orchestration.errors import DefinitionError
from orchestration.io.memory import MemoryIOManager
from orchestration.run_policy import RunPolicy
from orchestration.tables import versions
from tests.support.core import Core, said

DAYS = o.daily("2013-01-01")
RANGE = "2013-01-01..2013-01-05"


def test_an_async_function_is_awaited(tmp_path: Path) -> None:
    @o.asset(code_version="1")
    async def fetched() -> list[int]:
        await asyncio.sleep(0)
        return await asyncio.gather(*(asyncio.sleep(0, n) for n in range(3)))

    core = Core(tmp_path, [fetched])
    assert core.statuses() == {"fetched": "published"}
    assert core.read("fetched") == [0, 1, 2]


def test_an_async_function_that_raises_fails_with_its_place(tmp_path: Path) -> None:
    @o.asset(code_version="1")
    async def fetched() -> list[int]:
        await asyncio.sleep(0)
        raise LookupError("gone")

    run = Core(tmp_path, [fetched]).run()
    assert said(run) == {"fetched": "failed"}
    assert "test_functions.py" in (run.steps[0].error or "")
    assert "LookupError: gone" in (run.steps[0].error or "")


def test_a_loop_that_runs_already_is_left_alone() -> None:
    async def one() -> int:
        return 1

    async def several() -> object:
        yield 1
        await asyncio.sleep(0)
        yield 2

    async def notebook() -> tuple[object, list[object]]:
        return awaited(one()), list(awaited(several()))

    assert asyncio.run(notebook()) == (1, [1, 2])
    assert list(awaited(several())) == [1, 2]
    assert awaited(3) == 3


def test_an_async_generator_is_closed_where_it_is_left() -> None:
    closed = []

    async def several() -> object:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    items = awaited(several())
    assert next(items) == 1
    items.close()
    assert closed == [True]


# ---------------------------------------------------------------- batches


class Batched:
    """Days made up to three in a call."""

    def __init__(self, batch: int = 3) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.broken = ""

        @o.asset(partitions=DAYS, code_version="1")
        def raw(context: o.Context) -> dict[str, str]:
            return {"day": context.partition}

        @o.asset(partitions=DAYS, code_version="1", run=RunPolicy(batch=batch))
        def days(context: o.Context, raw: object) -> dict[str, object]:
            self.calls.append(context.partition_keys)
            if self.broken in context.partition_keys:
                raise RuntimeError("broken")
            return {key: [key, raw] for key in context.partition_keys}

        self.assets: tuple[Asset, ...] = (raw, days)


def test_a_batch_makes_several_partitions_in_one_call(tmp_path: Path) -> None:
    batched = Batched()
    core = Core(tmp_path, batched.assets)
    core.run("raw", RANGE)
    assert set(core.statuses("days", RANGE).values()) == {"skipped", "published"}
    assert [len(call) for call in batched.calls] == [3, 2]
    day = "2013-01-02"
    found = core.read("days", day)
    assert isinstance(found, list)
    assert found[0] == day
    assert sorted(found[1]) == ["2013-01-01", "2013-01-02", "2013-01-03"]  # read by the whole call


def test_each_partition_of_a_batch_is_judged_by_itself(tmp_path: Path) -> None:
    batched = Batched()
    core = Core(tmp_path, batched.assets, hold={"days 2013-01-02"})
    core.run("raw", RANGE)
    statuses = core.statuses("days", RANGE)
    assert statuses["days 2013-01-02"] == "held"
    assert statuses["days 2013-01-01"] == statuses["days 2013-01-03"] == "published"


def test_a_batch_that_fails_fails_whole_and_the_next_goes_on(tmp_path: Path) -> None:
    batched = Batched()
    batched.broken = "2013-01-02"
    core = Core(tmp_path, batched.assets)
    core.run("raw", RANGE)
    statuses = core.statuses("days", RANGE)
    assert [statuses[f"days 2013-01-0{n}"] for n in range(1, 6)] == ["failed"] * 3 + ["published"] * 2
    batched.broken = ""
    again = core.statuses("days", RANGE)
    assert [again[f"days 2013-01-0{n}"] for n in range(1, 6)] == ["published"] * 3 + ["skipped"] * 2
    assert core.leases_held() == 0


def test_the_duration_of_a_batch_is_shared_among_its_partitions(tmp_path: Path) -> None:
    @o.asset(partitions=DAYS, code_version="1", run=RunPolicy(batch=5))
    def days(context: o.Context) -> dict[str, int]:
        time.sleep(0.25)
        return dict.fromkeys(context.partition_keys, 1)

    core = Core(tmp_path, [days])
    core.run("days", RANGE)
    with reading(core.engine) as connection:
        durations = connection.execute(select(versions.c.duration_s)).scalars().all()
    assert len(durations) == 5
    assert 0.05 <= durations[0] == durations[4] < 0.2


def test_one_partition_of_a_batch_asks_for_its_key(tmp_path: Path) -> None:
    @o.asset(partitions=DAYS, code_version="1", run=RunPolicy(batch=9))
    def days(context: o.Context) -> dict[str, str]:
        return {context.partition: context.partition}

    core = Core(tmp_path, [days])
    assert core.statuses("days", "2013-01-01") == {"days 2013-01-01": "published"}
    failed = core.run("days", "2013-01-02..2013-01-03")
    assert "see context.partition_keys" in (failed.steps[0].error or "") or "partition_keys" in (
        failed.steps[0].error or ""
    )


@pytest.mark.parametrize("batch", [0, True, "3"])
def test_a_batch_that_can_t_be(batch: object) -> None:
    with pytest.raises(DefinitionError, match="how many partitions"):
        RunPolicy(batch=batch)  # type: ignore[arg-type]


def test_a_batch_is_for_partitions() -> None:
    with pytest.raises(DefinitionError, match="give it partitions="):
        o.asset(key="a", run=RunPolicy(batch=2))(lambda: 1)
    with pytest.raises(DefinitionError, match="one partition a time"):
        o.sql_asset("a", "select 1", partitions=DAYS, run=RunPolicy(batch=2))


# ---------------------------------------------------------------- settings


@dataclass
class Limits:
    lowest: int
    mode: Literal["fast", "exact"] = "fast"
    names: set[str] = field(default_factory=set)


class Model(BaseModel):
    lowest: int = 3


@o.asset
def limited(config: Limits) -> list[object]:
    return [config.lowest, config.mode, sorted(config.names)]


def test_settings_are_read_into_their_type() -> None:
    assert limited.config == ConfigType(Limits)
    text = ConfigType(Limits).read("limited", {"lowest": "4", "names": ["b", "a"]})
    assert ConfigType(Limits).value(text) == Limits(4, "fast", {"a", "b"})
    assert ConfigType(Model).value(None) == Model()


def test_equal_settings_give_equal_versions() -> None:
    one = ConfigType(Limits).read("limited", {"lowest": 1, "names": list("abcdef")})
    other = ConfigType(Limits).read("limited", {"names": list("fedcba"), "lowest": 1, "mode": "fast"})
    third = ConfigType(Limits).read("limited", {"lowest": 2})
    assert one == other
    assert configured_version("v", one) == configured_version("v", other) != configured_version("v", third)
    assert configured_version("v", None) == "v"
    assert len(configured_version("v" * 80, one)) == 80


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "lowest: "),
        ({"lowest": "s3cret"}, "lowest: input should be a valid integer"),
        ({"lowest": 1, "mode": "s3cret"}, "mode: input should be 'fast' or 'exact'"),
        ({"lowest": 1, "lowset": 2}, "no 'lowset'; did you mean 'lowest'"),
    ],
)
def test_settings_that_can_t_be_used(given: dict[str, object], words: str) -> None:
    with pytest.raises(DefinitionError, match=words) as raised:
        ConfigType(Limits).read("limited", given)
    assert "limited" in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_a_config_needs_a_type_that_can_be_read() -> None:
    with pytest.raises(DefinitionError, match="annotate it with a dataclass"):
        o.asset(key="a")(lambda config: 1)

    def unread(config: "Nowhere") -> int:  # type: ignore[name-defined]  # noqa: F821
        return 1

    with pytest.raises(DefinitionError, match="can't be read"):
        o.asset(unread)


# ---------------------------------------------------------------- chunks


def frames(count: int, fails_at: int | None = None) -> Iterator[pd.DataFrame]:
    for n in range(count):
        if n == fails_at:
            raise LookupError("the third page is gone")
        yield pd.DataFrame({"page": [n, n], "word": ["a", "b"]})


@pytest.mark.parametrize("io", ["files", "memory"])
def test_a_generator_is_written_chunk_by_chunk(io: str, tmp_path: Path) -> None:
    @o.asset(code_version="1")
    def pages() -> Iterator[pd.DataFrame]:
        yield from frames(3)

    @o.asset(code_version="1")
    def words(pages: pd.DataFrame) -> int:
        return len(pages)

    core = Core(tmp_path, [pages, words], io=MemoryIOManager() if io == "memory" else None)
    assert set(core.statuses().values()) == {"published"}
    found = core.read("pages")
    assert isinstance(found, pd.DataFrame)
    assert found["page"].tolist() == [0, 0, 1, 1, 2, 2]
    assert core.read("words") == 6


def test_an_async_generator_is_written_too(tmp_path: Path) -> None:
    @o.asset(code_version="1")
    async def pages() -> AsyncIterator[pd.DataFrame]:
        for frame in frames(2):
            await asyncio.sleep(0)
            yield frame

    core = Core(tmp_path, [pages])
    assert core.statuses() == {"pages": "published"}
    assert len(core.read("pages")) == 4  # type: ignore[arg-type]


def test_a_generator_that_breaks_leaves_nothing_and_says_where(tmp_path: Path) -> None:
    closed: list[bool] = []

    @o.asset(code_version="1")
    def pages() -> Iterator[pd.DataFrame]:
        try:
            yield from frames(5, fails_at=2)
        finally:
            closed.append(True)

    core = Core(tmp_path, [pages])
    run = core.run()
    assert said(run) == {"pages": "failed"}
    error = run.steps[0].error or ""
    assert "LookupError: the third page is gone" in error
    assert "test_functions.py" in error
    assert closed == [True]
    assert core.io is not None
    assert core.io.versions(run.steps[0].address) == ()


def test_a_generator_that_yields_nothing_returned_nothing(tmp_path: Path) -> None:
    @o.asset(code_version="1")
    def pages() -> Iterator[pd.DataFrame]:
        yield from frames(0)

    run = Core(tmp_path, [pages]).run()
    assert "yielded nothing; nothing was published" in (run.steps[0].error or "")


def test_a_multi_asset_may_give_generators(tmp_path: Path) -> None:
    @o.multi_asset(["left", "right"], code_version="1")
    def both() -> dict[str, object]:
        return {"left": frames(2), "right": frames(1)}

    core = Core(tmp_path, both)
    assert set(core.statuses().values()) == {"published"}
    assert len(core.read("left")) == 4  # type: ignore[arg-type]
