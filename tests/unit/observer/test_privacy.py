"""Nothing of a sensitive column's values lands in the state, in messages or in what is printed."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import observer as ob
from observer.errors import CheckError
from observer.privacy import unquoted, valueless
from observer.project import Project, open_project
from tests.unit.observer.shop import TOML, shop

PIPELINE = """
import pandas as pd

import observer as ob
from observer.collectors.base import Collector

EMAILS = [f"secret{n}@example.com" for n in range(9)]


class Domains(Collector):
    name = "domains"

    def collect(self, data):
        raise LookupError(f"no domain in {data.query('select min(email) from data')[0][0]}")


@ob.asset(
    PROFILE
    checks=[
        ob.unique("email", severity="warn"),
        ob.accepted_values("email", ["nobody@example.com"], severity="warn"),
        ob.in_range("salary", 0, 10, severity="warn"),
        ob.expect("ExpectColumnValuesToBeInSet", column="email", value_set=["nobody@example.com"], severity="warn"),
        ob.not_null("email"),
    ],
    metrics=[
        ob.metric("parsed", sql="sum(cast(email as integer))"),
        ob.metric("by_hand", function=lambda people: {}[people.email[0]]),
        Domains(),
        METRIC,
    ],
)
def people() -> pd.DataFrame:
    return pd.DataFrame({
        "email": [*EMAILS, EMAILS[0]], "salary": [76543.0 + n for n in range(10)], "country": ["QX"] * 10,
    })


@ob.check(people, severity="warn")
def broken(people: pd.DataFrame) -> bool:
    raise ValueError(f"what is {people['email'][0]}?")
"""
NUMBER = 48250123
SECRETS = ("secret", "76543.", "76552.", "QX")  # the least and the most salary; their mean is no one's


def opened(folder: Path, *, profile: str, metric: str, toml: str = "") -> Project:
    text = PIPELINE.replace("PROFILE", profile).replace("METRIC", metric)
    return open_project(shop(folder, pipeline=text, toml=TOML + toml))


def everything_in(work: Project) -> str:
    """The whole state database as text."""
    with sqlite3.connect(work.config.root / ".tidegate" / "state.db") as connection:
        return "\n".join(connection.iterdump())


@pytest.fixture(params=["tagged", "everywhere"])
def private(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    tagged = 'profile=ob.ProfilePolicy(sensitive=("EMAIL", "salary", "country")),'
    if request.param == "tagged":
        work = opened(tmp_path / "shop", profile=tagged, metric='ob.metric("people", sql="count(*)")')
    else:
        by_country = 'ob.metric("row_count", segment="country")'
        work = opened(tmp_path / "shop", profile="", metric=by_country, toml="private = true\n")
    yield work
    work.close()


def test_nothing_sensitive_lands_anywhere(
    private: Project, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (step,) = private.run(private.plan("people", None), trigger="test").steps
    page = private.reads().asset("people")
    assert page is not None
    said = "\n".join([everything_in(private), repr(page), repr(step), *capsys.readouterr(), caplog.text])
    assert [secret for secret in SECRETS if secret in said] == []
    assert step.status.value == "published"
    verdicts = {strip.name: strip.sentence for strip in page.checks}
    assert verdicts["unique(email)"] == (
        "unique(email) failed in 1 row; what it saw is not kept, for it looks at sensitive columns"
    )
    assert verdicts["not_null(email)"] == "no null in 10 rows of email"


def test_without_a_tag_the_same_values_are_shown(tmp_path: Path) -> None:
    work = opened(tmp_path / "shop", profile="", metric='ob.metric("row_count", segment="country")')
    work.run(work.plan("people", None), trigger="test")
    stored = everything_in(work)
    work.close()
    assert [secret for secret in SECRETS if secret in stored] == list(SECRETS)


def test_counts_and_rates_of_sensitive_columns_stay() -> None:
    @ob.asset(profile=ob.ProfilePolicy(sensitive=("*",)))
    def people() -> pd.DataFrame:
        return pd.DataFrame({"salary": [1.0, 2.0, None]})

    result = ob.materialize([people])["people"]
    seen = {(o.metric, o.column): (o.value, o.reason) for o in result.observations}
    assert seen["null_rate", "salary"][0] == pytest.approx(1 / 3)
    assert seen["mean", "salary"][0] == 1.5
    assert seen["max", "salary"] == (None, "values of a sensitive column are not kept")
    assert seen["row_count", None][0] == 3


def test_segments_of_a_sensitive_column_are_refused() -> None:
    with pytest.raises(CheckError, match="would keep values of country, which is sensitive"):
        ob.asset(profile=ob.ProfilePolicy(sensitive=("Country",)), metrics=[ob.metric("row_count", segment="country")])
    with pytest.raises(CheckError, match="takes names of columns"):
        ob.asset(profile=ob.ProfilePolicy(sensitive="email"))  # type: ignore[arg-type]


def test_names_of_columns_stay_in_what_an_engine_says() -> None:
    assert unquoted("column \"a\" has 'x' and 'a'", ["a"]) == "column \"a\" has '…' and 'a'"


def test_apostrophes_quote_nothing() -> None:
    said = "it can't be stored: could not convert 'Ann O'Hara' with type str"
    assert unquoted(said, []) == "it can't be stored: could not convert '…' with type str"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Casting from timestamp[ns] to timestamp[us] would lose data: 4825012345", "timestamp[us] would lose data: …"),
        ("Float value 48250.75 was truncated converting to int64", "Float value … was truncated converting to int64"),
        ("Value -4.8e+300 too large to fit in decimal128(20, 0)", "Value … too large to fit in decimal128(…, …)"),
        ("Type INT32 with value 48250 can't be cast", "Type INT32 with value … can't be cast"),
        ("could not convert datetime.date(1980, 1, 2) with type", "datetime.date(…, …, …) with type"),
        ("Key (email)=(ann@example.com) already exists", "Key (email)=(…) already exists"),
        ("Failing row contains (1, ann (x), null).", "Failing row contains (…)."),
        (
            "staging people 2024-02-02: 127.0.0.1:5432 did not answer",
            "staging people 2024-02-02: 127.0.0.1:5432 did not",
        ),
        ("it has 3 rows, tried 2 times over 1.5 s", "it has 3 rows, tried 2 times over 1.5 s"),
    ],
)
def test_numbers_that_may_be_values_are_not_told(said: str, left: str) -> None:
    assert left in valueless(said, ())


@pytest.mark.parametrize("sensitive", [True, False])
@pytest.mark.parametrize("asset", ["unfit", "queried", "large"])
def test_what_could_not_be_stored_is_not_quoted(
    asset: str, sensitive: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    profile = 'profile=ob.ProfilePolicy(sensitive=("email",))' if sensitive else ""
    pipeline = f"""
import pandas as pd
import observer as ob

@ob.asset({profile}{", " if profile else ""}run=ob.RunPolicy(retries=1, backoff="1s"))
def unfit() -> pd.DataFrame:
    return pd.DataFrame({{"email": [1, "secret@example.com"]}})

queried = ob.sql_asset("queried", sql="select cast('secret@example.com' as integer) as email", {profile})
large = ob.sql_asset("large", sql="select cast({NUMBER} as tinyint) as email", {profile})
"""
    work = open_project(shop(tmp_path / "shop", pipeline=pipeline, toml=TOML))
    (step,) = work.run(work.plan(asset, None), trigger="test").steps
    stored = everything_in(work)
    work.close()
    assert step.status.value == "failed"
    assert "onver" in (step.error or ""), "it still says what was wrong"
    said = stored + caplog.text + repr(step)
    assert ("secret@" in said or str(NUMBER) in said) is not sensitive


@pytest.mark.parametrize(
    "sql",
    ["max(salary)", "first(EMAIL)", "max(salary) - avg(salary)", "arg_max(email, id)", "median(salary)",
     "any_value(email) filter (where id = 7)", "my_own(salary)"],
)  # fmt: skip
def test_a_metric_that_may_give_a_sensitive_value_is_refused(sql: str) -> None:
    policy = ob.ProfilePolicy(sensitive=("email", "Salary"))
    with pytest.raises(CheckError, match=r"may give a value of a sensitive column.*discloses=True if people may"):
        ob.asset(profile=policy, metrics=[ob.metric("one", sql=sql)])
    ob.asset(profile=policy, metrics=[ob.metric("one", sql=sql, discloses=True)])


@pytest.mark.parametrize(
    "sql",
    ["avg(salary)", "count(distinct email)", "max(length(email))", "count(*) filter (where salary > 3)", "max(id)",
     "sum(case when email like '%@example.com' then 1 end) / count(*)"],
)  # fmt: skip
def test_a_metric_of_all_values_is_none(sql: str) -> None:
    ob.asset(profile=ob.ProfilePolicy(sensitive=("email", "salary")), metrics=[ob.metric("all", sql=sql)])


def test_discloses_goes_with_an_expression() -> None:
    with pytest.raises(CheckError, match="discloses=True goes with sql="):
        ob.metric("one", function=lambda data: 1.0, discloses=True)


PRIVATE = """
import pandas as pd

import observer as ob


@ob.asset(
    metrics=[
        ob.metric("top", sql="max(salary)"), ob.metric("told", sql="max(salary)", discloses=True),
        ob.metric("mean_salary", sql="avg(salary)", segment="country"),
    ],
    monitors=[
        ob.monitor("top", severity="error"), ob.monitor("mean_salary", segment="country=QX", severity="error"),
        ob.monitor("mean_salary", segment="country", severity="error"),
    ],
)
def people() -> pd.DataFrame:
    return pd.DataFrame({"salary": [76543.0, 1.0], "country": ["QX", "QX"]})
"""


def test_what_a_private_environment_does_not_measure_says_so_and_holds(tmp_path: Path) -> None:
    work = open_project(shop(tmp_path / "shop", pipeline=PRIVATE, toml=TOML + "private = true\n"))
    (step,) = work.run(work.plan("people", None), trigger="test").steps
    gate = work.reads().gate("people", None)
    kept = everything_in(work)
    work.close()
    assert (step.status, "76543" in kept) == ("held", True)  # which one metric was said to disclose
    assert gate is not None
    assert gate.holds == ("top", "mean_salary[country=QX]", "mean_salary[country]")
    top, *by_country = gate.reasons
    assert "it may give one, and values of a sensitive column are not kept" in top
    assert all("could not be judged: values of a sensitive column are not kept" in reason for reason in by_country)
