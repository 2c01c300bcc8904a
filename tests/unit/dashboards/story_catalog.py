"""The table of the story's assets."""

from __future__ import annotations

from collections import Counter

from observer.reads.catalog_model import AssetsPage, Facet, Question
from observer.reads.model import AssetRow
from tests.unit.dashboards.story_history import NOW, ZONE


def assets_page(question: Question, rows: tuple[AssetRow, ...]) -> AssetsPage:
    """Those in a state and a group; a selection that names ``nowhere`` can't be read."""
    refused = "no asset is called 'nowhere'; there are flights, planes" if "nowhere" in question.select else ""
    left = tuple(
        row
        for row in rows
        if not refused and question.state in (None, row.state) and question.group in (None, row.group or "")
    )
    return AssetsPage(
        at=NOW,
        project="flights",
        environment="local",
        timezone=ZONE,
        question=question,
        refused=refused,
        total=len(rows),
        found=len(left),
        pages=1,
        facets=(
            Facet(name="state", values=tuple(Counter(row.state.value for row in rows).items())),
            Facet(name="group", values=tuple(Counter(row.group or "" for row in rows).items())),
            Facet(name="owner", values=tuple(Counter(owner for row in rows for owner in row.owners).items())),
            Facet(name="tag", values=()),
            Facet(name="kind", values=tuple(Counter(row.kind for row in rows).items())),
        ),
        assets=left,
    )
