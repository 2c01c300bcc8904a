"""What `tidegate plan --explain` says of the flights example to somebody who has never seen one."""

import os
import re
from pathlib import Path

import pytest

from tests.acceptance.conftest import Demo, Done, copied, tidegate

GOLDEN = Path(__file__).parents[1] / "golden" / "cli"
QUESTION = ("plan", "*", "--partition", "2013-02-08", "--explain")


def assert_golden(name: str, done: Done) -> None:
    """As the file says; the band is the detector's business. UPDATE_GOLDEN=1 writes it anew."""
    assert done.code == 0, done.err
    text = re.sub(r"expected \S+ % \(learned from \d+ days\)", "expected <band>", done.out)
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path} differs; look, then UPDATE_GOLDEN=1"


def test_the_plan_of_an_untouched_project(untouched: Path, tmp_path: Path) -> None:
    assert_golden("plan_flights", tidegate(copied(untouched, tmp_path / "flights"), *QUESTION))


@pytest.mark.slow
def test_the_plan_after_the_day_was_held(demo: Demo) -> None:
    assert_golden("plan_flights_held", demo(*QUESTION))
