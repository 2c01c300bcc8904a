from pathlib import Path

from observer.clues import ClueKind
from observer.model import Observation, Severity
from observer.slices import told
from observer.store import clues
from orchestration.database import reading
from tests.unit.observer.ledger import daily_asset, day, ledger


def test_the_slice_that_carries_the_change_is_named_with_its_share() -> None:
    lines = {"carrier=UA": [0.6, 0.1, 0.1], "carrier=AA": [0.1, 0.1, 0.1], "carrier=B6": [0.2, 0.1, 0.1]}
    (worst,) = told(lines, {"carrier=UA": [100.0], "carrier=AA": [100.0], "carrier=B6": [50.0]}, "Null rate", "rate")
    assert worst.sentence == "carrier=UA carries 90.9 % of the change: Null rate 60 %, before 10 %"
    assert worst.share == 50 / 55


def test_what_is_not_measured_before_or_has_not_changed_carries_nothing() -> None:
    assert told({"a=1": [1.0]}, {}, "Rows", "rows") == ()
    assert told({"a=1": [1.0, 1.0], "a=2": [2.0, 2.0]}, {}, "Rows", "rows") == ()
    assert told({"a=1": [1.0, 9.0]}, {}, "Rows", "rows") == ()  # all of it is no slice


def test_slices_are_looked_up_when_an_incident_opens(tmp_path: Path) -> None:
    def by_carrier(ua: float) -> list[Observation]:
        rates = {"UA": ua, "AA": 0.01}
        more = [
            Observation(metric="null_rate", column="name", segment=f"carrier={c}", value=v) for c, v in rates.items()
        ]
        return more + [Observation(metric="row_count", segment=f"carrier={c}", value=500.0) for c in rates]

    with ledger(f"sqlite:///{tmp_path}/state.db", daily_asset()) as made:
        made.days(1, 20, more=by_carrier(0.01))
        made.version(day(21), nulls=0.5, more=by_carrier(0.99))
        assert made.incidents() == [(day(21), day(21), Severity.ERROR, "open")]
        with reading(made.engine) as connection:
            found = clues.of_incident(connection, 1)
    assert [(one.kind, one.sentence) for one in found if one.kind is ClueKind.SEGMENT] == [
        (ClueKind.SEGMENT, "carrier=UA carries 100 % of the change: Null rate of name 99 %, before 1 %")
    ]
