"""``@check``: what a function gets, may return and may do."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from observer.audit import measure
from observer.checks import CheckData, CheckResult, FunctionCheck, check
from observer.errors import CheckError
from observer.model import CheckOutcome, Severity
from orchestration.model import AssetKey, Materialization, Staged

FRAME = pd.DataFrame({"dep": [1, 2, 3], "arr": [2, 3, 1], "z": pd.to_datetime(["2013-01-01"] * 3, utc=True)})


def outcome(one: FunctionCheck, data: object = FRAME) -> CheckOutcome:
    made = Materialization(
        id="v1",
        asset=AssetKey("flights"),
        partition="2013-02-08",
        run_id="r1",
        materialized_at=datetime(2013, 2, 9, tzinfo=UTC),
        data_version="d",
        code_version="c",
        fingerprint="f",
        duration_s=1.5,
    )
    audit = measure(Staged(materialization=made, data=data), [one])
    assert pickle.loads(pickle.dumps(audit)) == audit
    return audit.outcomes[0]


@check("flights", severity="warn")
def arrivals_follow_departures(flights: pd.DataFrame) -> CheckResult:
    """No flight lands before it leaves."""
    bad = int((flights.arr < flights.dep).sum())
    return CheckResult(bad == 0, f"{bad} flights land before they leave", observed=bad, evidence={"bad": bad})


def test_a_function_stays_callable_and_carries_its_asset() -> None:
    assert arrivals_follow_departures.asset == "flights"
    assert arrivals_follow_departures.severity is Severity.WARN
    assert arrivals_follow_departures.__doc__ == "No flight lands before it leaves."
    result = arrivals_follow_departures(FRAME)
    assert isinstance(result, CheckResult)
    assert result.passed is False
    assert check(SimpleNamespace(key="flights"))(lambda_like).asset == "flights"


def lambda_like(data: object) -> bool:
    return True


def test_a_function_pickles_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(arrivals_follow_departures)) is arrivals_follow_departures


def test_a_result_is_kept_plain() -> None:
    found = outcome(arrivals_follow_departures)
    assert found.passed is False
    assert found.message == "1 flights land before they leave"
    assert found.observed == 1

    @check("flights")
    def rich(flights: pd.DataFrame) -> CheckResult:
        evidence = {f"k{i}": i for i in range(50)} | {"np": np.int64(3)}
        return CheckResult(
            np.bool_(True),  # type: ignore[arg-type]
            "x" * 5000,
            observed=np.float64("nan"),
            evidence={"np": np.float32(0.5), "frame": flights, "none": None, **evidence},  # type: ignore[dict-item]
        )

    found = outcome(rich)
    assert found.passed is True
    assert found.observed is None
    assert len(found.message) == 300
    assert len(found.evidence) == 20
    assert found.evidence["np"] == 3
    assert len(str(found.evidence["frame"])) <= 300


def test_annotations_choose_the_form() -> None:
    seen: list[object] = []

    @check("flights")
    def plain(flights):  # type: ignore[no-untyped-def]
        seen.append(flights)
        return True

    @check("flights")
    def arrow(flights: pa.Table) -> bool:
        seen.append(flights)
        return True

    @check("flights")
    def everything(data: CheckData) -> bool:
        seen.append(data.query("SELECT dep, z FROM data ORDER BY dep DESC LIMIT 1"))
        return (data.asset, data.partition) == ("flights", "2013-02-08")

    assert [outcome(one).passed for one in (plain, arrow, everything)] == [True] * 3
    assert isinstance(seen[0], pd.DataFrame)
    assert isinstance(seen[1], pa.Table)
    assert seen[2] == [(3, datetime(2013, 1, 1, tzinfo=UTC))]


def test_annotations_that_are_not_texts_work_too() -> None:
    def arrow(flights):  # type: ignore[no-untyped-def]
        return isinstance(flights, pa.Table)

    arrow.__annotations__["flights"] = pa.Table
    assert outcome(check("flights")(arrow)).passed is True


def test_what_is_no_table_comes_as_it_is() -> None:
    @check("model")
    def fits(model: dict[str, float]) -> bool:
        return model["rmse"] < 4

    assert outcome(fits, {"rmse": 3.5}).passed is True


def test_a_check_cannot_change_the_data() -> None:
    @check("flights")
    def vandal(flights: pd.DataFrame) -> bool:
        flights.loc[:, "dep"] = 99
        flights["new"] = 1
        return True

    before = FRAME.copy(deep=True)
    assert outcome(vandal).passed is True
    pd.testing.assert_frame_equal(FRAME, before)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (None, "returned nothing; return True, False, a number"),
        (CheckResult(None), "said that it can't tell"),
        (FRAME.dep > 0, "write .all() behind it"),
        (1, "gave the number 1, and nothing says which is good"),
        ("yes", "returned a str"),
        (CheckResult(True, observed="many"), "can't be read"),  # type: ignore[arg-type]
        (CheckResult(True, evidence=[1]), "can't be read"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_verdict_is_unknown(answer: object, says: str) -> None:
    @check("flights")
    def odd(flights: pd.DataFrame) -> object:
        return answer

    found = outcome(odd)
    assert found.passed is None
    assert says in found.message


@pytest.mark.parametrize("error", [ValueError, AssertionError, SystemExit, KeyError])
@pytest.mark.parametrize("arguments", [(), ("two\nlines",)])
def test_an_exception_is_unknown_with_its_line(error: type[BaseException], arguments: tuple[str, ...]) -> None:
    @check("flights")
    def broken(flights: pd.DataFrame) -> bool:
        raise error(*arguments)

    found = outcome(broken)
    assert found.passed is None
    assert f"broken raised {error.__name__}" in found.message
    assert ("two" in found.message) == bool(arguments)
    line = broken.function.__code__.co_firstlineno + 2
    assert f"(line {line})" in found.message


def test_a_persons_interrupt_goes_through() -> None:
    @check("flights")
    def stopped(flights: pd.DataFrame) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outcome(stopped)


def test_a_frame_that_arrow_cannot_hold_is_unknown() -> None:
    @check("flights")
    def arrow(flights: pa.Table) -> bool:
        return True

    found = outcome(arrow, pd.DataFrame({"x": [1, "a"]}))
    assert found.passed is None
    assert "could not be given the data" in found.message


def test_wrong_declarations_are_told_at_once() -> None:
    with pytest.raises(CheckError, match="is no asset"):
        check(3)
    with pytest.raises(CheckError, match="write 'warn' or 'error'"):
        check("flights", severity="fatal")
    with pytest.raises(CheckError, match="must take the data, and then other assets"):
        check("flights")(lambda_without)
    with pytest.raises(CheckError, match="must take the data, and then other assets"):
        check("flights")(named_only)
    with pytest.raises(CheckError, match="plain function"):
        check("flights")(lambda data: True)
    with pytest.raises(CheckError, match="plain function, once"):
        check("flights")(arrivals_follow_departures)
    with pytest.raises(CheckError, match="without async"):
        check("flights")(awaited)


def lambda_without() -> bool:
    return True


def named_only(flights: object, *, weather: object) -> bool:
    return True


async def awaited(flights: object) -> bool:
    return True
