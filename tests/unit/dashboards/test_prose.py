import pytest

from dashboards.prose import around, process, prose, seams
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
