"""What can't be shown is a page for people and a problem for programs, with the same status."""

from __future__ import annotations

import pytest

from tests.unit.dashboards.test_pages import HTML, client, text_of

MISREAD = ("/assets?state=nonsense", "/assets?page=0", "/incidents?day=nonsense", "/incidents?before=0")


@pytest.mark.parametrize("path", MISREAD)
def test_an_address_that_cannot_be_read_is_a_page_that_says_what_of_it(path: str) -> None:
    answer = client().get(path)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    field = path.partition("?")[2].partition("=")[0]
    assert f"this can't be read: {field}: " in text_of(answer.text)
    assert f'href="{path.partition("?")[0]}"' in answer.text


@pytest.mark.parametrize("path", MISREAD)
def test_it_stays_json_for_programs_and_twins(path: str) -> None:
    page, _, query = path.partition("?")
    for address, accept in ((path, "*/*"), (f"{page}.json?{query}", HTML["accept"])):
        answer = client().get(address, headers={"accept": accept})
        assert answer.status_code == 422
        assert "json" in answer.headers["content-type"]


def test_what_is_not_allowed_here_says_so_and_what_is() -> None:
    answer = client().delete("/assets")
    assert answer.status_code == 405
    assert "Method Not Allowed" in answer.text
    assert answer.headers["allow"] == "GET"
