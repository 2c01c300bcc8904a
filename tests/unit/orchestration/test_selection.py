"""The language that names assets: what each sign means, and what is said of what can't be read."""

import pytest

import orchestration as o
from orchestration.assets import Asset
from orchestration.errors import SelectionError, TidegateError, UnknownName
from orchestration.graph import Graph
from orchestration.model import AssetKey
from orchestration.selection import quote, select


def named(key: str, *deps: str, **more: object) -> Asset:
    return o.asset(key=key, deps=deps, **more)(lambda: 1)  # type: ignore[call-overload,no-any-return]


GRAPH = Graph(
    [
        named("raw/a", group="raw", owners=["me@example.com"]),
        named("raw/b", group="raw"),
        named("c", "raw/a", "raw/b", tags=["pii", "fast"]),
        named("d 2", "c", tags=["pii"]),
        named("e (f)", "d 2"),
        named("tag:pii"),
        named("g-h"),
    ]
)


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("c", "c"),
        (" c , d 2 ", "c, d 2"),
        ("+c", "raw/a, raw/b, c"),
        ("1+d 2", "c, d 2"),
        ("c+1", "c, d 2"),
        ("1+c+1", "raw/a, raw/b, c, d 2"),
        ("+(c, g-h)", "raw/a, raw/b, c, g-h"),
        ("(raw/a)+1", "raw/a, c"),
        ("group:raw", "raw/a, raw/b"),
        ("owner:*@example.com", "raw/a"),
        ("kind:python and raw/*", "raw/a, raw/b"),
        ("tag:p* & not d 2", "c"),
        ("tag:pii", "tag:pii"),  # an asset of that very name wins
        ('tag:"pii"', "c, d 2"),
        ("*, -group:raw, -+d 2", "e (f), tag:pii, g-h"),
        ("-raw/*", "c, d 2, e (f), tag:pii, g-h"),
        ("not not c", "c"),
        ("not (c or d 2)", "raw/a, raw/b, e (f), tag:pii, g-h"),
        ('"e (f)"', "e (f)"),
        ("c or g-h and raw/a, raw/b", "raw/b, c"),
        ("status:held", "c"),
        ("+c and not status:held", "raw/a, raw/b"),
    ],
)
def test_what_is_selected(expression: str, chosen: str) -> None:
    found = select(GRAPH, expression, lambda key: ("held", "stale") if key == "c" else ("good",))
    assert set(found) == set(chosen.split(", "))
    assert list(found) == [key for key in GRAPH.order if key in found]


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("cc", "no asset is called 'cc'; did you mean 'c'?"),
        ("zzzz", "no asset is called 'zzzz'; there are 'c', 'd 2', "),
        ("tga:x", "no selection method is called 'tga'; did you mean 'tag'?"),
        ("tag:pi", "no tag is called 'pi'; did you mean 'pii'?"),
        ("tag:", "no tag is called ''; there are 'fast', 'pii'"),
        ("group:silver", "no group is called 'silver'; there is 'raw'"),
        ("kind:sql", "no kind is called 'sql'; there is 'python'"),
        ("raw/x*", "no asset is called 'raw/x"),
        ("status:hold", "no status is called 'hold'; did you mean 'held'?"),
        ("", "is empty"),
        ("  ", "is empty"),
        ("+", "ends where a name should follow"),
        ("c and", "ends where a name should follow"),
        ("c,,d 2", "has ',' where it can't be read, at character 3"),
        ("c++", "has '\\+' where"),
        ("(c", "never closed"),
        ("c)", "has '\\)' where"),
        ('"c', "quote that is never closed"),
        ("+2c", "stands before the \\+"),
        ("c+ +", "has '\\+' where"),
        ("c and raw/a", "selects none of the 7 assets"),
        ("not *", "selects none"),
        ("(" * 60 + "c" + ")" * 60, "nested more than 50"),
    ],
)
def test_what_is_refused(expression: str, says: str) -> None:
    with pytest.raises((UnknownName, SelectionError), match=says):
        select(GRAPH, expression, lambda key: ("held",) if key == "c" else ("good",))


def test_statuses_that_are_not_at_hand() -> None:
    with pytest.raises(SelectionError, match="not at hand"):
        select(GRAPH, "status:held")


def test_at_most_ten_names_are_listed() -> None:
    with pytest.raises(UnknownName, match=r"'a7' and 2 more$"):
        select(Graph([named(f"a{n}", tags=["t"]) for n in range(12)]), "zzzz")


def test_an_empty_project_selects_nothing_aloud() -> None:
    with pytest.raises(SelectionError, match="none of the 0 assets"):
        select(Graph([]), "*")


@pytest.mark.parametrize("name", ["a & b", "not", "a b", "and", '"', "-a", "tag:x", "(", "12", "a:b c"])
def test_any_name_can_be_quoted(name: str) -> None:
    graph = Graph([named(name), named("other", tags=["x"])])
    assert select(graph, quote(name)) == (AssetKey(name),)
    assert select(graph, f"*, -{quote(name)}") == ("other",)


def test_every_error_has_one_root() -> None:
    assert issubclass(SelectionError, TidegateError)
    assert issubclass(SelectionError, ValueError)
