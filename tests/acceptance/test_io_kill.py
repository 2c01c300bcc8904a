"""Writers die at any moment and readers in other processes look on: old or new, never half, never what is held."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.io.base import IOManager
from orchestration.io.files import from_options as files
from orchestration.io.iceberg import from_options as iceberg
from tests.support import s3
from tests.support.readers import Open, kill_at_random_moments, readers_see_whole_published_versions


def open_files(folder: Path) -> IOManager:
    return files({"path": "data"}, folder)


def open_objects(folder: Path) -> IOManager:
    url = (folder / "url").read_text()
    server, _, bucket = url.partition(" ")
    return files({"path": f"s3://{bucket}/data", "storage": s3.storage(server)}, folder)


def open_iceberg(folder: Path) -> IOManager:
    return iceberg({"path": "tables"}, folder)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3.running_server() as address:
        yield address


@pytest.fixture(params=[open_files, open_objects, open_iceberg])
def open_io(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    if request.param is open_objects:
        address = request.getfixturevalue("server")
        (tmp_path / "url").write_text(f"{address} {s3.bucket(address)}")
    opened: Open = request.param
    return opened


@pytest.mark.slow
def test_a_killed_writer_leaves_the_old_or_the_new(open_io: Open, tmp_path: Path) -> None:
    assert kill_at_random_moments(open_io, tmp_path, 2, seed=4) > 0


@pytest.mark.soak
def test_a_writer_killed_fifty_times_leaves_the_old_or_the_new(open_io: Open, tmp_path: Path) -> None:
    assert kill_at_random_moments(open_io, tmp_path, 50, seed=2013) > 0


@pytest.mark.slow
def test_readers_never_see_half_or_held_data(open_io: Open, tmp_path: Path) -> None:
    assert readers_see_whole_published_versions(open_io, tmp_path, readers=2, times=30) > 0


@pytest.mark.soak
def test_readers_that_look_a_thousand_times_never_see_half_or_held_data(open_io: Open, tmp_path: Path) -> None:
    assert readers_see_whole_published_versions(open_io, tmp_path, readers=2, times=300) > 2
