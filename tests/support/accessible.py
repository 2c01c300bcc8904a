"""What axe-core finds in a page: a copy of it lies in ``vendor``, so that no test asks another host."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

_AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"


@cache
def _source() -> str:
    return _AXE.read_text(encoding="utf-8")


def assert_accessible(page: Page) -> None:
    """Fail where axe finds a violation of any of its rules, its best practices among them."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run(document)).violations")
    said = [
        f"{one['id']} ({one['impact']}): {one['help']}: " + "; ".join(node["html"][:160] for node in one["nodes"][:3])
        for one in found
    ]
    assert not said, f"{page.url}:\n" + "\n".join(said)
