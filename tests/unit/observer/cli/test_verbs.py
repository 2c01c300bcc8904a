"""Each verb: its text, its JSON and every exit code that it can have."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from observer.cli import gate as gate_verb
from observer.cli import run as run_verb
from observer.cli.exit_codes import ExitCode, of_error, worst
from observer.errors import ProjectError, StateError
from observer.project import Project
from observer.visible import visible, visible_json
from orchestration.errors import LeaseLost, StorageError
from tests.support.repository import ROOT
from tests.unit.observer.cli.conftest import Tidegate, assert_golden
from tests.unit.observer.shop import put, shop

DAY = "2024-02-01"


def test_run_publishes_and_the_gate_is_open(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY)
    done = tidegate("run", "report", "--partition", DAY)
    assert (done.code, done.err) == (0, "")
    assert_golden("run_published", done.out)
    opened = tidegate("gate", "orders", "--partition", DAY)
    assert (opened.code, opened.err) == (0, "")
    assert_golden("gate_open", opened.out)
    assert tidegate("run", "report", "--partition", DAY).code == 0


def test_a_failed_check_holds_and_blocks(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["bad"])
    done = tidegate("run", "report", "--partition", DAY)
    assert done.code == 1
    assert_golden("run_held", done.out)
    held = tidegate("gate", "orders", "--partition", DAY)
    assert held.code == 1
    assert_golden("gate_held", held.out)
    assert tidegate("run", "report", "--partition", DAY).code == 1


def test_what_could_not_be_evaluated_is_neither_good_nor_bad(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["boom"])
    done = tidegate("run", "orders", "--partition", DAY)
    assert done.code == 3
    assert_golden("run_unknown", done.out)
    assert tidegate("gate", "orders", "--partition", DAY).code == 3
    assert tidegate("gate", "orders", "--partition", "2024-02-02").code == 3


def test_no_rows_is_unknown(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, [])
    done = tidegate("run", "orders", "--partition", DAY)
    assert done.code == 3
    assert "Null rate of name could not be judged" in done.out


def test_a_function_that_raises_fails_its_step_and_publishes_nothing(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, raises="the source is closed")
    done = tidegate("run", "report", "--partition", DAY)
    assert done.code == 1
    assert "the source is closed" in done.out
    assert f"blocked   report {DAY}: orders {DAY} failed" in done.out
    assert tidegate("gate", "orders", "--partition", DAY).code == 3


def test_a_release_needs_a_held_version_and_a_reason(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["bad"])
    tidegate("run", "orders", "--partition", DAY)
    assert tidegate("release", "orders", "--partition", DAY).code == 2
    assert tidegate("release", "orders", "--partition", DAY, "--reason", "").code == 2
    done = tidegate("release", "orders", "--partition", DAY, "--reason", "bad is a customer")
    assert (done.code, done.err) == (0, "")
    assert_golden("release", done.out)
    again = tidegate("release", "orders", "--partition", DAY, "--reason", "again", "--format", "json")
    assert (again.code, again.json["error"]["code"]) == (2, "cannot-release")
    assert tidegate("gate", "orders", "--partition", DAY).code == 0


def test_a_released_day_was_held_before_it_was_released(tidegate: Tidegate, folder: Path) -> None:
    """Under a replayed clock each process begins at the same instant; time does not run backwards for all that."""
    put(folder, DAY, ["bad"])
    tidegate("run", "orders", "--partition", DAY)
    tidegate("release", "orders", "--partition", DAY, "--reason", "fine")
    with sqlite3.connect(folder / ".tidegate/state.db") as connection:
        (row,) = connection.execute("select opened_at, resolved_at from incidents").fetchall()
    assert row[0] < row[1]


def test_plan_says_what_and_runs_nothing(tidegate: Tidegate, folder: Path) -> None:
    done = tidegate("plan", "report", "--partition", DAY)
    assert done.code == 0
    assert_golden("plan", done.out)
    assert tidegate("gate", "orders", "--partition", DAY).code == 3
    assert [s["action"] for s in tidegate("plan", "report", "-p", DAY, "--format", "json").json["steps"]] == ["run"] * 2


def test_ls_lists_every_state(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["bad"])
    tidegate("run", "report", "--partition", DAY)
    done = tidegate("ls")
    assert done.code == 0
    assert_golden("ls", done.out)
    assert {row["key"] for row in tidegate("ls", "whole", "--format", "json").json} == {"whole"}


def test_history_shows_the_points_with_what_was_expected(tidegate: Tidegate, folder: Path) -> None:
    never = tidegate("history", "orders", "null_rate", "--column", "name")
    assert never.code == 0
    assert "was never measured" in never.out
    for n in range(1, 13):
        put(folder, f"2024-01-{n:02}", ["ada"] * (10 + n % 3) + [None])
    tidegate("run", "orders", "--partition", "2024-01-01..2024-01-12")
    done = tidegate("history", "orders", "null_rate", "--column", "name", "--last", "4")
    assert done.code == 0
    assert_golden("history", done.out)
    points = tidegate("history", "orders", "row_count", "--format", "json", "--last", "3").json
    assert [point["value"] for point in points] == [12.0, 13.0, 11.0]
    unwatched = tidegate("history", "orders", "distinct_count", "--column", "id", "--last", "1")
    assert (unwatched.code, "measured" in unwatched.out) == (0, True)
    assert tidegate("history", "orders", "null_rate").code == 2
    wrong = tidegate("history", "orders", "scoer")
    assert (wrong.code, "did you mean 'score'" in wrong.err) == (2, True)


def test_history_says_why_a_number_is_missing(tidegate: Tidegate, folder: Path) -> None:
    put(folder, "2024-01-01", [])
    tidegate("run", "orders", "--partition", "2024-01-01")
    for metric in ("null_rate", "distinct_count"):  # one is watched, the other only measured
        asked = ("history", "orders", metric, "--column", "name")
        assert "no rows" in tidegate(*asked).out
        (point,) = tidegate(*asked, "--format", "json").json
        assert (point["value"], "no rows" in point["reason"]) == (None, True)


def test_init_makes_a_project_that_runs_and_never_overwrites(
    tidegate: Tidegate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert tidegate("init", "my shop", "--format", "json").json == {
        "written": ["my shop/tidegate.toml", "my shop/pipeline.py"]
    }
    again = tidegate("init", "my shop")
    assert (again.code, again.out) == (2, "")
    assert again.err == "my shop/tidegate.toml exists already; nothing was written\n"
    assert tidegate("run", "revenue", "--project", "my shop").code == 0
    other = tidegate("init", "other one")
    assert_golden("init", other.out)
    (tmp_path / "file").touch()
    blocked = tidegate("init", "file/inside")
    assert (blocked.code, "can't be written" in blocked.err) == (2, True)


WRONG = [
    (("run", "ordrs", "-p", DAY), "no asset is called 'ordrs'; did you mean 'orders'?"),
    (("run", "orders"), "say which: --partition"),
    (("run", "orders", "-p", "yesterday"), "isn't a daily partition"),
    (("run", "orders", "-p", "2023-12-31"), "there is no partition 2023-12-31"),
    (("run", "orders", "-p", "2024-02-02..2024-02-01"), "runs backwards"),
    (("run", "orders", "-p", "2024-06-01"), "has not begun"),
    (("run", "whole", "-p", DAY), "leave it out"),
    (("plan", "ordrs"), "did you mean 'orders'"),
    (("gate", "ordrs"), "did you mean 'orders'"),
    (("gate", "orders", "-p", "2024-99-01"), "isn't a daily partition"),
    (("gate", "whole", "-p", DAY), "isn't partitioned; leave --partition out"),
    (("gate", "orders", "-p", DAY, "--wait", "soon"), "write 90s, 10m, 2h or 3d"),
    (("release", "orders", "--reason", "r"), "say which: --partition"),
    (("release", "whole", "--reason", "r"), "nothing of whole is held; nothing was changed"),
    (("release", "ordrs", "--reason", "r"), "did you mean 'orders'"),
    (("ls", "ordrs"), "did you mean 'orders'"),
    (("history", "ordrs", "row_count"), "did you mean 'orders'"),
    (("history", "orders", "null_rat", "--column", "name"), "did you mean 'null_rate'"),
    (("resume",), "there is no run that ended without success and was not resumed yet; nothing was begun"),
    (("resume", "20240101"), "no run is called '20240101'"),
    (("cancel",), "no run is running; nothing was changed"),
    (("cancel", "20240101"), "no run is called '20240101'"),
    (("cancel", "--wait", "soon"), "write 90s, 10m, 2h or 3d"),
    (("gate", "orders", "--env", "prod"), "no environment is called 'prod'"),
    (("gate", "orders", "--project", "nowhere"), "there is no folder nowhere"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_wrong_use_is_two_with_a_sentence(
    tidegate: Tidegate, folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    text = tidegate(*arguments)
    assert (text.code, text.out) == (2, "")
    assert said in text.err
    as_json = tidegate(*arguments, "--format", "json")
    assert as_json.code == 2
    assert said in as_json.json["error"]["message"]


@pytest.mark.parametrize(
    "arguments", [["run"], ["nope"], ["ls", "--format", "xml"], ["history", "a", "b", "--last", "0"]]
)
def test_wrong_options_are_two(tidegate: Tidegate, folder: Path, arguments: list[str]) -> None:
    assert tidegate(*arguments).code == 2


VERBS = [
    ("run", "orders", "-p", DAY),
    ("plan", "orders", "-p", DAY),
    ("gate", "orders"),
    ("release", "orders", "-p", DAY, "--reason", "r"),
    ("ls",),
    ("history", "orders", "row_count"),
]


@pytest.mark.parametrize("arguments", VERBS, ids=[a[0] for a in VERBS])
@pytest.mark.parametrize(
    ("breakage", "code", "said"),
    [
        ("corrupt", 3, "the file is damaged and was left as it is"),
        ("newer", 3, "is at revision 9999, which this Tidegate doesn't know"),
        ("broken project", 2, "pipeline.py:1 raised ZeroDivisionError"),
        ("broken settings", 2, "isn't TOML"),
    ],
)
def test_what_cannot_be_asked_is_never_a_pass(
    tidegate: Tidegate, folder: Path, arguments: tuple[str, ...], breakage: str, code: int, said: str
) -> None:
    (folder / ".tidegate").mkdir()
    if breakage == "corrupt":
        (folder / ".tidegate/state.db").write_bytes(b"SQLite format 3\0" + b"x" * 4096)
    elif breakage == "newer":
        with sqlite3.connect(folder / ".tidegate/state.db") as connection:
            connection.execute("create table alembic_version (version_num text)")
            connection.execute("insert into alembic_version values ('9999')")
    elif breakage == "broken project":
        (folder / "pipeline.py").write_text("1 / 0\n")
    else:
        (folder / "tidegate.toml").write_text("[env\n")
    text = tidegate(*arguments)
    assert (text.code, text.out) == (code, "")
    assert said in text.err
    assert "Traceback" not in text.err
    as_json = tidegate(*arguments, "--format", "json")
    assert as_json.code == code
    assert said in as_json.json["error"]["message"]


def test_waiting_too_long_is_four(tidegate: Tidegate, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_verb, "_POLL_S", 0.01)
    put(folder, DAY, ["bad"])
    tidegate("run", "orders", "-p", DAY)
    assert tidegate("gate", "orders", "-p", DAY, "--wait", "0.05s").code == 4
    tidegate("release", "orders", "-p", DAY, "-r", "fine")
    assert tidegate("gate", "orders", "-p", DAY, "--wait", "10m").code == 0


def test_ctrl_c_is_130_in_both_formats(tidegate: Tidegate, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Project, "plan", interrupt)
    text = tidegate("run", "orders", "-p", DAY)
    assert (text.code, text.out) == (130, "")
    assert text.err == "interrupted; what was published stays published\n"
    assert tidegate("run", "orders", "-p", DAY, "--format", "json").json["error"]["code"] == "interrupted"


def test_a_fault_of_ours_is_three_and_says_so(
    tidegate: Tidegate, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_verb, "code_of", lambda answer: 1 / 0)
    done = tidegate("gate", "orders", "--format", "json")
    assert done.code == 3
    assert "this is a fault of Tidegate" in done.err or "this is a fault of Tidegate" in done.out


def test_only_the_result_reaches_stdout_in_json(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY)
    done = tidegate("run", "orders", "-p", DAY, "--format", "json")
    assert done.code == 0
    assert {step["status"] for step in done.json["run"]["steps"]} == {"published"}
    assert "a print of the user's own" in done.err


def test_alerts_that_cannot_be_sent_are_no_failure_of_the_run(
    tidegate: Tidegate, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise StateError("the outbox does not answer")

    put(folder, DAY)
    monkeypatch.setattr(Project, "deliver", refuse)
    done = tidegate("run", "orders", "-p", DAY)
    assert (done.code, done.err) == (0, "alerts could not be sent just now: the outbox does not answer\n")
    assert run_verb.deliver is not None


def test_nobody_listening_changes_neither_the_work_nor_the_code(folder: Path) -> None:
    put(folder, DAY, ["bad"])
    code = "from observer.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "run", "orders", "-p", DAY], cwd=folder, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    with process:
        assert process.stderr is not None
        err = process.stderr.read()
    assert (process.returncode, err) == (1, "")


def test_codes_have_one_order() -> None:
    codes = [ExitCode.TIMED_OUT, ExitCode.FAILED, ExitCode.UNKNOWN, ExitCode.WRONG_USE]
    assert [worst(codes[: n + 1]) for n in range(4)] == codes
    assert worst([]) is ExitCode.OK
    assert {of_error(e) for e in (StateError("x"), StorageError("x"), LeaseLost("x"))} == {ExitCode.UNKNOWN}
    assert of_error(ProjectError("x")) is ExitCode.WRONG_USE


@pytest.mark.slow
def test_a_real_ctrl_c_ends_the_run_as_interrupted(folder: Path) -> None:
    slow = "\n".join(
        [
            "import time, observer as ob",
            "@ob.asset",
            "def slow():",
            "    open('began', 'w').close()",
            "    time.sleep(60)",
        ]
    )
    (folder / "pipeline.py").write_text(slow)
    process = subprocess.Popen(
        [sys.executable, "-c", "from observer.cli import main; main()", "run", "slow"], cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    with process:
        until = time.monotonic() + 30
        while not (folder / "began").exists() and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "interrupted; what was published stays published\n")
    with sqlite3.connect(folder / ".tidegate/state.db") as connection:
        assert connection.execute("select status from runs").fetchall() == [("interrupted",)]


def test_resume_goes_on_where_a_run_broke(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, raises="the source is closed")
    assert tidegate("run", "report", "--partition", DAY).code == 1
    put(folder, DAY)
    done = tidegate("resume")
    assert (done.code, done.err) == (0, "")
    assert_golden("resume", done.out)
    needless = tidegate("resume")
    assert (needless.code, "there is no run" in needless.err) == (2, True)


def test_resume_says_where_nothing_is_left_to_do(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, raises="the source is closed")
    tidegate("run", "report", "--partition", DAY)
    put(folder, DAY)
    tidegate("run", "report", "--partition", DAY)
    done = tidegate("resume")
    assert (done.code, done.out.startswith("nothing is left to do: all that run ")) == (0, True)
    assert tidegate("resume", "--format", "json").json["run"] is None


def test_resume_names_what_the_project_no_longer_has(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, raises="the source is closed")
    tidegate("run", "report", "--partition", DAY)
    put(folder, DAY)
    file = folder / "pipeline.py"
    file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith("report =")))
    done = tidegate("resume", "--keep-going", "--format", "json")
    assert done.code == 0
    assert f"no longer has; it is left out: report {DAY}" in done.err
    assert [step["asset"] for step in done.json["run"]["steps"]] == ["orders"]
    assert done.json["run"]["resumes"]


def test_cancel_refuses_a_run_that_has_ended(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY)
    ran = tidegate("run", "orders", "-p", DAY, "--format", "json").json["run"]["id"]
    done = tidegate("cancel", ran, "--format", "json")
    assert (done.code, done.json["error"]["code"]) == (2, "cannot-change-run")
    assert "has ended already, as succeeded; nothing was changed" in done.json["error"]["message"]


@pytest.mark.parametrize("arguments", [("ls",), ("ls", "--format", "json"), ("run", "whole")])
def test_a_full_disk_for_the_output_is_said_and_the_work_is_done(folder: Path, arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from observer.cli import main; main()", *arguments], cwd=folder, stdout=full,
            stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr == (
        "the result could not be written to stdout: No space left on device; what was done stays done\n"
    )
    if arguments[0] == "run":
        with sqlite3.connect(folder / ".tidegate/state.db") as connection:
            assert connection.execute("select status from runs").fetchall() == [("succeeded",)]


MARKED = r"""
import observer as ob

@ob.asset
def odd():
    raise ValueError("\u001b[2J all is well \u009b1m \u2066 \u202e over")
"""


def test_marks_that_a_terminal_would_obey_are_shown(tidegate: Tidegate, folder: Path) -> None:
    (folder / "pipeline.py").write_text(MARKED, encoding="utf-8")
    done, listed, wrong = tidegate("run", "odd"), tidegate("ls"), tidegate("run", "o\u202edd\x9b")
    for said in (done, listed, wrong):
        assert not set(said.out + said.err) & set("\u202e\u2066\x1b\x9b\r"), said
    for said in (done, listed):
        assert "\\x1b[2J all is well \\x9b1m \\u2066 \\u202e over" in said.out
    as_json = tidegate("run", "odd", "--format", "json")
    assert not set(as_json.out) & set("\u202e\u2066\x1b\x9b")
    assert "\x9b1m \u2066 \u202e over" in as_json.json["run"]["steps"][0]["error"], "its reader has the same text"


def test_what_scripts_need_to_be_joined_stays() -> None:
    family, word = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    assert visible(f"{family} {word}\t\n") == f"{family} {word}\t\n"
    assert visible_json('"\U000e0041"') == '"\\udb40\\udc41"'


def test_history_shows_how_values_are_spread(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["ada", "ada", "bob", None])
    put(folder, "2024-02-02", ["bad", "bad", "bad", "bob"])
    assert tidegate("run", "orders", "--partition", f"{DAY}..2024-02-02").code == 1
    names = tidegate("history", "orders", "distribution", "--column", "name")
    assert (names.code, names.err) == (0, "")
    first, second = (line.split(maxsplit=1) for line in names.out.splitlines())
    assert [part.replace("\N{NO-BREAK SPACE}", " ") for part in (first[1].strip(), second[1])] == [
        "ada 66.7 %, bob 33.3 %  of 3 values", "held bad 75 %, bob 25 %  of 4 values",
    ]  # fmt: skip
    ids = tidegate("history", "orders", "distribution", "--column", "id", "--format", "json").json
    assert [(one["partition"], one["held"], len(one["distribution"]["points"])) for one in ids] == [
        (DAY, False, 65), ("2024-02-02", True, 65),
    ]  # fmt: skip
    unknown = tidegate("history", "orders", "distribution", "--column", "nmae")
    assert unknown.code == 2
    assert "did you mean 'name'" in unknown.err
    assert "--column C" in tidegate("history", "orders", "distribution").err


REGIONS = """
import pandas as pd

import observer as ob


@ob.asset(partitions=ob.static("eu", "us"), metrics=[ob.metric("most", sql="max(n) - min(n)")])
def orders(context: ob.Context) -> pd.DataFrame:
    return pd.DataFrame({"n": [1, 2, 3] if context.partition == "eu" else []}, dtype="float64")
"""


def test_history_finds_what_is_measured_of_partitions_without_time(
    tidegate: Tidegate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them has a series of its own."""
    monkeypatch.chdir(shop(tmp_path / "shop", pipeline=REGIONS))
    tidegate("run", "orders", "--partition", "*")
    for asked, known in ((("most",), 2.0), (("mean", "--column", "n"), 2.0)):
        points = tidegate("history", "orders", *asked, "--format", "json").json
        assert {point["partition"]: point["value"] for point in points} == {"eu": known, "us": None}
        assert [bool(point["reason"]) for point in points] == [False, True]
    assert (
        tidegate("history", "orders", "max", "--column", "n", "--over", "all", "--format", "json").json[0]["value"] == 3
    )
