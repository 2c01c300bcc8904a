"""``tidegate check``, ``mute`` and ``unmute``: what is there is judged again, recorded, proposed; and kept quiet."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from observer.project import open_project
from observer.store import incident_turns
from observer.store.tables import evaluations, incidents
from orchestration.database import reading
from orchestration.tables import events, versions
from tests.unit.observer.cli.conftest import Tidegate
from tests.unit.observer.shop import PIPELINE, TOML, put, shop

DAY, NEXT = "2024-02-01", "2024-02-02"
HERE = ("orders", "--partition", DAY)


def with_checks(folder: Path, declared: str) -> None:
    shop(folder, pipeline=PIPELINE.replace('checks=[ob.unique("id")]', f"checks=[{declared}]"))


def stored(folder: Path, subject: str) -> list[tuple[str, str | None]]:
    work = open_project(folder)
    try:
        with reading(work.engine) as connection:
            rows = connection.execute(
                select(evaluations.c.status, evaluations.c.muted)
                .where(evaluations.c.subject == subject)
                .order_by(evaluations.c.id)
            )
            return [(row.status, row.muted) for row in rows]
    finally:
        work.close()


def test_a_new_check_judges_what_is_published_and_unpublishes_nothing(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["ada", None])
    assert tidegate("run", *HERE).code == 0
    with_checks(folder, 'ob.unique("id"), ob.not_null("name")')
    dry = tidegate("check", *HERE, "--dry-run")
    assert (dry.code, stored(folder, "not_null(name)")) == (1, [])
    found = tidegate("check", *HERE)
    assert found.code == 1
    lines = found.out.splitlines()
    assert lines[0].startswith(f"orders {DAY} (published, version ")
    assert lines[0].endswith("1 failed, 2 passed") or "2 passed, 1 failed" in lines[0]
    assert "  failed  not_null(name) (one scan): name is null in 1 of 2 rows (50 %); none may be" in lines
    assert "            id=1, name=None" in lines
    assert any("known (Python): known passed" in line for line in lines)
    assert stored(folder, "not_null(name)") == [("failed", None)]
    assert tidegate("gate", *HERE).code == 0, "what is published stays so"
    page = open_project(folder)
    asset = page.reads().asset("orders")
    page.close()
    assert asset is not None
    assert "not_null(name)" in {check.name for check in asset.checks}
    assert "is published with 1 warning" in asset.text


def test_a_held_version_that_passes_now_is_proposed_and_can_be_released(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["ada", "ada"])
    with_checks(folder, 'ob.unique("name")')
    assert tidegate("run", *HERE).code == 1
    still = tidegate("check", *HERE)
    assert still.code == 1
    assert "proposed" not in still.out
    with_checks(folder, 'ob.unique("name", error_above=5)')
    found = tidegate("check", *HERE)
    assert found.code == 0
    assert f"orders {DAY} (held, version " in found.out
    assert f"proposed for release: tidegate release orders --partition {DAY} --reason" in found.out
    assert tidegate("gate", *HERE).code == 1, "a person releases it"
    work = open_project(folder)
    with reading(work.engine) as connection:
        detail = connection.execute(select(events.c.detail).where(events.c.kind == "version.checked")).scalars().all()
    work.close()
    assert [one["outcome"] for one in detail] == ["failed", "release proposed"]
    assert tidegate("release", *HERE, "--reason", "the rule was wrong").code == 0


def incidents_of(folder: Path) -> list[tuple[str, str, str, list[str]]]:
    """Of each incident its severity, status and sentence, and what happened to it."""
    work = open_project(folder)
    try:
        with reading(work.engine) as connection:
            rows = connection.execute(select(incidents).order_by(incidents.c.id)).all()
            told = [[turn.reason for turn in incident_turns.of_incident(connection, row.id)] for row in rows]
        return [(row.severity, row.status, row.sentence, said) for row, said in zip(rows, told, strict=True)]
    finally:
        work.close()


def shown_on_the_page(folder: Path) -> str:
    work = open_project(folder)
    try:
        page = work.reads().asset("orders")
        assert page is not None
        return page.versions[0].sentence
    finally:
        work.close()


def test_what_fails_in_a_published_version_is_an_incident_until_it_passes(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["ada", None])
    tidegate("run", *HERE)
    with_checks(folder, 'ob.not_null("name")')
    tidegate("check", *HERE, "--dry-run")
    assert incidents_of(folder) == []
    assert [tidegate("check", *HERE).code for _ in range(2)] == [1, 1]
    ((severity, status, sentence, turns),) = incidents_of(folder)
    assert (severity, status, len(turns)) == ("error", "open", 2)
    assert sentence.startswith("name is null in 1 of 2 rows")
    assert sentence.endswith("found when it was checked again, and readers have it")
    assert tidegate("gate", *HERE).code == 0, "what is published stays so"

    with_checks(folder, 'ob.not_null("name", error_above=5)')
    assert tidegate("check", *HERE).code == 0
    ((_, status, _, turns),) = incidents_of(folder)
    assert (status, turns[-1]) == ("resolved", f"passed again with {DAY}")


def test_a_warning_on_a_published_version_is_a_warning(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["ada", None])
    tidegate("run", *HERE)
    with_checks(folder, 'ob.not_null("name", severity="warn")')
    assert tidegate("check", *HERE).code == 0
    ((severity, status, _, _),) = incidents_of(folder)
    assert (severity, status) == ("warn", "open")


def test_people_see_that_a_held_version_is_proposed(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["ada", "ada"])
    with_checks(folder, 'ob.unique("name")')
    tidegate("run", *HERE)
    with_checks(folder, 'ob.unique("name", error_above=5)')
    assert [tidegate("check", *HERE).code for _ in range(2)] == [0, 0]
    ((severity, status, _, turns),) = incidents_of(folder)
    assert (severity, status, len(turns)) == ("error", "open", 2), "it is noted once"
    assert turns[-1].endswith(f"proposed for release: tidegate release orders --partition {DAY} --reason '...'")
    proposed = "nothing holds it any more, proposed for release"
    assert proposed in tidegate("versions", *HERE).out
    assert f"{proposed}; it was held: 1 of 2 rows repeat name" in shown_on_the_page(folder)
    with_checks(folder, 'ob.unique("name")')
    assert tidegate("check", *HERE).code == 1
    assert proposed not in tidegate("versions", *HERE).out
    assert proposed not in shown_on_the_page(folder)


def test_the_policy_may_release_what_nothing_holds_any_more(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["ada", "ada"])
    with_checks(folder, 'ob.unique("name")')
    tidegate("run", *HERE)
    with_checks(folder, 'ob.unique("name", error_above=5)], gate=ob.GatePolicy(on_recovery="release"')
    shop(folder, pipeline=(folder / "pipeline.py").read_text().replace('"release"]', '"release")'))
    assert "released" not in tidegate("check", *HERE, "--dry-run").out
    found = tidegate("check", *HERE)
    assert "nothing holds it any more; released by its gate's policy" in found.out
    assert tidegate("gate", *HERE).code == 0
    ((_, status, _, turns),) = incidents_of(folder)
    assert status == "resolved"
    assert turns[-1] == "released by policy: nothing holds it any more: its checks were run again"


def test_what_a_monitor_holds_stays_so_whatever_checks_say(tidegate: Tidegate, folder: Path) -> None:
    shop(folder, pipeline=PIPELINE.replace('"score"', '"nowhere"'))  # which is unknown, and holds
    put(folder, DAY, ["ada"])
    assert tidegate("run", *HERE).code == 3
    found = tidegate("check", *HERE)
    assert found.code == 0
    assert "2 passed" in found.out
    assert "proposed" not in found.out


def test_without_a_partition_every_one_is_checked(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["ada"])
    put(folder, NEXT, ["bad"])
    tidegate("run", "orders", "--partition", f"{DAY}..{NEXT}")
    found = tidegate("check", "orders", "--format", "json")
    assert found.code == 1
    body = found.json
    assert body["recorded"] is True
    assert [(one["address"]["partition"], one["status"]) for one in body["versions"]] == [
        (DAY, "published"),
        (NEXT, "held"),
    ]
    assert body["versions"][0]["ways"] == {"unique(id)": "scan", "known": "python"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("check", "whole"), "has no check"),
        (("check", "order"), "did you mean 'orders'"),
        (("check", "orders"), "nothing of orders is published or held"),
        (("mute", "orders", "uniqe(id)", "--for", "2h", "--reason", "x"), "did you mean 'unique(id)'"),
        (("mute", "orders", "known", "--for", "2h", "--reason", " "), "needs a reason"),
        (("unmute", "orders", "known"), "isn't muted; nothing was changed"),
    ],
)
def test_wrong_use_is_told(tidegate: Tidegate, folder: Path, arguments: tuple[str, ...], says: str) -> None:
    found = tidegate(*arguments)
    assert found.code == 2
    assert says in found.err


def test_what_is_not_there_any_more_is_said(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY)
    tidegate("run", *HERE)
    for file in (folder / ".tidegate" / "data").rglob("*.parquet"):
        file.unlink()
    assert tidegate("check", *HERE).code == 3


def test_a_muted_check_neither_holds_nor_tells_until_it_speaks_again(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["bad"])
    done = tidegate("mute", "orders", "known", "--for", "2h", "--reason", "a new feed")
    assert done.code == 0
    assert done.out.startswith("known of orders is muted until ")
    ran = tidegate("run", *HERE)
    assert (ran.code, "held" in ran.out) == (0, False)
    ((status, muted),) = stored(folder, "known")
    assert status == "failed"
    assert muted is not None
    assert muted.endswith(": a new feed")
    assert "1 muted" in tidegate("gate", *HERE).out
    work = open_project(folder)
    page = work.reads().asset("orders")
    work.close()
    assert page is not None
    assert "1 muted warning" in page.text
    (strip,) = [check for check in page.checks if check.name == "known"]
    assert (strip.status.value if strip.status else "", strip.muted.startswith("muted until ")) == ("failed", True)
    again = tidegate("check", *HERE)
    assert (again.code, "1 muted" in again.out) == (0, True)
    assert tidegate("unmute", "orders", "known").out == "known of orders is no longer muted\n"
    assert tidegate("check", *HERE).code == 1
    work = open_project(folder)
    with reading(work.engine) as connection:
        kinds = connection.execute(select(events.c.kind).where(events.c.kind.like("check.%"))).scalars().all()
        seen = connection.execute(select(versions.c.status)).scalars().all()
    work.close()
    assert (kinds, seen) == (["check.muted", "check.unmuted"], ["published"])


def test_its_end_is_kept(tidegate: Tidegate, folder: Path) -> None:
    assert tidegate("mute", *HERE, "known", "--for", "2h", "--reason", "x").code == 0
    put(folder, DAY, ["bad"])
    (folder / "tidegate.toml").write_text(TOML.replace("2024-03-01 06:00", "2024-03-01 09:00"))
    assert tidegate("run", *HERE).code == 1


def test_it_says_so_in_json(tidegate: Tidegate, folder: Path) -> None:
    done = tidegate("mute", *HERE, "known", "--for", "2h", "--reason", "x", "--format", "json")
    assert (done.json["subject"], done.json["partition"]) == ("known", DAY)
    left = tidegate("unmute", *HERE, "known", "--format", "json")
    assert json.loads(left.out)["muted"] == []
