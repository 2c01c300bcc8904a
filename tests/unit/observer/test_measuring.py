"""How columns are measured: as their asset says, else as the environment does."""

from pathlib import Path

import pytest

from observer.measuring import filled
from observer.model import AccuracyKind, ProfilePolicy
from observer.project import open_project
from tests.unit.observer.shop import shop
from tests.unit.observer.test_audit import FRAME, staged

EXACT = "[env.local]\nprofile = { exact = true, max_seconds = 60, distributions = false }\n"
PIPELINE = """
import observer as ob


@ob.asset
def flights() -> None: ...
"""


@pytest.mark.parametrize(
    ("asset", "environment", "together"),
    [
        (ProfilePolicy(), ProfilePolicy(exact=True, max_seconds=60), ProfilePolicy(exact=True, max_seconds=60)),
        (ProfilePolicy(max_seconds=5), ProfilePolicy(max_seconds=60), ProfilePolicy(max_seconds=5)),
        (ProfilePolicy(distributions=False), ProfilePolicy(distributions=True), ProfilePolicy(distributions=False)),
        (ProfilePolicy(sketches=True), ProfilePolicy(sketches=False), ProfilePolicy(sketches=True)),
        (ProfilePolicy(sample=0.1), ProfilePolicy(exact=True), ProfilePolicy(sample=0.1)),
        (ProfilePolicy(exact=True), ProfilePolicy(sample=5_000), ProfilePolicy(exact=True)),
        (ProfilePolicy(max_seconds=5), ProfilePolicy(sample=5_000), ProfilePolicy(sample=5_000, max_seconds=5)),
        (ProfilePolicy(sensitive=("a",)), ProfilePolicy(sensitive=("*",)), ProfilePolicy(sensitive=("a", "*"))),
        (ProfilePolicy(sensitive=("a",)), ProfilePolicy(exact=True), ProfilePolicy(exact=True, sensitive=("a",))),
    ],
)
def test_what_the_asset_says_counts_before_the_environment(
    asset: ProfilePolicy, environment: ProfilePolicy, together: ProfilePolicy
) -> None:
    assert filled(asset, environment) == together


@pytest.mark.parametrize(("toml", "kind", "kept"), [("[env.local]\n", "approximate", 2), (EXACT, "exact", 0)])
def test_the_environments_profile_is_what_is_measured(toml: str, kind: str, kept: int, tmp_path: Path) -> None:
    work = open_project(shop(tmp_path / "shop", pipeline=PIPELINE, toml=toml))
    audit = work.runtime.gate.measure(staged(FRAME))
    work.close()
    counted = {one.accuracy.kind for one in audit.observations if one.metric == "distinct_count"}
    assert counted == {AccuracyKind(kind)}
    assert len(audit.distributions) == kept
