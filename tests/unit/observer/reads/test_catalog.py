from datetime import UTC, datetime, timedelta

from observer.model import IncidentStatus, Severity
from observer.reads.catalog_model import PAGE, Question
from observer.reads.model import State
from tests.unit.observer.reads.conftest import MakeStore
from tests.unit.observer.reads.made import NOW, Store, asset, day


def keys(store: Store, **question: object) -> list[str]:
    return [row.key for row in store.reads.catalog(Question(**question)).assets]  # type: ignore[arg-type]


def test_a_selection_and_facets_narrow_it_worst_first(shop: Store) -> None:
    shop.held("orders", day(9))
    shop.version("rates")
    assert keys(shop) == ["orders", "totals", "report", "rates", "model"]
    assert keys(shop, select="orders+") == ["orders", "totals", "report", "model"]
    assert keys(shop, select="status:held or rates") == ["orders", "rates"]
    assert keys(shop, state=State.BLOCKED) == ["totals", "report"]
    assert keys(shop, owner="ops@example.com") == ["orders"]
    assert keys(shop, owner="", select="orders+1") == ["totals"]


def test_each_facet_counts_what_the_others_leave(shop: Store) -> None:
    shop.held("orders", day(9))
    page = shop.reads.catalog(Question(owner=""))
    facets = {facet.name: dict(facet.values) for facet in page.facets}
    assert facets["state"] == {"blocked": 2, "never": 2}
    assert facets["owner"] == {"": 4, "ops@example.com": 1}
    assert (page.found, page.total) == (4, 5)


def test_what_cannot_be_read_is_said_as_the_command_says_it(shop: Store) -> None:
    page = shop.reads.catalog(Question(select="order"))
    assert page.refused.startswith("no asset is called 'order'")
    assert "orders" in page.refused
    assert page.assets == ()


def test_a_page_holds_a_hundred_and_one_too_far_is_the_last(make: MakeStore) -> None:
    store = make(*(asset(f"a{n:03}", partitions=None) for n in range(PAGE + 20)))
    first, last = (store.reads.catalog(Question(page=number)) for number in (1, 9))
    assert (len(first.assets), len(last.assets), first.pages) == (PAGE, 20, 2)
    assert last.assets[-1].key == "a119"


def test_hours_and_days_tell_of_incidents(shop: Store) -> None:
    version = shop.held("orders", day(9))
    shop.incident("orders", day(9), version, at=NOW - timedelta(hours=2, minutes=10))
    warned = shop.version("rates")
    shop.incident(
        "rates", None, warned, at=NOW - timedelta(days=3), severity=Severity.WARN, status=IncidentStatus.RESOLVED
    )
    page = shop.reads.now()
    assert len(page.hours) == 24
    assert [hour.open for hour in page.hours[-5:]] == [0, 1, 1, 1, 1]
    assert [hour.opened for hour in page.hours[-5:]] == [0, 1, 0, 0, 0]
    assert page.hours[-1].state is State.FAILING
    assert (page.days[0].day.weekday(), page.days[-1].day) == (0, NOW.date())
    told = {cell.day: (cell.opened, cell.state) for cell in page.days if cell.opened}
    assert told == {
        NOW.date(): (1, State.FAILING),
        (NOW - timedelta(days=3)).date(): (1, State.WARNED),
    }
    assert [row.asset for row in shop.reads.incidents(on=NOW.date()).incidents] == ["orders"]
    assert shop.reads.incidents(on=datetime(2020, 1, 1, tzinfo=UTC).date()).incidents == ()
