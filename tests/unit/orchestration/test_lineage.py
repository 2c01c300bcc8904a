"""What a query says before it runs."""

import pytest

import observer as ob
from orchestration.assets import Asset
from orchestration.errors import DefinitionError
from orchestration.io.kinds import KINDS
from orchestration.lineage import DIALECTS, ColumnRead, check_syntax, column_lineage
from orchestration.model import AssetKey

ALL = sorted(set(DIALECTS.values()))


def made(sql: str) -> Asset:
    asset: Asset = ob.sql_asset("marts", sql)
    return asset


def read(asset: str, column: str) -> ColumnRead:
    return ColumnRead(AssetKey(asset), column)


def test_every_kind_of_io_manager_has_its_dialect() -> None:
    assert set(DIALECTS) == set(KINDS)


@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize(
    "sql",
    [
        "select $partition as day, n from {{ raw }} order by n",
        "with a as (select * from {{ raw }}) select a.n, count(*) from a join {{other}} b on a.n = b.n group by a.n",
        "select '{{ raw }}' as name, n from {{raw}} where n is not null",
        "select {% for c in ['a', 'b'] %}{{ c }}, {% endfor %} 1 as one from {{ raw }}",
    ],
)
def test_good_queries_are_taken(sql: str, dialect: str) -> None:
    check_syntax(made(sql), dialect)


@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize(
    ("sql", "where", "near"),
    [
        ("select n\n  fro {{ raw }} b", "line 2", "near"),
        ("select n from {{ raw }}\nwhere (n > 1", "line 2", ""),
        ("select 'n from {{ raw }}", "", ""),
    ],
)
def test_others_are_refused_with_their_place(sql: str, where: str, near: str, dialect: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        check_syntax(made(sql), dialect)
    said = str(raised.value)
    assert said.startswith("the SQL of marts (")
    assert where in said
    assert near in said
    assert said.endswith("nothing was run")


def test_the_column_is_that_of_the_users_own_text() -> None:
    with pytest.raises(DefinitionError, match=r"line 2, column 23: duckdb can't parse it near 'nonsense'"):
        check_syntax(made("select n\nfrom {{ raw }} as raw nonsense"), "duckdb")


def test_what_the_engine_takes_and_sqlglot_does_not_is_taken() -> None:
    odd = "select n from {{ raw }} where n is not distinct from all_of_it collate nocase collate binary"
    check_syntax(made(odd), "sqlite")
    check_syntax(made("from {{ raw }} select columns(c -> c like 'n%') limit 10 %"), "duckdb")


def test_what_sqlglot_takes_and_the_engine_does_not_is_refused() -> None:
    with pytest.raises(DefinitionError, match="duckdb can't parse it"):
        check_syntax(made("select n,, m from {{ raw }}"), "duckdb")


@pytest.mark.parametrize("dialect", ALL)
def test_which_columns_each_column_reads(dialect: str) -> None:
    found = column_lineage(
        made(
            "with late as (select origin, dep_delay + arr_delay as delay from {{ flights }}) "
            "select late.origin, avg(late.delay) as mean, max(w.wind) as wind, 1 as one, $partition as day "
            "from late join {{ weather }} as w on w.origin = late.origin group by late.origin"
        ),
        dialect,
    )
    assert {name.lower(): reads for name, reads in found.items()}["one"] == ()
    by_name = {
        name.lower(): {(r.asset.lower(), r.column.lower()) for r in reads or ()} for name, reads in found.items()
    }
    assert by_name["origin"] == {("flights", "origin")}
    assert by_name["mean"] == {("flights", "dep_delay"), ("flights", "arr_delay")}
    assert by_name["wind"] == {("weather", "wind")}


def test_what_the_query_does_not_say_is_none() -> None:
    assert column_lineage(made("select * from {{ raw }}"), "duckdb") == {"*": None}
    found = column_lineage(made("select n, a.m from {{ a }} as a join {{ b }} as b using (k)"), "duckdb")
    assert found == {"n": None, "m": (read("a", "m"),)}
