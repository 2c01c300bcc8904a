"""The pictures of the documents, taken of a finished demo: `python docs/images/make.py FOLDER [NAME ...]`.

FOLDER holds a project in which `tidegate demo --no-serve` has run; a copy of it is served. A NAME is one of PICTURES.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

from palette import of_few_colours  # noqa: E402

from tests.support.browser import NewPage, Scheme, assert_clean, pages, running_browser  # noqa: E402
from tests.unit.dashboards.served import served  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTH = 1280
TALLEST = 2400
ZONE = "America/New_York"  # the viewer's, as is the project's
LARGEST = 250_000  # bytes
DRAWN = """bottom => [...document.querySelectorAll(".plot .canvas")]
    .every(canvas => canvas.getBoundingClientRect().top > bottom || canvas.classList.contains("is-drawn"))"""


@dataclass(frozen=True, slots=True)
class Picture:
    """One page from its top to a little below ``last``; of a phone as much as its screen shows."""

    name: str
    path: str
    last: str = "main"
    scheme: Scheme = "light"
    phone: bool = False


MONITOR = "/assets/flights/monitors/null_rate(dep_time)"
PICTURES = (
    Picture("now", "/", "table.assets"),
    Picture("now-phone", "/", scheme="dark", phone=True),
    Picture("assets", "/assets"),
    Picture("asset", "/assets/flights", ".monitor.is-large"),
    Picture("monitor", MONITOR, "#history"),
    Picture("monitor-dark", MONITOR, "#history", scheme="dark"),
    Picture("monitor-phone", f"{MONITOR}#history", phone=True),
    Picture("graph", "/graph"),
    Picture("incidents", "/incidents"),
    Picture("incident", "/incidents/1"),
    Picture("runs", "/runs", "table.runs tbody tr:nth-child(6)"),
    Picture("run", "/runs/{run}", "table.steps"),
    Picture("schedules", "/schedules"),
)


def main(arguments: list[str]) -> int:
    """Take the pictures; 0 when each is small enough."""
    folder, names = (Path(arguments[0]), arguments[1:]) if arguments else (Path(), [])
    wanted = [picture for picture in PICTURES if not names or picture.name in names]
    if not arguments or not (folder / "tidegate.toml").is_file() or {p.name for p in wanted} < set(names):
        return _say(
            "usage: python docs/images/make.py FOLDER [NAME ...], where FOLDER is a project in which "
            f"`tidegate demo --no-serve` has run, and a NAME one of {', '.join(p.name for p in PICTURES)}",
            2,
        )
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "flights"  # its name stands in the pictures
        shutil.copytree(folder, copy)
        with served(copy) as site, running_browser() as browser, pages(browser) as new_page:
            return max([_take(new_page, site, picture) for picture in wanted])


def _take(new_page: NewPage, site: str, picture: Picture) -> int:
    address = site + picture.path.replace("{run}", _last_run(site))
    page: Page = new_page(width=WIDTH, phone=picture.phone, scheme=picture.scheme)
    page.context.new_cdp_session(page).send("Emulation.setTimezoneOverride", {"timezoneId": ZONE})
    page.goto(address)
    if not picture.phone:
        page.set_viewport_size({"width": WIDTH, "height": TALLEST})  # plots are drawn when they are in sight
    bottom = 844 if picture.phone else _bottom(page, picture)
    page.wait_for_function(DRAWN, arg=bottom)
    page.wait_for_selector("#live:is([hidden], [data-state=live])", state="attached")
    page.wait_for_timeout(300)
    assert_clean(page)
    clip = None if picture.phone else {"x": 0, "y": 0, "width": WIDTH, "height": _bottom(page, picture)}
    taken = of_few_colours(new_page(), page.screenshot(clip=clip))  # type: ignore[arg-type]  # a plain mapping of a clip
    target = HERE / f"{picture.name}.png"
    target.write_bytes(taken)
    too_large = f", more than {LARGEST / 1000:.0f} kB" if len(taken) > LARGEST else ""
    return _say(f"{target.relative_to(ROOT)}: {len(taken) / 1000:.0f} kB{too_large}", int(len(taken) > LARGEST))


def _bottom(page: Page, picture: Picture) -> int:
    box = page.locator(picture.last).first.bounding_box()
    assert box is not None, f"{picture.name}: there is no {picture.last}"
    return min(TALLEST, round(box["y"] + box["height"] + 12))


def _last_run(site: str) -> str:
    with urlopen(f"{site}/now.json", timeout=30) as answer:
        return str(json.load(answer)["runs"][0]["id"])


def _say(line: str, code: int) -> int:
    sys.stdout.write(line + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
