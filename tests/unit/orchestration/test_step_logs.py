"""What steps say and wait for is kept with their run: clean, in the order of their tries, and gone with it."""

import logging
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

import observer as ob
from orchestration import log, step_logs
from orchestration.context import Context
from orchestration.database import reading, writing
from orchestration.executors.threads import ThreadExecutor
from orchestration.model import Address, AssetKey, Run, RunStatus
from orchestration.said_tables import step_logs as table
from orchestration.said_tables import step_spans
from orchestration.scribe import NOT_KEPT
from orchestration.spans import Span, SpanKind
from orchestration.step_log import LogLine, Said
from orchestration.step_logs import KeptLog, NewLog
from orchestration.tables import runs, steps
from tests.support.core import NOW, Core

SECRET = "s3cret-of-the-warehouse"
KEY = "-----BEGIN KEY-----\nabc\ndef\n-----END KEY-----"


@ob.asset
def orders(context: Context) -> int:
    context.logger.info("connecting with %s", SECRET)
    for line in KEY.splitlines():
        context.logger.info(line)
    context.logger.info("a byte \0 and half a character \ud800")
    return 1


@ob.asset
def report(orders: int, context: Context) -> int:
    context.logger.info("ann@example.com paid %d", orders)
    return orders


def clean(text: str) -> str:
    return text.replace(SECRET, "***").replace(KEY, "***")


def logs(core: Core, run: Run, asset: str) -> tuple[KeptLog, ...]:
    with reading(core.engine) as connection:
        return step_logs.of_step(connection, run.id, Address(AssetKey(asset)))


def spans(core: Core, run: Run) -> tuple[Span, ...]:
    with reading(core.engine) as connection:
        return step_logs.spans_of(connection, run.id)


def test_no_secret_is_kept_nor_what_a_sensitive_column_may_hold(tmp_path: Path) -> None:
    core = Core(tmp_path, [orders, report])
    core.runtime = replace(core.runtime, redact=clean, is_private=lambda key: key == "report")
    run = core.run()
    (kept,) = logs(core, run, "orders")
    assert (kept.count, kept.worst, kept.ended, kept.unknown) == (len(kept.lines), "info", True, "")
    said = "\n".join(line.text for line in kept.lines)
    assert "connecting with ***\n***\n" in said
    assert SECRET not in said
    assert "abc" not in said
    assert r"a byte \0 and half a character \ud800" in said
    (hidden,) = logs(core, run, "report")
    assert [(line.source, line.text) for line in hidden.lines] == [("tidegate.asset.report", NOT_KEPT)]
    with reading(core.engine) as connection:
        assert [one.address.asset for one in step_logs.kept_in(connection, run.id)] == ["orders", "report"]
        assert step_logs.last_of(connection, Address(AssetKey("report"))) == hidden


def test_what_is_said_in_one_call_is_private_in_all_that_it_makes(tmp_path: Path) -> None:
    @ob.multi_asset(["people", "totals"])
    def both(context: Context) -> dict[str, int]:
        logging.getLogger("by\0hand").warning("ann@example.com")
        return {"people": 1, "totals": 2}

    core = Core(tmp_path, both)
    core.runtime = replace(core.runtime, is_private=lambda key: key == "people")
    run = core.run()
    for asset in ("people", "totals"):
        (kept,) = logs(core, run, asset)
        assert [(line.source, line.text) for line in kept.lines] == [(r"by\0hand", NOT_KEPT)]


def test_a_level_may_have_any_name() -> None:
    named = LogLine(0.0, "business critical event", "", "paid")
    assert step_logs.worst_of([named]) == "business critica"  # PostgreSQL refuses more
    assert step_logs.worst_of([named, named._replace(level="warning")]) == "warning"


def test_each_try_and_wait_is_kept(tmp_path: Path) -> None:
    tries: list[int] = []

    @ob.asset(run=ob.RunPolicy(retries=1, backoff="100ms"))
    def flaky(context: Context) -> int:
        tries.append(1)
        context.logger.info("try %d", len(tries))
        if len(tries) == 1:
            raise ConnectionError(SECRET)
        return 1

    core = Core(tmp_path, [flaky])
    core.runtime = replace(core.runtime, redact=clean)
    run = core.run()
    assert run.status is RunStatus.SUCCEEDED
    assert [(one.number, one.lines[0].text) for one in logs(core, run, "flaky")] == [(1, "try 1"), (2, "try 2")]
    failed, waited = spans(core, run)
    assert (failed.kind, failed.number, waited.kind, waited.number) == (SpanKind.TRY, 1, SpanKind.RETRY, 2)
    assert "ConnectionError: ***" in failed.said
    assert waited.length_s >= 0.08
    assert waited.start_s >= failed.start_s + failed.length_s
    (step,) = run.steps
    assert (step.offset_s or 0.0) >= waited.start_s + waited.length_s - 0.01


def test_waits_for_a_pool_and_for_its_turn_are_kept(tmp_path: Path) -> None:
    @ob.asset(run=ob.RunPolicy(pool="db"))
    def one() -> int:
        time.sleep(0.15)
        return 1

    @ob.asset(run=ob.RunPolicy(pool="db"))
    def other() -> int:
        return 1

    @ob.asset(partitions=ob.static("a", "b"))
    def parts(context: Context) -> int:
        time.sleep(0.2 if context.partition == "a" else 0.0)
        return 1

    core = Core(tmp_path, [one, other, parts])
    core.runtime = replace(core.runtime, pools={"db": 1}, executor=lambda recipe: ThreadExecutor(recipe, 4))
    run = core.run(partitions="a..b")
    found = {(run.steps[span.position].address, span.kind): span for span in spans(core, run)}
    assert {str(address) for address, kind in found if kind is SpanKind.PLACE} in ({"one"}, {"other"})
    (pool,) = (span for (_, kind), span in found.items() if kind is SpanKind.PLACE)
    assert pool.said == "a place in db"
    assert pool.length_s >= 0.05
    turn = found[Address(AssetKey("parts"), "b"), SpanKind.TURN]
    assert turn.length_s >= 0.1
    assert "partitions before it" in turn.said


def test_what_is_said_under_way_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.scribe._EVERY_S", 0.02)
    seen: list[KeptLog] = []

    @ob.asset
    def slow(context: Context) -> int:
        context.logger.info("begins")
        until = time.monotonic() + 30.0
        while not seen and time.monotonic() < until:
            time.sleep(0.02)
            with reading(core.engine) as connection:
                run_id = connection.execute(select(runs.c.id)).scalar_one()
                seen.extend(step_logs.of_step(connection, run_id, Address(AssetKey("slow"))))
        context.logger.warning("ends")
        return 1

    core = Core(tmp_path, [slow])
    run = core.run()
    assert [(one.ended, one.count, one.worst) for one in seen] == [(False, 1, "info")]
    assert [(one.ended, one.count, one.worst) for one in logs(core, run, "slow")] == [(True, 2, "warning")]


def test_what_a_dead_process_has_heard_stays_and_says_what_may_be_missing(tmp_path: Path) -> None:
    core = Core(tmp_path, [orders])
    run, here = core.run(), Address(AssetKey("orders"))
    said = Said((LogLine(0.0, "info", "x", "half"),))
    with writing(core.engine) as connection:
        step_logs.save(connection, run.id, [NewLog(here, 2, NOW, said, False)], [Span(0, SpanKind.TURN, 1, 0.0, 1.0)])
        log.break_off(connection, run.id, RunStatus.INTERRUPTED, NOW, "gone")
    assert [(one.ended, bool(one.unknown)) for one in logs(core, run, "orders")] == [(True, False), (True, True)]
    with writing(core.engine) as connection:
        assert step_logs.tries_before(connection, run.id) == {here: 2}
        log.go_on(connection, run, core.runtime.clock.wall())
        assert step_logs.spans_of(connection, run.id) == ()
        assert len(step_logs.of_step(connection, run.id, here)) == 2


def test_they_go_with_their_run(tmp_path: Path) -> None:
    core = Core(tmp_path, [orders])
    run = core.run()
    with writing(core.engine) as connection:
        step_logs.save(connection, run.id, [], [Span(0, SpanKind.TURN, 1, 0.0, 1.0)])
        connection.execute(delete(steps))
        connection.execute(delete(runs))
        left = [connection.execute(select(func.count()).select_from(one)).scalar_one() for one in (table, step_spans)]
    assert left == [0, 0]


def test_who_has_set_a_level_keeps_it() -> None:
    from orchestration.hearing import logger_of

    logging.getLogger("tidegate.asset.loud").setLevel(logging.ERROR)
    assert not logger_of("loud").isEnabledFor(logging.INFO)
    assert logger_of("quiet").isEnabledFor(logging.INFO)
    assert not logger_of("quiet").isEnabledFor(logging.DEBUG)
