from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.support.browser import NewPage, assert_clean, seen

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    icon = '<link rel="icon" href="data:,">'
    (tmp_path / "good.html").write_text(f"<!doctype html>{icon}<h1>Now</h1>")
    (tmp_path / "bad.html").write_text(
        f"<!doctype html>{icon}<img src='https://example.com/x.png'><script>missing()</script>"
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_good_page_is_clean(page: "Page", site: str) -> None:
    page.goto(f"{site}/good.html")
    assert page.locator("h1").inner_text() == "Now"
    assert_clean(page)


def test_errors_and_other_hosts_are_seen(new_page: NewPage, site: str) -> None:
    page = new_page(f"{site}/bad.html", phone=True, scheme="dark")
    assert page.evaluate("innerWidth") in range(390, 1000)  # without a viewport tag a phone lays out wider
    assert seen(page).foreign_requests == ["https://example.com/x.png"]
    assert any("missing is not defined" in line for line in seen(page).console_errors)
    with pytest.raises(AssertionError, match="asked other hosts"):
        assert_clean(page)
