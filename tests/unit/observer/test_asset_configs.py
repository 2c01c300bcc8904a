"""Settings of assets, from the file, the environment, the command and the tests."""

from dataclasses import dataclass
from pathlib import Path

import pytest

import observer as ob
from observer.asset_configs import AssetConfigs, merged, parse_settings
from observer.config import read
from observer.errors import ProjectError, UnknownName
from observer.project import open_project
from orchestration.errors import DefinitionError
from orchestration.graph import Graph

PIPELINE = """
from dataclasses import dataclass
import observer as ob

@dataclass
class Limits:
    lowest: int
    word: str = "no"

@ob.asset
def prices(config: Limits) -> list[object]:
    return [config.lowest, config.word]

@ob.asset
def plain() -> int:
    return 1

@ob.multi_asset(["left", "right"])
def both(config: Limits) -> dict[str, int]:
    return {"left": config.lowest, "right": -config.lowest}
"""


@dataclass
class Limits:
    lowest: int = 0


@ob.asset
def limited(config: Limits) -> int:
    return config.lowest


@ob.asset
def free() -> int:
    return 1


def project(folder: Path, toml: str = "") -> Path:
    (folder / "pipeline.py").write_text(PIPELINE)
    (folder / "tidegate.toml").write_text(f"{toml}\n[env.local]\n[env.prod]\nconfig.prices.lowest = 7\n")
    return folder


def outcomes(folder: Path, selection: str, **options: object) -> dict[str, str]:
    work = open_project(folder, **options)  # type: ignore[arg-type]
    try:
        done = work.run(work.plan(selection, None), trigger="test")
        return {step.asset: step.status.value for step in done.steps}
    finally:
        work.engine.dispose()


def test_the_later_counts_before_the_earlier(tmp_path: Path) -> None:
    folder = project(tmp_path, "[config.prices]\nlowest = 3\nword = 'file'")
    assert read(folder, "local").asset_configs == {"prices": {"lowest": 3, "word": "file"}}
    assert read(folder, "prod").asset_configs == {"prices": {"lowest": 7, "word": "file"}}
    assert outcomes(folder, "prices") == {"prices": "published"}
    assert outcomes(folder, "prices") == {"prices": "skipped"}
    assert outcomes(folder, "prices", config=parse_settings(["prices.lowest=4"])) == {"prices": "published"}
    work = open_project(folder, config={"prices": {"lowest": 4}})
    assert work.load("prices") == [4, "file"]
    assert work.plan("prices", None).steps[0].action.value == "skip"
    work.engine.dispose()


def test_what_can_t_be_used_stops_only_what_needs_it(tmp_path: Path) -> None:
    folder = project(tmp_path)
    assert outcomes(folder, "plain") == {"plain": "published"}
    with pytest.raises(DefinitionError, match=r"prices: its config can't be used: lowest: field required.*\.prices"):
        outcomes(folder, "prices")
    with pytest.raises(DefinitionError, match="both: its config"):
        outcomes(folder, "left")


def test_a_multi_asset_has_its_settings_under_its_own_name(tmp_path: Path) -> None:
    folder = project(tmp_path, "[config.both]\nlowest = 3")
    assert outcomes(folder, "left") == {"left": "published", "right": "published"}


@pytest.mark.parametrize(
    ("toml", "error", "words"),
    [
        ("[config.pricse]\nlowest = 1", UnknownName, "did you mean 'prices'"),
        ("[config.plain]\nlowest = 1", DefinitionError, "has no parameter config"),
        ("config.prices = 3", ProjectError, "prices is a table"),
        ("config = 3", ProjectError, "is a table"),
    ],
)
def test_settings_of_nobody(toml: str, error: type[Exception], words: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=words):
        open_project(project(tmp_path, toml))


def test_a_secret_setting_is_not_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWEST", "hunter2-secret")
    folder = project(tmp_path, "[config.prices]\nlowest = '${LOWEST}'")
    assert "hunter2" not in repr(read(folder, "local"))
    with pytest.raises(DefinitionError) as raised:
        outcomes(folder, "prices")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("text", ["lowest=3", "prices.lowest", "=3", ".lowest=3", "prices.=3"])
def test_what_is_no_setting(text: str) -> None:
    with pytest.raises(ProjectError, match=r"ASSET\.SETTING=VALUE"):
        parse_settings([text])


def test_settings_as_the_command_takes_them() -> None:
    assert parse_settings(["a.b.x=1", "a.b.y=text", 'c.z=["1"]']) == {"a.b": {"x": 1, "y": "text"}, "c": {"z": ["1"]}}
    assert merged({"a": {"x": 1, "y": 1}}, {"a": {"y": 2}, "b": {}}) == {"a": {"x": 1, "y": 2}, "b": {}}


def test_a_source_takes_settings_too() -> None:
    @ob.source
    def outside(config: Limits) -> list[int]:
        return [config.lowest]

    @ob.asset
    def inside(outside: list[int]) -> list[int]:
        return outside

    assert ob.materialize([outside, inside], config={"outside": {"lowest": 5}})["inside"].value == [5]


def test_settings_in_a_test() -> None:
    assert ob.materialize([limited, free], config={"limited": {"lowest": 5}})["limited"].value == 5
    assert ob.materialize([limited])["limited"].value == 0
    with pytest.raises(UnknownName, match="limited"):
        AssetConfigs(Graph([limited]), {"limitd": {}})


@ob.asset
def after_bad(bad: object) -> int:
    return 1


@ob.asset
def after_good(good: object) -> int:
    return 1


def test_one_half_is_held_and_the_other_goes_on() -> None:
    import pandas as pd

    @ob.multi_asset({"good": ob.output(), "bad": ob.output(checks=[ob.row_count(1)])})
    def halves() -> dict[str, pd.DataFrame]:
        frame = pd.DataFrame({"id": [1]})
        return {"good": frame, "bad": frame[:0]}

    result = ob.materialize([halves, after_bad, after_good])
    assert {key: made.outcome for key, made in result.items()} == {
        "good": "published", "bad": "held", "after_bad": "blocked", "after_good": "published",
    }  # fmt: skip
