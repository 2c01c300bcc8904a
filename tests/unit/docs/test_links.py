"""What the documentation points at is there."""

from pathlib import Path

import pytest

from tests.support.repository import ROOT, tracked
from tests.unit.docs.pages import PAGES, anchors, links, name_of

IMAGES = {".png", ".svg", ".jpg"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_has_a_target(page: Path) -> None:
    dead = []
    for link in links(page):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if target.suffix in IMAGES:
            continue
        if not target.is_relative_to(ROOT) or not target.exists():
            dead.append(link)
        elif anchor and anchor not in anchors(target):
            dead.append(f"{link} (no such heading)")
    assert not dead, f"{name_of(page)} points at what isn't there: {dead}"


def test_every_image_is_there() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(page) if Path(link).suffix in IMAGES}
    assert not [name_of(image) for image in sorted(shown) if not image.is_file()], "make these pictures"


def test_every_page_can_be_found() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        targets = ((page.parent / link.partition("#")[0]).resolve() for link in links(page) if "://" not in link)
        waiting += [t for t in targets if t.suffix == ".md" and t.is_file() and t not in reached]
    assert not [name_of(page) for page in PAGES if page not in reached], "pages that the README leads to by no link"


def test_every_page_is_under_test() -> None:
    pages = {path for path in tracked() if path.suffix == ".md"}
    assert not [name_of(page) for page in pages - set(PAGES)], "add it to tests/unit/docs/pages.py"
