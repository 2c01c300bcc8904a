from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboards.instants import Clock
from dashboards.prose import around, in_utc, process, prose, seams, told
from observer.reads.instants import Sentence, full, moment
from orchestration.lease import this_process


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("flights 2013-02-08 is held", ["2013-02-08"]),
        ("expected 0–25.5 % (learned from 38 days)", ["0–25.5 %", "38 days"]),
        ("776–1,091 rows", ["776–1,091 rows"]),
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


def held_since(at: datetime = NOW) -> Sentence:
    return Sentence.of("1 asset held, since ", moment(at, NOW, CLOCK.zone), "; the latest is 06:00")


@pytest.mark.parametrize(
    ("text", "shown_as"),
    [
        (held_since(), "moment"),
        (Sentence.of("ops delivered ", moment(NOW, NOW + timedelta(days=2), CLOCK.zone)), "moment"),
        (Sentence.of("the version of ", moment(NOW, NOW + timedelta(days=400), CLOCK.zone), " is held"), "moment"),
        (Sentence.of("was published at ", full(NOW, CLOCK.zone), ", 5 of 5 checks passed"), "day"),
    ],
)
def test_an_instant_in_a_sentence_is_an_element_with_the_exact_one(text: Sentence, shown_as: str) -> None:
    said = told(text, CLOCK)
    assert said.count("<time ") == 1
    assert 'datetime="2013-02-09T11:00:00Z"' in said
    assert "06:00 EST · 2013-02-09T11:00:00Z" in said
    assert f'data-as="{shown_as}"' in said
    assert said.striptags() == text.replace("\N{NO-BREAK SPACE}", " ")


def test_words_that_look_like_an_instant_of_the_sentence_stay() -> None:
    assert told(held_since(), CLOCK).endswith("</time>; the latest is 06:00")
    assert told("the latest is 2013-02-09 06:00", CLOCK) == prose("the latest is 2013-02-09 06:00")
    assert told("<b>06:00</b>", CLOCK) == prose("<b>06:00</b>")


def test_a_hover_says_the_exact_instant_in_utc_and_leaves_the_rest() -> None:
    assert in_utc(held_since()) == "1 asset held, since 2013-02-09T11:00:00Z; the latest is 06:00"
    assert in_utc("the latest is 06:00") == "the latest is 06:00"


def test_sentences_in_one_keep_the_instants_of_each() -> None:
    earlier = NOW - timedelta(hours=1)
    both = Sentence.joined("; ", ("never", held_since(), Sentence.of(held_since(earlier), ".")))
    assert both == f"never; {held_since()}; {held_since(earlier)}."
    assert [(both[begin:end], at) for begin, end, at in both.instants] == [("06:00", NOW), ("05:00", earlier)]


def test_what_turns_text_around_is_written_out() -> None:
    assert told(Sentence.of("until ", full(NOW, CLOCK.zone), "; a\u202eb"), CLOCK).endswith("; a\\u202eb")
