"""The pictures of the documents, taken of a finished demo: `python docs/images/make.py FOLDER`.

FOLDER holds the project in which `tidegate demo --no-serve` has run; it is served and not changed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.browser import NewPage, assert_clean, pages, running_browser  # noqa: E402
from tests.unit.dashboards.served import served  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTH = 1280
LARGEST = 250_000  # bytes
HERE = Path(__file__).resolve().parent


def main(arguments: list[str]) -> int:
    """Take the four pictures; 0 when each is small enough."""
    if len(arguments) != 1 or not (Path(arguments[0]) / "tidegate.toml").is_file():
        return _say(
            "usage: python docs/images/make.py FOLDER, a project in which `tidegate demo --no-serve` has run", 2
        )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "flights"  # its name stands in the pictures
        shutil.copytree(arguments[0], folder)
        with served(folder) as site, running_browser() as browser, pages(browser) as new_page:
            return max([_take(new_page, site, *picture) for picture in PICTURES])


PICTURES = (
    # file, scheme, what is clicked on Now, the last thing in the picture
    ("now.png", "light", "", "table.assets"),
    ("now-dark.png", "dark", "", "table.assets"),
    ("asset.png", "light", ".incident-what", ".monitor.is-large"),
    ("run.png", "light", "table.runs tbody tr:first-child th a", "table.steps"),
)


def _take(new_page: NewPage, site: str, name: str, scheme: str, click: str, last: str) -> int:
    """One picture, from the page's top to a little below its last part."""
    page: Page = new_page(site, width=WIDTH, scheme=scheme)
    if click:
        page.locator(click).first.click()
        page.wait_for_load_state("networkidle")
        page.goto(page.url.partition("?")[0])  # as it is without a place that is pointed at
    page.set_viewport_size({"width": WIDTH, "height": 2400})  # so that the plots are in sight, and are drawn
    page.wait_for_function(
        "document.querySelectorAll('.is-large .canvas:not(.is-drawn), .gantt:not(.is-drawn)').length === 0"
    )
    page.wait_for_timeout(300)
    assert_clean(page)
    box = page.locator(last).first.bounding_box()
    assert box is not None, f"{name}: there is no {last}"
    target = HERE / name
    page.screenshot(path=target, clip={"x": 0, "y": 0, "width": WIDTH, "height": round(box["y"] + box["height"] + 12)})
    size = target.stat().st_size
    too_large = f", more than {LARGEST / 1000:.0f} kB" if size > LARGEST else ""
    return _say(f"{target.relative_to(ROOT)}: {size / 1000:.0f} kB{too_large}", int(size > LARGEST))


def _say(line: str, code: int) -> int:
    sys.stdout.write(line + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
