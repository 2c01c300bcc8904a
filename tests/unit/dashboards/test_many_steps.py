"""The page of a run of many steps: what one looks at first, and every other step by pages and by result."""

import re
from dataclasses import replace

from dashboards.pages.steps import ALL, FEW, PAGE, Asked, shown
from observer.reads.model import RunPage, StepRow
from orchestration.model import StepStatus
from tests.unit.dashboards import story
from tests.unit.dashboards.fake_reads import StoryReads
from tests.unit.dashboards.test_pages import client

STEPS = 5_000


def step(number: int) -> StepRow:
    """Few are held or failed, a tenth are blocked, and the last ones took longest."""
    few = {4_000: "held", 4_500: "failed"}
    status = few.get(number, "blocked" if number % 10 == 3 else "published")
    began = None if status == "blocked" else number / 100
    return StepRow(
        asset=f"asset_{number:05}", partition="2024-03-09", status=status, reason="new partition", note="", error=None,
        blocked_by=None, start_s=began, execute_s=began and 0.001 * number, gate_s=None,
        duration_s=began and 0.001 * number,
    )  # fmt: skip


def page() -> RunPage:
    steps = tuple(map(step, range(STEPS)))
    counts = (("published", 4_498), ("held", 1), ("blocked", 500), ("failed", 1))
    return replace(story.run_page(), steps=steps, run=replace(story.run_row(), counts=counts))


LARGE = page()


def rows(query: str = "") -> list[str]:
    text = client(StoryReads(runs={"r039": LARGE})).get(f"/runs/r039{query}").text
    return re.findall(r'<th scope="row" class="cell-key"><a href="/assets/(asset_\d+)"', text)


def test_what_went_wrong_comes_first_and_then_what_took_longest() -> None:
    assert rows()[:4] == ["asset_04500", "asset_04000", "asset_04999", "asset_04998"]
    assert len(rows()) == PAGE


def test_every_step_is_on_one_page() -> None:
    found = [one.asset for number in range(1, 51) for one in shown(LARGE.steps, Asked(page=number)).steps]
    assert len(found) == STEPS
    assert set(found) == {one.asset for one in LARGE.steps}
    assert shown(LARGE.steps, Asked(page=50)).after is None
    assert shown(LARGE.steps, Asked(page=999)) == shown(LARGE.steps, Asked(page=50)), "the last page is the last"


def test_one_result_alone_is_asked_for_by_an_address() -> None:
    text = client(StoryReads(runs={"r039": LARGE})).get("/runs/r039").text
    assert 'href="?status=blocked#steps-title"' in text
    assert 'href="?page=2#steps-title"' in text
    blocked = shown(LARGE.steps, Asked(StepStatus.BLOCKED, page=5))
    assert {one.status for one in blocked.steps} == {"blocked"}
    assert (blocked.found, blocked.first, blocked.before, blocked.after) == (
        500, 401, "?status=blocked&page=4#steps-title", None,
    )  # fmt: skip
    assert rows("?status=held") == ["asset_04000"]
    assert rows("?status=cancelled") == []
    assert client(StoryReads(runs={"r039": LARGE})).get("/runs/r039?page=0").status_code == 422


def test_the_plot_says_how_many_steps_it_leaves_out() -> None:
    drawn = shown(LARGE.steps, ALL).drawn
    assert len(drawn) == 60
    assert list(drawn) == sorted(drawn, key=lambda one: one.asset), "in the order walked"
    text = client(StoryReads(runs={"r039": LARGE})).get("/runs/r039").text
    assert "Drawn are 60 of 5,000 steps" in text
    assert len(text) < 200_000


def test_a_run_of_few_steps_is_shown_whole_in_the_order_walked() -> None:
    few = shown(LARGE.steps[:FEW], Asked(StepStatus.HELD))
    assert few.whole
    assert few.steps == few.drawn == LARGE.steps[:FEW]
    assert "Drawn are" not in client().get("/runs/r039").text
