"""Fixtures for every test: real databases, a real browser, a real receiver. Fakes stay beside their tests."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

# The developer's own settings must not decide whether a test passes.
for _name in [name for name in os.environ if name.startswith("TIDEGATE_")]:
    del os.environ[_name]

pytest.register_assert_rewrite("tests.support")

from tests.support import browser as chromium  # noqa: E402
from tests.support import databases, local_snowflake, migrated, postgres, s3  # noqa: E402
from tests.support.measured import Measured  # noqa: E402
from tests.support.receiver import Receiver  # noqa: E402
from tests.support.workers import share_out  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from orchestration.io.sql import SqlIOManager

_MEASURED = Measured()
NewDatabase = Callable[[], str]
NewIO = Callable[[str], "SqlIOManager"]


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    share_out(items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["measured"] = _MEASURED.lines


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_testnodedown(node: object) -> None:
    _MEASURED.lines.extend(getattr(node, "workeroutput", {}).get("measured", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _MEASURED.lines:
        terminalreporter.section("measured")
        for line in _MEASURED.lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def measured() -> Measured:
    """Call it with (name, value, unit, limit): the number is shown at the end of the run."""
    return _MEASURED


@pytest.fixture(scope="session", autouse=True)
def migrated_once() -> Iterator[None]:
    """In this process, and not in `tests/migration`."""
    with migrated.migrated_once():
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real PostgreSQL server's maintenance database; tests want `new_database`."""
    with postgres.running_server() as server:
        yield server.render_as_string(hide_password=False)


@pytest.fixture
def new_database(postgres_url: str) -> Iterator[NewDatabase]:
    """Call it for the `postgresql+psycopg://` address of a new, empty database, dropped after the test."""
    server = make_url(postgres_url)
    with ExitStack() as stack:
        yield lambda: stack.enter_context(postgres.database(server))


@pytest.fixture(scope="session")
def running_snowflake() -> Iterator[Mapping[str, object]]:
    with local_snowflake.running_server() as options:
        yield options


@pytest.fixture
def snowflake_server(running_snowflake: Mapping[str, object]) -> Mapping[str, object]:
    """What reaches a local Snowflake with nothing in it; tests want `new_io`. Mark the test `snowflake`."""
    local_snowflake.drop_all(running_snowflake)
    return running_snowflake


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """The address of a server of S3's protocol; see `tests.support.s3`."""
    with s3.running_server() as address:
        yield address


@pytest.fixture
def new_io(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewIO]:
    """Call it with a kind ("sqlite", "duckdb", "postgres", "snowflake") for an IO manager over a new database."""
    with ExitStack() as stack:
        yield lambda kind: stack.enter_context(closing(databases.new_io(kind, request.getfixturevalue, tmp_path)))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new, empty state database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    new_database: NewDatabase = request.getfixturevalue("new_database")
    return new_database()


@pytest.fixture
def browser() -> "Browser":
    """A headless Chromium for all tests that are marked `browser`."""
    return chromium.shared()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    yield
    if nextitem is None or nextitem.get_closest_marker("browser") is None:
        chromium.end_shared()


@pytest.fixture
def new_page(browser: "Browser") -> Iterator[chromium.NewPage]:
    """`new_page(url=None, *, width=1280, height=800, phone=False, scheme="light") -> Page`, recorded."""
    with chromium.pages(browser) as new:
        yield new


@pytest.fixture
def page(new_page: chromium.NewPage) -> "Page":
    """One recorded page, 1280 x 800; see `tests.support.browser.assert_clean`."""
    return new_page()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A started webhook receiver; see `tests.support.receiver.Receiver`."""
    with Receiver() as running:
        yield running
