"""What ``ob.dbt_assets`` declares for the observer."""

from pathlib import Path

import pytest

import observer as ob
from observer.assets import quality_of
from observer.doctor.dbt import look_at_dbt
from observer.doctor.model import Diagnosis, Health
from observer.errors import CheckError
from observer.loading import define, load
from orchestration.dbt.assets import Builder
from orchestration.dbt.settings import DbtSettings
from orchestration.errors import DefinitionError, ManifestError, UnknownName
from tests.support.manifests import generic, manifest, model, source, written


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    fresh = {"error_after": {"count": 1, "period": "day"}}
    said = manifest(
        source("raw", "orders", freshness=fresh, loaded_at_field="loaded_at"), model("a", "source.shop.raw.orders"),
        generic("not_null_a", "model.shop.a", severity="warn"), generic("unique_a", "model.shop.a"),
    )  # fmt: skip
    return written(tmp_path / "shop", said)


def test_tests_are_checks_with_their_severity(shop: Path) -> None:
    policy = ob.GatePolicy(on_unknown="open")
    carried = quality_of(ob.dbt_assets(shop, gate=policy, profile=ob.ProfilePolicy(exact=True))["a"])
    assert {check.name: check.severity.value for check in carried.checks} == {"not_null_a": "warn", "unique_a": "error"}
    assert (carried.gate, carried.profile.exact) == (policy, True)


def test_a_source_says_what_tells_its_age(shop: Path) -> None:
    found = ob.dbt_assets(shop)["raw.orders"]
    assert found.freshness == ob.FreshnessPolicy(max_age="1d")
    assert quality_of(found).updated_by == "loaded_at"


def test_a_relative_path_counts_from_the_file_that_says_it(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    pipeline = shop.with_name("pipeline.py")
    pipeline.write_text("import observer as ob\nshop = ob.dbt_assets('shop')\n", encoding="utf-8")
    found = load(pipeline)
    assert set(found.graph.order) == {"raw.orders", "a"}
    assert [check.name for check in found.checks[found.graph.asset("a").key]] == ["not_null_a", "unique_a"]


def test_they_are_due_all_together_or_by_name(shop: Path) -> None:
    def due(schedule: object) -> dict[str, str | None]:
        found = ob.dbt_assets(shop, schedule=schedule)  # type: ignore[arg-type]
        return {asset.key: asset.schedule and asset.schedule.describe() for asset in found}

    daily = ob.cron("0 6 * * *")
    assert due(None) == {"a": None, "raw.orders": None}
    assert due("0 6 * * *") == due(daily) == {"a": daily.describe(), "raw.orders": daily.describe()}
    assert due(ob.on_update()) == {"a": "any upstream updated", "raw.orders": None}, "a source reads nothing"
    assert due({"a": ob.on_update("raw.orders")}) == {"a": "raw.orders updated", "raw.orders": None}
    assert due({"*": daily, "a": ob.on_update()}) == {"a": "any upstream updated", "raw.orders": daily.describe()}
    assert define(ob.dbt_assets(shop, schedule=ob.on_update()), ()).graph.asset("a").schedule is not None


def test_monitors_stand_beside_the_default_ones(shop: Path) -> None:
    found = ob.dbt_assets(shop, monitors={"a": [ob.monitor("null_rate", column="id", severity="error")]})
    assert [one.id for one in quality_of(found["a"]).monitors] == ["null_rate(id)"]
    assert {"row_count", "schema", "null_rate(id)"} <= {one.id for one in quality_of(found["a"]).watched}
    assert quality_of(found["raw.orders"]).monitors == ()


def test_what_cannot_be_declared_says_why(shop: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'a'"):
        ob.dbt_assets(shop)["aa"]
    with pytest.raises(DefinitionError, match="leave batch= out"):
        ob.dbt_assets(shop, run=ob.RunPolicy(batch=2))
    with pytest.raises(DefinitionError, match="can't be written as JSON"):
        ob.dbt_assets(shop, vars={"since": object()})
    with pytest.raises(DefinitionError, match="a: schedule='at six'"):
        ob.dbt_assets(shop, schedule={"a": "at six"})
    with pytest.raises(DefinitionError, match=r"a: schedule=.*never makes it due"):
        ob.dbt_assets(shop, schedule=ob.held())
    with pytest.raises(UnknownName, match=r"schedule= of .*did you mean 'a'"):
        ob.dbt_assets(shop, schedule={"aa": "0 6 * * *"})
    with pytest.raises(UnknownName, match=r"monitors= of .*did you mean 'a'"):
        ob.dbt_assets(shop, monitors={"aa": []})
    with pytest.raises(CheckError, match=r"^a: 'row_count' is declared twice"):
        ob.dbt_assets(shop, monitors={"a": [ob.monitor("row_count"), ob.monitor("row_count")]})
    with pytest.raises(ManifestError, match=r"the folder that dbt_project\.yml lies in"):
        ob.dbt_assets(shop.with_name("nowhere"))


def test_variables_are_part_of_the_code_and_nothing_else_is(shop: Path) -> None:
    def code(**more: object) -> str | None:
        return ob.dbt_assets(shop, **more)["a"].code_version  # type: ignore[arg-type]

    assert code() == code(target="prod", profiles="profiles", vars={})
    assert len({code(), code(vars={"n": 1}), code(vars={"n": 2})}) == 3
    assert code(vars={"n": 1, "m": 2}) == code(vars={"m": 2, "n": 1})


def test_what_a_project_says_counts_before_what_the_environment_does(shop: Path) -> None:
    ours = DbtSettings(target="dev", profiles=Path("/ours"), python="/python", patience_s=3.0)
    (asset, _) = ob.dbt_assets(shop, profiles="/theirs")
    assert isinstance(asset.function, Builder)
    found = ours.of(asset.function.build.options)
    assert (found.target, found.profiles, found.python, found.patience_s) == ("dev", Path("/theirs"), "/python", 3.0)


def test_the_doctor_says_what_dbt_lacks(shop: Path) -> None:
    diagnosis = Diagnosis()
    look_at_dbt(diagnosis, DbtSettings(python="/nowhere/python"), define(ob.dbt_assets(shop), ()).graph)
    (found,) = diagnosis.findings
    assert (found.part, found.health) == ("dbt shop", Health.BROKEN)
    assert "dbt can't be run by /nowhere/python" in found.said


def test_a_trial_builds_them_by_dbt_and_by_nothing_else(shop: Path) -> None:
    made = ob.materialize(ob.dbt_assets(shop))
    assert made["raw.orders"].outcome == "failed"
    assert "dbt" in str(made["raw.orders"].error)
    assert made["a"].outcome == "blocked"
