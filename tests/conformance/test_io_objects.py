"""The files manager over object stores obeys the same laws: a store in memory, and a server of S3's protocol."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestration.errors import CorruptData, LeaseLost, StorageError
from orchestration.io import objects
from orchestration.io.base import IOManager, Pointer, StoredVersion
from orchestration.io.files import from_options
from orchestration.io.laws import OBJECT_LAWS, TABLE_LAWS
from orchestration.io.objects import ObjectsIOManager
from orchestration.model import Address, AssetKey
from tests.support import s3

HERE = Address(AssetKey("asset"), "2013-02-08")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3.running_server() as address:
        yield address


@pytest.fixture(params=["memory", "s3"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], IOManager]:
    """Opens the same store again and again, as processes on several machines do: each with a cache of its own."""
    options: dict[str, object] = {"path": f"memory://{uuid.uuid4().hex}/data"}
    if request.param == "s3":
        address = request.getfixturevalue("server")
        options = {"path": f"s3://{s3.bucket(address)}/data", "storage": s3.storage(address)}
    return lambda: from_options({**options, "cache": uuid.uuid4().hex}, tmp_path)


@pytest.mark.parametrize("law", TABLE_LAWS + OBJECT_LAWS, ids=lambda law: law.__name__)
def test_obeys(law: Callable[[IOManager], None], make: Callable[[], IOManager]) -> None:
    law(make())


def test_another_machine_reads_it(make: Callable[[], IOManager]) -> None:
    here, there = make(), make()
    staged = here.stage(HERE, "v1", {1: "model"})
    stored = StoredVersion(address=HERE, id="v1", format=staged.format, data_version=staged.data_version)
    assert there.pointer(HERE) is None
    here.publish(HERE, "v1", 3)
    assert there.pointer(HERE) == Pointer("v1", 3)
    assert there.load([stored], "", one=True) == {1: "model"}


def test_a_late_writer_with_a_lower_token_is_never_seen(
    make: Callable[[], IOManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asked before the other one published, and writes after: no conditional write stops it, and none is needed."""
    late, other = make(), make()
    for version in ("v1", "v2", "v3"):
        late.stage(HERE, version, version)
    late.publish(HERE, "v1", 1)
    assert isinstance(late, ObjectsIOManager)
    real = late._write

    def overtaken(path: str, body: bytes) -> None:
        other.publish(HERE, "v3", 3)
        real(path, body)

    monkeypatch.setattr(
        ObjectsIOManager, "_write", lambda self, path, body: overtaken(path, body) if self is late else real(path, body)
    )
    with pytest.raises(LeaseLost):
        late.publish(HERE, "v2", 2)
    assert make().pointer(HERE) == Pointer("v3", 3)


def test_an_upload_that_broke_off_is_no_version(make: Callable[[], IOManager], monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine went away between the data and the manifest."""
    io = make()
    io.stage(HERE, "good", "good")
    io.publish(HERE, "good", 1)
    assert isinstance(io, ObjectsIOManager)
    gone = KeyboardInterrupt("the machine is gone")

    def dies(path: str, body: bytes) -> None:
        raise gone

    monkeypatch.setattr(io, "_write", dies)
    monkeypatch.setattr(io, "_remove", lambda path: None)  # nobody is there to clear it up
    with pytest.raises(KeyboardInterrupt):
        io.stage(HERE, "half", "half")
    after = make()
    assert not after.has(HERE, "half")
    with pytest.raises(StorageError, match="not there whole"):
        after.publish(HERE, "half", 2)
    assert after.sweep(HERE, {"good"}) == ("half",)
    assert after.versions(HERE) == ("good",)
    assert after.pointer(HERE) == Pointer("good", 1)


def test_what_was_altered_in_the_store_is_not_read(make: Callable[[], IOManager]) -> None:
    io = make()
    assert isinstance(io, ObjectsIOManager)
    staged = io.stage(HERE, "v1", {1: "model"})
    io._write(f"{io._version(HERE, 'v1')}/data.pickle", b"x" * staged.bytes)
    stored = StoredVersion(address=HERE, id="v1", format=staged.format, data_version=staged.data_version)
    with pytest.raises(CorruptData, match=r"its hash differs.*tidegate run asset --force"):
        make().load([stored], "", one=True)


def test_a_pointer_that_says_nothing_is_said(make: Callable[[], IOManager]) -> None:
    io = make()
    assert isinstance(io, ObjectsIOManager)
    io._write(io._current(HERE, 7), b"{}")
    with pytest.raises(CorruptData, match=r"pointer .* can't be read"):
        io.pointer(HERE)


@pytest.mark.parametrize("error", [FileNotFoundError(2, "gone"), OSError("a driver's own words")])
def test_the_old_pointer_goes_while_it_is_read(
    make: Callable[[], IOManager], monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    reader, writer = make(), make()
    for version in ("v1", "v2", "v3"):
        writer.stage(HERE, version, version)
    writer.publish(HERE, "v1", 1)
    assert isinstance(reader, ObjectsIOManager)
    store = reader._store
    read, listed = store.cat_file, []

    def late(path: str) -> bytes:
        if not listed:
            listed.append(path)
            writer.publish(HERE, "v2", 2)
            writer.publish(HERE, "v3", 3)
            assert not store.exists(path)
            raise error
        return bytes(read(path))

    monkeypatch.setattr(store, "cat_file", late)
    assert reader.pointer(HERE) == Pointer("v3", 3)


def test_a_pointer_that_is_there_and_cannot_be_read_is_said(
    make: Callable[[], IOManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    io = make()
    io.stage(HERE, "v1", "text")
    io.publish(HERE, "v1", 1)
    assert isinstance(io, ObjectsIOManager)

    def refused(path: str) -> bytes:
        raise PermissionError(13, "not yours")

    monkeypatch.setattr(io._store, "cat_file", refused)
    with pytest.raises(StorageError, match="reading the pointer of asset 2013-02-08: PermissionError"):
        io.pointer(HERE)


def test_a_refused_key_is_said_without_the_secret(server: str, tmp_path: Path) -> None:
    options = {**s3.storage(server), "allow_bucket_creation": False}
    io = from_options({"path": "s3://no-such-bucket/data", "storage": options}, tmp_path)
    with pytest.raises(StorageError, match=r"staging asset 2013-02-08: .*no-such-bucket") as caught:
        io.stage(HERE, "v1", "text")
    assert "s3cr3t" not in str(caught.value)
    with pytest.raises(StorageError, match=r"can't be opened .*secret_kei") as caught:
        from_options({"path": "s3://bucket", "storage": {"secret_kei": "s3cr3t"}}, tmp_path)
    assert "s3cr3t" not in str(caught.value)


def test_a_driver_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(StorageError, match=r"pip install 'tidegate\[objects\]'"):
        objects.open_objects("s3://bucket", tmp_path, {}, objects.formats.DEFAULT)


@pytest.mark.slow  # the driver tries again before it gives up
def test_a_server_that_goes_away_in_mid_write_is_said(tmp_path: Path) -> None:
    with s3.running_server() as address:
        name = s3.bucket(address)
        io = from_options({"path": f"s3://{name}/data", "storage": s3.storage(address)}, tmp_path)
        io.stage(HERE, "v1", "text")
        io.publish(HERE, "v1", 1)
    for refused in (lambda: io.stage(HERE, "v2", "text"), lambda: io.publish(HERE, "v1", 2), lambda: io.pointer(HERE)):
        with pytest.raises(StorageError, match=r"asset 2013-02-08: .*nothing of it was published") as caught:
            refused()
        assert "s3cr3t" not in str(caught.value)
