"""Local copies by content hash: made once, checked, and removed when there are too many."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from orchestration.errors import CorruptData
from orchestration.io.cache import FileCache


def hashed(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def fetched(cache: FileCache, body: bytes) -> Path:
    return cache.fetch(hashed(body), ".parquet", lambda stream: stream.write(body) and None)


def used(file: Path, hours_ago: float) -> None:
    at = time.time() - hours_ago * 3600
    os.utime(file, (at, at))


def test_a_file_is_downloaded_once(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    file = fetched(cache, b"rows")
    assert file.read_bytes() == b"rows"
    assert file == cache.fetch(hashed(b"rows"), ".parquet", lambda stream: pytest.fail("downloaded again"))


def test_what_hashes_to_something_else_is_not_kept(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    with pytest.raises(CorruptData, match="its hash differs"):
        cache.fetch(hashed(b"rows"), ".parquet", lambda stream: stream.write(b"other") and None)
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def breaks(stream: object) -> None:
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        FileCache(tmp_path).fetch(hashed(b"rows"), ".parquet", breaks)
    assert list(tmp_path.iterdir()) == []


def test_the_least_recently_used_go_and_the_last_hour_stays(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, limit=250)
    oldest, old, recent = (fetched(cache, letter * 100) for letter in (b"a", b"b", b"c"))
    assert all(file.exists() for file in (oldest, old, recent))  # somebody may be reading them
    used(oldest, 5)
    used(old, 3)
    newest = fetched(cache, b"d" * 100)
    assert [file.exists() for file in (oldest, old, recent, newest)] == [False, False, True, True]


def test_being_read_counts_as_use(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, limit=150)
    file = fetched(cache, b"a" * 100)
    used(file, 5)
    fetched(cache, b"a" * 100)
    fetched(cache, b"b" * 100)
    assert file.exists()


def test_what_a_dead_process_was_writing_goes_after_a_day(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    for name, hours in ((".writing-dead", 30), (".writing-alive", 1)):
        (tmp_path / name).mkdir()
        used(tmp_path / name, hours)
    fetched(cache, b"rows")
    assert not (tmp_path / ".writing-dead").exists()
    assert (tmp_path / ".writing-alive").exists()
