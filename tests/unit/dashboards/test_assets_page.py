from __future__ import annotations

import re

from tests.unit.dashboards.fake_reads import HOSTILE, StoryReads, hostile_reads
from tests.unit.dashboards.test_pages import client, text_of


def words(path: str, reads: StoryReads | None = None) -> str:
    return re.sub(r"\s+", " ", text_of(client(reads).get(path).text))


def test_it_shows_state_age_rows_and_owner_of_each() -> None:
    page = client().get("/assets").text
    said = re.sub(r"\s+", " ", text_of(page))
    assert "7 assets" in said
    assert "held flights 2013-02-08 is held: dep_time null rate 50.8 %" in said
    assert "core · ops@example.com" in said
    assert page.count('class="cell-state"') == 7
    assert "plotly" not in page


def test_a_facet_leads_to_what_it_would_leave_and_lets_go_again() -> None:
    page = client().get("/assets?select=%2A&group=raw").text
    assert "3 of 7 assets" in text_of(page)
    assert 'href="/assets?select=%2A&amp;state=held&amp;group=raw"' in page
    assert '<a href="/assets?select=%2A" aria-current="true">' in page, "the chosen one lets go of itself"
    assert '<input type="hidden" name="group" value="raw">' in page


def test_a_selection_that_cannot_be_read_is_told_as_the_command_tells_it() -> None:
    page = client().get("/assets?select=nowhere")
    assert page.status_code == 200
    assert "no asset is called 'nowhere'; there are flights, planes" in text_of(page.text)
    assert 'value="nowhere"' in page.text


def test_its_twin_answers_the_same_question() -> None:
    answer = client().get("/assets.json?state=blocked").json()
    assert answer["question"]["state"] == "blocked"
    assert [row["key"] for row in answer["assets"]] == ["daily_delays", "delay_report"]


def test_a_facet_that_leaves_nothing_says_so() -> None:
    assert "No asset fits" in words("/assets?state=stale")


def test_names_that_want_to_be_markup_are_text() -> None:
    page = client(hostile_reads()).get("/assets").text
    assert "<img" not in page
    assert HOSTILE[:30] in text_of(page)


def test_a_lost_state_is_a_page_that_says_so() -> None:
    page = client(StoryReads(broken=True)).get("/assets")
    assert page.status_code == 503
    assert "The assets could not be read" in text_of(page.text)


def test_now_shows_when_something_was_wrong_and_leads_there() -> None:
    page = client().get("/").text
    said = re.sub(r"\s+", " ", text_of(page))
    assert "An incident was open in 1 hour; 1 opened." in said
    assert "1 incident opened on 1 day in twelve weeks." in said
    assert re.search(r'href="/incidents\?status=all&amp;day=2013-02-0\d"[^>]*aria-label="[^"]*1 incident opened', page)
    assert 'href="/assets?state=held"' in page
