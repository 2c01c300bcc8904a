from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboards.instants import Clock
from dashboards.prose import around, in_utc, process, prose, seams, told
from orchestration.lease import this_process


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("flights 2013-02-08 is held", ["2013-02-08"]),
        ("expected 0-25.5 % (learned from 38 days)", ["0-25.5 %", "38 days"]),
        ("776-1,091 rows", ["776-1,091 rows"]),
        ("9 of 10 passed", ["9 of 10"]),
        ("null_rate(dep_time) failed", []),
        ("run 20130208-110000-3ce41f6763; more", []),
        ("", []),
    ],
)
def test_what_belongs_together_stays_on_one_line(text: str, kept: list[str]) -> None:
    said = prose(text)
    assert [part.partition("</span>")[0] for part in said.split('<span class="nowrap">')[1:]] == kept
    assert said.striptags() == text


def test_prose_and_names_are_text() -> None:
    assert prose("<b> 3 rows & more") == '&lt;b&gt; <span class="nowrap">3 rows</span> &amp; more'
    assert seams("<i>a_b") == "&lt;i&gt;a_<wbr>b"


def test_a_long_name_breaks_at_its_seams() -> None:
    assert seams("ExpectColumn(distance)") == "Expect<wbr>Column(<wbr>distance)"
    assert seams("a__b") == "a__<wbr>b"


@pytest.mark.parametrize(
    ("text", "name", "parts"),
    [
        ("flights 2013-02-08 is held", "flights", ("", " 2013-02-08 is held")),
        ("x is blocked by flights", "flights", ("x is blocked by ", "")),
        ("flights_raw 2013-02-08 is held", "flights", None),
        ("raw.flights is held", "flights", None),
        ("nothing is named", None, None),
        ("a+b is held", "a+b", ("", " is held")),
    ],
)
def test_a_name_is_found_whole_or_not_at_all(text: str, name: str | None, parts: tuple[str, str] | None) -> None:
    assert around(text, name) == parts


def test_a_process_is_said_without_its_name_space_and_start() -> None:
    assert process("vm/4026531836:12389:353976") == "process 12389 on vm"
    assert process("vm:7:0") == "process 7 on vm"
    assert process("somebody") == "somebody"
    assert process("a:b:c") == "a:b:c"
    assert process(this_process()).startswith("process ")


NOW = datetime(2013, 2, 9, 11, tzinfo=UTC)
CLOCK = Clock(NOW, ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("text", "shown_as"),
    [
        ("1 asset held, since 06:00; 4 healthy", "moment"),
        ("ops delivered 9 Feb 06:00", "moment"),
        ("the version of 9 Feb 2013 06:00 is held", "moment"),
        ("was published at 2013-02-09 06:00, 5 of 5 checks passed", "day"),
    ],
)
def test_an_instant_in_a_sentence_is_an_element_with_the_exact_one(text: str, shown_as: str) -> None:
    said = told(text, (NOW - timedelta(days=3), NOW), CLOCK)
    assert said.count("<time ") == 1
    assert 'datetime="2013-02-09T11:00:00Z"' in said
    assert "06:00 EST · 2013-02-09T11:00:00Z" in said
    assert f'data-as="{shown_as}"' in said
    assert said.striptags() == text


@pytest.mark.parametrize(
    "text",
    ["the latest is 2013-02-09 06:01", "06:00:30", "2013-02-09 06:00:00", "at 106:00", "<b>07:00</b>", "nothing"],
)
def test_what_only_looks_like_an_instant_stays(text: str) -> None:
    assert told(text, (NOW,), CLOCK) == prose(text)
    assert told("since 06:00", (), CLOCK) == "since 06:00"


def test_a_hover_says_the_exact_instant_in_utc_and_leaves_the_rest() -> None:
    text = "the version of 9 Feb 06:00 is held: 07:00 is no instant"
    assert in_utc(text, (NOW,), CLOCK) == "the version of 2013-02-09T11:00:00Z is held: 07:00 is no instant"
    assert in_utc(text, (), CLOCK) == text
