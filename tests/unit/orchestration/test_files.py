"""The files manager where the conformance suite can't look: disks, syncs and damage."""

import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from orchestration.errors import CorruptData, StorageError
from orchestration.io import files, frames
from orchestration.io.base import StoredVersion
from orchestration.io.chunks import Chunks
from orchestration.io.files import FilesIOManager
from orchestration.model import Address, AssetKey
from tests.support.core import Core
from tests.unit.orchestration.test_runner import made, only_step

HERE = Address(AssetKey("asset"), "2013-02-08")


def forked(work: Callable[[], bool]) -> int:
    """Run `work()` in a child, whose limits die with it; 0 if it returned True."""
    if (pid := os.fork()) == 0:
        try:
            os._exit(0 if work() else 1)
        except BaseException:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("value", [pd.DataFrame({"n": range(500_000)}), "x" * 3_000_000], ids=["frame", "text"])
def test_a_full_disk_leaves_nothing_half(tmp_path: Path, value: object) -> None:
    """The system refuses to write past a limit, as a full disk does: EFBIG for ENOSPC."""
    io = FilesIOManager(tmp_path)
    io.stage(HERE, "good", "good")
    io.publish(HERE, "good", 1)

    def work() -> bool:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            io.stage(HERE, "big", value)
        except StorageError as error:
            return "File too large" in str(error) and "readers keep what they had" in str(error)
        return False

    assert forked(work) == 0
    assert io.sweep(HERE, {"good"}) == ()
    pointer = io.pointer(HERE)
    assert pointer is not None
    assert pointer.version == "good"


def test_a_full_disk_fails_the_step_and_not_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    core = Core(tmp_path, (made(returns="text"), made(key="two", returns={"n": 1})))
    real = files.formats.write

    def full(folder: Path, value: object, choice: object) -> object:
        if value == "text":
            raise OSError(28, "No space left on device", str(folder))
        return real(folder, value, choice)  # type: ignore[arg-type]

    monkeypatch.setattr(files.formats, "write", full)
    run = core.run()
    assert {s.asset: s.status.value for s in run.steps} == {"one": "failed", "two": "published"}
    assert "No space left on device" in (run.steps[0].error or run.steps[1].error or "")
    assert core.leases_held() == 0


def test_a_full_disk_while_the_pointer_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    core = Core(tmp_path, (made(),))
    replace = os.replace

    def full(old: object, new: object) -> None:
        raise OSError(28, "No space left on device", str(new))

    monkeypatch.setattr(os, "replace", full)
    step = only_step(core.run())
    assert step.status == "failed"
    assert "No space left on device" in (step.error or "")
    assert list(tmp_path.rglob(".current.json.*")) == []
    monkeypatch.setattr(os, "replace", replace)
    assert core.statuses() == {"one": "skipped"}  # the intent was finished
    assert core.read("one") == 1


def test_everything_is_synced_before_it_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file, and each folder that gained an entry, reaches the disk before the pointer moves."""
    order: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: order.append(os.readlink(f"/proc/self/fd/{handle}")))
    replace = os.replace

    def moved(old: Path, new: Path) -> None:
        order.append("moved")
        replace(old, new)

    monkeypatch.setattr(os, "replace", moved)
    io = FilesIOManager(tmp_path / "data")
    io.stage(HERE, "v1", "text")
    io.publish(HERE, "v1", 1)
    names = [Path(path).name for path in order]
    address = "p=2013-02-08"
    assert names[: names.index("moved")][-1].startswith(".current.json")
    synced = set(names[: names.index("moved")])
    assert {"data.txt", "manifest.json", ".v1.writing", "versions", address, "asset", "data"} <= synced
    assert names[-1] == address


def test_a_version_with_a_shortened_file_is_not_whole(tmp_path: Path) -> None:
    io = FilesIOManager(tmp_path)
    staged = io.stage(HERE, "v1", "a text")
    (file,) = tmp_path.rglob("data.txt")
    file.write_text("a")
    assert not io.has(HERE, "v1")
    with pytest.raises(StorageError, match="not there whole"):
        io.publish(HERE, "v1", 1)
    stored = StoredVersion(address=HERE, id="v1", format="text", data_version=staged.data_version)
    with pytest.raises(CorruptData, match="tidegate run asset"):
        io.load([stored], "", one=True)


def test_big_parquet_is_read_without_hashing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_HASHED_BYTES", 10)
    io = FilesIOManager(tmp_path)
    staged = io.stage(HERE, "v1", pd.DataFrame({"n": [1]}))
    stored = StoredVersion(address=HERE, id="v1", format=staged.format, data_version="0")
    assert list(io.load([stored], "", one=True)["n"]) == [1]  # type: ignore[index]
    (file,) = tmp_path.rglob("data.parquet")
    file.write_bytes(b"PAR1 no parquet")
    with pytest.raises(CorruptData, match="can't be read"):
        io.load([stored], "", one=True)


def test_a_full_disk_in_the_middle_of_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_GROUP_ROWS", 10_000)
    io = FilesIOManager(tmp_path)
    io.stage(HERE, "good", "good")
    io.publish(HERE, "good", 1)
    chunks = (pd.DataFrame({"n": range(n * 10_000, (n + 1) * 10_000)}) for n in range(100))

    def work() -> bool:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            io.stage(HERE, "big", Chunks(chunks))
        except StorageError as error:
            return "File too large" in str(error) and "readers keep what they had" in str(error)
        return False

    assert forked(work) == 0
    assert io.versions(HERE) == ("good",)


def test_a_folder_that_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    io = FilesIOManager(tmp_path)
    staged = io.stage(HERE, "v1", "text")
    io.publish(HERE, "v1", 1)
    stored = StoredVersion(address=HERE, id="v1", format="text", data_version=staged.data_version)
    folder = tmp_path / "asset"

    def work() -> bool:
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 65534)  # root may read and write everything
        said = []
        for refused in (
            lambda: io.load([stored], "", one=True),
            lambda: io.stage(HERE, "v2", "text"),
            lambda: io.pointer(HERE),
            lambda: io.publish(HERE, "v1", 2),
        ):
            try:
                refused()
            except StorageError as error:
                said.append(str(error))
        return len(said) == 4 and all("Permission denied" in text or "not there whole" in text for text in said)

    tmp_path.chmod(0o755)
    folder.chmod(0)
    try:
        assert forked(work) == 0
    finally:
        folder.chmod(0o755)
    assert io.load([stored], "", one=True) == "text"


def test_a_small_file_of_many_rows_is_read_in_parts(tmp_path: Path) -> None:
    """What compresses well takes little on disk and much in memory."""
    rows, most = 20_000_000, 40 * 2**20
    io = FilesIOManager(tmp_path)
    chunks = (pa.table({"n": pa.nulls(rows // 20, pa.int64()).fill_null(0)}) for _ in range(20))
    staged = io.stage(HERE, "v1", Chunks(chunks))
    assert staged.bytes is not None
    assert staged.bytes < 2**20
    stored = StoredVersion(address=HERE, id="v1", format=staged.format, data_version=staged.data_version)
    before, grown, read = pa.total_allocated_bytes(), 0, 0
    reader = io.load([stored], "pa.RecordBatchReader", one=True)
    for batch in reader:  # type: ignore[attr-defined]
        read += batch.num_rows
        grown = max(grown, pa.total_allocated_bytes() - before)
    assert (read, grown < most) == (rows, True)
    relation = io.load([stored], "DuckDBPyRelation", one=True)
    assert relation.count("*").fetchall() == [(rows,)]  # type: ignore[attr-defined]
    assert pa.total_allocated_bytes() - before < most
