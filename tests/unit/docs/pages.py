"""The documentation as text: its pages, their links, code blocks and words in backticks."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import ROOT

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
GUIDES = sorted((DOCS / "guide").glob("*.md"))
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "benchmarks" / "README.md",
        ROOT / "docker" / "README.md",
        ROOT / "examples" / "airflow" / "README.md",
        ROOT / "examples" / "anywhere" / "README.md",
        ROOT / "examples" / "dbt" / "README.md",
        ROOT / "examples" / "flights" / "README.md",
        *DOCS.rglob("*.md"),
    ]
)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A code block: its language and its text."""

    language: str
    text: str


def name_of(page: Path) -> str:
    """The page from the root, for messages and test names."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str = "") -> list[Block]:
    """The page's code blocks, of one language if it is given."""
    found = [Block(kind, text) for kind, text in _FENCE.findall(page.read_text(encoding="utf-8"))]
    return [block for block in found if language in ("", block.language)]


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    """What the page links to, or shows."""
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get."""
    headings = re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def code_words(page: Path) -> set[str]:
    """Every span in backticks outside of code blocks."""
    return set(re.findall(r"`([^`\n]+)`", prose(page)))


def section(page: Path, heading: str) -> str:
    """The text under one heading of the second level, up to the next."""
    parts = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return next(part for part in parts if part.split("\n", 1)[0] == heading)
