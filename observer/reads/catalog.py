"""The table of assets: those that a selection and facets leave, worst first, a hundred at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from observer.errors import TidegateError
from observer.project import Project
from observer.reads.catalog_model import PAGE, AssetsPage, Facet, Question
from observer.reads.instants import timezone_of
from observer.reads.model import State
from observer.reads.overview import Overview, overview
from observer.reads.rows import asset_row
from observer.reads.states import RANK
from observer.reads.words import words_of
from orchestration.assets import Asset
from orchestration.model import AssetKey
from orchestration.selection import select

Values = Callable[[Asset], Collection[str]]


def assets_page(connection: Connection, project: Project, question: Question, now: datetime) -> AssetsPage:
    """Twelve statements at most, whatever the number of assets."""
    graph = project.graph
    found = overview(connection, graph, now)
    selected, refused = _selected(connection, project, found, question.select)
    values = _facets(found)
    left = [key for key in selected if _fits(graph.asset(key), question, values)]
    left.sort(key=lambda key: RANK[found.states[key][0]])
    pages = max(1, -(-len(left) // PAGE))
    first = (min(question.page, pages) - 1) * PAGE
    shown = left[first : first + PAGE]
    standings = found.standings(shown)
    return AssetsPage(
        at=now, project=project.config.root.name, environment=project.config.name, timezone=timezone_of(graph),
        question=question, refused=refused, total=len(graph), found=len(left), pages=pages,
        facets=_counted([graph.asset(key) for key in selected], question, values),
        assets=tuple(asset_row(graph.asset(key), standings[key]) for key in shown),
    )  # fmt: skip


def _selected(
    connection: Connection, project: Project, found: Overview, expression: str
) -> tuple[tuple[AssetKey, ...], str]:  # fmt: skip
    """The assets that a selection names; none where it can't be read, and why."""
    if not expression.strip():
        return project.graph.order, ""
    try:
        statuses = words_of(connection, {key: state for key, (state, _) in found.states.items()}, expression)
        return select(project.graph, expression, statuses), ""
    except TidegateError as error:
        return (), str(error)


def _facets(found: Overview) -> Mapping[str, Values]:
    return {
        "state": lambda asset: (found.states[asset.key][0].value,),
        "group": lambda asset: (asset.group or "",),
        "owner": lambda asset: asset.owners or ("",),
        "tag": lambda asset: asset.tags,
        "kind": lambda asset: (asset.kind.value,),
    }


def _fits(asset: Asset, question: Question, values: Mapping[str, Values], *, but: str = "") -> bool:
    return all(
        name == but or (wanted := getattr(question, name)) is None or wanted in of(asset) for name, of in values.items()
    )


def _counted(selected: Sequence[Asset], question: Question, values: Mapping[str, Values]) -> tuple[Facet, ...]:
    """Each facet's values, counted among the assets that the other facets leave."""
    facets = []
    for name, of in values.items():
        counts = Counter(
            value for asset in selected if _fits(asset, question, values, but=name) for value in of(asset)
        )  # fmt: skip
        order = _by_rank if name == "state" else _by_number
        facets.append(Facet(name=name, values=tuple(sorted(counts.items(), key=order))))
    return tuple(facets)


def _by_rank(one: tuple[str, int]) -> tuple[int, str]:
    return RANK[State(one[0])], ""


def _by_number(one: tuple[str, int]) -> tuple[int, str]:
    return -one[1], one[0]
