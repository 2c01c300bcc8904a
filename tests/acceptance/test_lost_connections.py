"""A line that is cut while a run writes: it says so, readers keep what they had, and the next run is published."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from observer.doctor.model import Health
from observer.project import open_project
from tests.support.backends import options_of
from tests.support.line import Line, line_to
from tests.support.trouble import (
    DAY,
    KEPT,
    OTHER_DAY,
    Fixture,
    environment,
    left_behind,
    project,
    put,
    rows,
    run,
    storage,
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "shop")


@contextmanager
def lined(kind: str, fixture: Fixture) -> Iterator[tuple[Line, object]]:
    """A backend behind a line that can be cut."""
    options = dict(options_of(kind, fixture))
    if kind == "objects":
        given: dict[str, object] = options["storage"]  # type: ignore[assignment]
        host, _, port = str(given["endpoint_override"]).partition(":")
        with line_to((host, int(port))) as line:
            yield line, {**options, "storage": {**given, "endpoint_override": f"{host}:{line.port}"}}
    elif kind == "snowflake":
        with line_to(("127.0.0.1", int(str(options["port"])))) as line:
            yield line, {**options, "port": line.port, "login_timeout": 5, "retry_max_attempts": 2}
    else:
        url = make_url(str(options["url"]))
        socket_folder = str(url.query.get("host") or url.host)
        (socket,) = Path(socket_folder).glob(".s.PGSQL.*[0-9]")
        with line_to(str(socket)) as line:
            plain = url.set(host="127.0.0.1", port=line.port, query={})
            yield line, {**options, "url": plain.render_as_string(hide_password=False)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        "objects", pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("snowflake", marks=pytest.mark.snowflake),
    ],
)  # fmt: skip
def test_a_connection_that_drops_in_mid_write(kind: str, folder: Path, request: pytest.FixtureRequest) -> None:
    put(folder, OTHER_DAY, {"n": [1]})
    put(folder, DAY, {"n": [2]})
    with (
        lined(kind, request.getfixturevalue) as (line, options),
        closing(open_project(environment(folder, options))) as work,
    ):
        assert [run(work, day) for day in (OTHER_DAY, DAY)] == [("published", "")] * 2
        put(folder, DAY, {"n": [3] * 1000}, "wait", {"n": [4] * 1000})
        threading.Thread(target=cut_when_waiting, args=(line, folder), daemon=True).start()
        status, error = run(work)
        assert status == "failed"
        assert KEPT in error
        line.mend()
        assert (rows(work, OTHER_DAY), rows(work, DAY)) == ([1], [2])
        assert storage(folder, fix=True).health is Health.OK
        assert left_behind(folder) == []
        put(folder, DAY, {"n": [5]})
        assert run(work) == ("published", "")
        assert rows(work, DAY) == [5]


def cut_when_waiting(line: Line, folder: Path) -> None:
    while not (folder / "waiting").exists():
        time.sleep(0.01)
    line.cut()
    (folder / "waiting").unlink()
