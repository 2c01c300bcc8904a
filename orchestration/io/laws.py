"""What every IO manager must do, as code; ``orchestration.testing.check_io_manager`` runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from orchestration.errors import AssetError, CorruptData, LeaseLost, StorageError
from orchestration.io.base import IOManager, Pointer, StoredVersion
from orchestration.io.chunks import Chunks
from orchestration.io.every_type import every_type, lost
from orchestration.io.name_laws import keeps_addresses_apart, keeps_odd_columns
from orchestration.io.trial import DAY, WHOLE, as_frame, as_stored, expect, must_raise, rows_of, text_of, write_version
from orchestration.model import Address, AssetKey

_PLACES = (Address(AssetKey("numbers")), Address(AssetKey("texts")))


def gives_back_frames(io: IOManager) -> None:
    """A frame comes back with its columns, types and rows, also when it has no rows; Arrow where it is wanted."""
    import pandas as pd
    import pyarrow as pa

    days = pd.to_datetime(["2013-01-01", "2013-01-02"], utc=True)
    nan = float("nan")
    frame = pd.DataFrame({"n": [1, 2], "x": [0.5, nan], "s": ["a", None], "at": days, "b": [True, False]})
    for n, value in enumerate((frame, frame.iloc[:0], frame.set_index("s"))):
        stored = write_version(io, WHOLE, f"v{n}", value)
        pd.testing.assert_frame_equal(as_frame(io.load([stored], "pd.DataFrame", one=True)), value)
        table = io.load([stored], "pa.Table", one=True)
        expect(isinstance(table, pa.Table), f"wants='pa.Table' gave a {type(table).__name__}")
    staged = io.stage(WHOLE, "v9", frame)
    expect(staged.rows == 2, f"a frame of two rows was staged with rows={staged.rows}")


def shows_nothing_before_publishing(io: IOManager) -> None:
    """A staged version is there whole, and no reader of the address can see it."""
    expect(io.pointer(WHOLE) is None, "an empty store has a pointer")
    expect(not io.has(WHOLE, "v1"), "an empty store has a version")
    io.stage(WHOLE, "v1", rows_of("one"))
    expect(io.has(WHOLE, "v1"), "a staged version is not there")
    expect(io.pointer(WHOLE) is None, "staging moved the pointer")


def hashes_the_content(io: IOManager) -> None:
    """Equal content has an equal data version, other content another."""
    import pandas as pd

    frames = pd.DataFrame({"n": [1]}), pd.DataFrame({"n": [2]})
    for n, (one, two) in enumerate((frames, (rows_of("a"), rows_of("b")))):
        first, again = io.stage(_PLACES[n], f"{n}a", one), io.stage(_PLACES[n], f"{n}b", one)
        other = io.stage(_PLACES[n], f"{n}c", two)
        expect(first.data_version == again.data_version, f"the same {one!r} has two data versions")
        expect(first.data_version != other.data_version, f"{one!r} and {two!r} have one data version")


def publishes_whole_versions(io: IOManager) -> None:
    """The pointer names what was published last; publishing again changes nothing; old versions stay readable."""
    old = write_version(io, WHOLE, "v1", rows_of("one"))
    new = write_version(io, WHOLE, "v2", rows_of("two"))
    io.publish(WHOLE, "v1", 1)
    expect(io.pointer(WHOLE) == Pointer("v1", 1), f"published v1, the pointer is {io.pointer(WHOLE)}")
    for _ in range(2):
        io.publish(WHOLE, "v2", 2)
        expect(io.pointer(WHOLE) == Pointer("v2", 2), f"published v2, the pointer is {io.pointer(WHOLE)}")
    expect(text_of(io, old) == "one", "publishing a version changed an older one")
    expect(text_of(io, new) == "two", "what was published is not what was staged")
    io.publish(WHOLE, "v1", 3)
    expect(io.pointer(WHOLE) == Pointer("v1", 3), "an older version can't be published again")


def refuses_lower_tokens(io: IOManager) -> None:
    """Who lost the lease can't publish; saying again what already stands is no harm."""
    for version in ("v1", "v2"):
        io.stage(WHOLE, version, rows_of(version))
    io.publish(WHOLE, "v2", 5)
    must_raise(LeaseLost, lambda: io.publish(WHOLE, "v1", 4), "publishing with a lower token")
    io.publish(WHOLE, "v2", 4)
    expect(io.pointer(WHOLE) == Pointer("v2", 5), f"a lower token left the pointer at {io.pointer(WHOLE)}")


def refuses_what_is_not_there(io: IOManager) -> None:
    """A version that was never staged can't be published or read."""
    staged = io.stage(WHOLE, "v1", rows_of("one"))
    io.publish(WHOLE, "v1", 1)
    must_raise(StorageError, lambda: io.publish(WHOLE, "v2", 2), "publishing what was never staged")
    must_raise(StorageError, lambda: io.publish(DAY, "v1", 2), "publishing another address's version")
    expect(io.pointer(WHOLE) == Pointer("v1", 1), "a refused publication moved the pointer")
    missing = StoredVersion(address=WHOLE, id="v2", format=staged.format, data_version="0" * 64)
    must_raise(CorruptData, lambda: io.load([missing], "", one=True), "reading what is not there")


def leaves_nothing_of_what_failed(io: IOManager) -> None:
    """What can't be stored is refused in words, and the version is not there."""
    import pandas as pd

    io.stage(WHOLE, "v1", rows_of("good"))
    io.publish(WHOLE, "v1", 1)
    twice = pd.DataFrame([[1, 2]], columns=["n", "n"])
    mixed = pd.DataFrame({"n": [1, "two", object()]})
    for n, bad in enumerate((lambda: None, twice, mixed, twice.set_axis([1, "1"], axis=1), Chunks(iter(())))):
        version = f"bad{n}"
        must_raise(StorageError, lambda v=version, b=bad: io.stage(WHOLE, v, b), f"staging {bad!r}")  # type: ignore[misc]
        expect(not io.has(WHOLE, version), f"a refused {type(bad).__name__} left a version")
    expect(io.pointer(WHOLE) == Pointer("v1", 1), "a refused version moved the pointer")
    expect(io.sweep(WHOLE, {"v1"}) == (), "a refused version left something to sweep")


def sweeps_only_the_unknown(io: IOManager) -> None:
    """Sweeping removes what the log doesn't know, never what is kept, and never what readers see."""
    for version in ("seen", "held", "left"):
        io.stage(WHOLE, version, rows_of(version))
    io.stage(DAY, "other", rows_of("other"))
    io.publish(WHOLE, "seen", 1)
    expect(io.sweep(WHOLE, {"held"}) == ("left",), "sweeping must remove 'left' and nothing else")
    there = [version for version in ("seen", "held", "left") if io.has(WHOLE, version)]
    expect(there == ["seen", "held"], f"after sweeping there are {there}")
    expect(io.has(DAY, "other"), "sweeping one address touched another")
    expect(io.sweep(Address(AssetKey("new")), ()) == (), "sweeping an address that was never written")


def drops_one_address(io: IOManager) -> None:
    """Dropping leaves nothing of an address, and is no harm where nothing is; its neighbours stay as they are."""
    other = Address(AssetKey("asset"), "2013-02-07")
    kept = write_version(io, other, "v1", rows_of("kept"))
    io.publish(other, "v1", 1)
    for _ in range(2):
        for version in ("v1", "v2"):
            io.stage(DAY, version, rows_of("one"))
        io.publish(DAY, "v1", 7)
        io.drop(DAY)
        expect(io.pointer(DAY) is None, f"after dropping, the pointer is {io.pointer(DAY)}")
        expect(io.versions(DAY) == (), f"after dropping there are the versions {io.versions(DAY)}")
        expect(not io.has(DAY, "v1"), "after dropping, a version is there")
    io.drop(DAY)
    io.drop(Address(AssetKey("new")))
    expect(text_of(io, kept) == "kept", "dropping one address touched another")
    expect(io.pointer(other) == Pointer("v1", 1), "dropping one address moved another's pointer")
    io.drop(other)
    expect(io.versions(other) == (), "after dropping the last address, versions are there")
    write_version(io, WHOLE, "v1", rows_of("anew"))  # the table of an asset may be another one now
    io.publish(WHOLE, "v1", 1)


def reads_many_versions_together(io: IOManager) -> None:
    """Frames of many partitions are one frame in the order asked; anything else is a dict by partition."""
    import pandas as pd

    days = ["2013-01-02", "2013-01-01", "2013-01-03"]
    addresses = [Address(AssetKey("frames"), day) for day in days]
    frames = [write_version(io, address, "v1", pd.DataFrame({"d": [address.partition]})) for address in addresses]
    expect(list(as_frame(io.load(frames, "", one=False))["d"]) == days, "frames are not in the order asked")
    expect(list(as_frame(io.load(frames[:1], "", one=False))["d"]) == days[:1], "one of many is not a frame")
    table = io.load(frames, "pyarrow.Table", one=False)
    expect(getattr(table, "num_rows", None) == 3, "three frames of one row are no table of three")


def answers_queries(io: IOManager) -> None:
    """A query reads relations of one or many versions, and its result is a version like any other."""
    import pandas as pd

    parts = [
        write_version(io, Address(AssetKey("it's"), day), "v1", pd.DataFrame({"d": [day], "n": [n]}))
        for n, day in enumerate(("2013-01-01", "2013-01-02"), start=1)
    ]
    sql = f"select sum(n) as n, $partition as p from {io.relation(parts)}"
    staged = io.stage_query(DAY, "v1", sql, {"partition": "2013-02-08", "unused": 1})
    found = as_frame(io.load([as_stored(DAY, "v1", staged)], "", one=True))
    expect(found.to_dict("list") == {"n": [3], "p": ["2013-02-08"]}, f"the query gave {found.to_dict('list')}")
    must_raise(AssetError, lambda: io.stage_query(DAY, "v2", "select nonsense", {}), "a query that is none")
    expect(not io.has(DAY, "v2"), "a failed query left a version")


def serves_many_threads(io: IOManager) -> None:
    """Different addresses are written at once without harm."""
    addresses = [Address(AssetKey("asset"), f"p{n}") for n in range(16)]

    def write(address: Address) -> object:
        stored = write_version(io, address, "v1", rows_of(str(address)))
        io.publish(address, "v1", 1)
        return text_of(io, stored)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(write, addresses))
    expect(found == [str(address) for address in addresses], "threads disturbed each other")


def keeps_every_type(io: IOManager) -> None:
    """Each column type comes back with its values, or is refused before anything is published."""
    for n, (name, table) in enumerate(every_type().items()):
        try:
            stored = write_version(io, Address(AssetKey(f"type {n}")), "v1", table)
        except StorageError as error:
            expect(bool(str(error)), f"{name} was refused without a word")
            continue
        read = io.load([stored], "pa.Table", one=True)
        change = lost(table, read)
        expect(change is None, f"{name}: {change}")


def gives_what_the_annotation_asks(io: IOManager) -> None:
    """Rows come as pandas, Arrow, a DuckDB relation or a list of dicts, whichever is asked for."""
    stored = write_version(io, WHOLE, "v1", rows_of("one", "two"))
    for wants, kind in (("", "DataFrame"), ("pd.DataFrame", "DataFrame"), ("pyarrow.lib.Table", "Table")):
        found = io.load([stored], wants, one=True)
        expect(type(found).__name__ == kind, f"wants={wants!r} gave a {type(found).__name__}")
    relation = io.load([stored], "duckdb.DuckDBPyRelation", one=True)
    expect(relation.fetchall() == [("one",), ("two",)], "a DuckDB relation hasn't the rows")  # type: ignore[attr-defined]
    rows = io.load([stored], "list[dict[str, object]]", one=True)
    expect(rows == [{"text": "one"}, {"text": "two"}], f"a list of dicts was wanted, {rows!r} came")


def keeps_rows_given_as_dicts(io: IOManager) -> None:
    """A list of dicts comes back as one where it is asked for, and as a frame where that is."""
    rows = [{"n": 1, "text": "a"}, {"n": 2, "text": None}]
    stored = write_version(io, WHOLE, "v1", rows)
    found = io.load([stored], "list[dict[str, object]]", one=True)
    expect(found == rows, f"wrote {rows}, read {found!r}")
    frame = as_frame(io.load([stored], "pd.DataFrame", one=True))
    expect(frame["n"].tolist() == [1, 2], f"rows 1 and 2 came back as {frame['n'].tolist()}")


def writes_chunks(io: IOManager) -> None:
    """Chunks are one version: in order, counted, taken one at a time, and equal for equal chunks."""
    days = [rows_of("a", "b"), rows_of(), rows_of("c")]
    staged = io.stage(WHOLE, "v1", Chunks(iter(days)))
    expect(staged.rows == 3, f"chunks of three rows were staged with rows={staged.rows}")
    found = as_frame(io.load([as_stored(WHOLE, "v1", staged)], "", one=True))
    expect(list(found["text"]) == ["a", "b", "c"], f"chunks came back as {list(found['text'])}")
    again = io.stage(WHOLE, "v2", Chunks(iter(days)))
    expect(again.data_version == staged.data_version, "the same chunks have two data versions")
    other = io.stage(WHOLE, "v3", Chunks(iter(days[:1])))
    expect(other.data_version != staged.data_version, "other chunks have the same data version")


def refuses_broken_chunks(io: IOManager) -> None:
    """Chunks that don't fit together, or whose function fails half-way, leave no version."""
    import pandas as pd

    io.stage(WHOLE, "v1", rows_of("good"))
    io.publish(WHOLE, "v1", 1)
    for n, odd in enumerate((pd.DataFrame({"text": [1]}), pd.DataFrame({"other": ["a"]}), object())):
        odd_one = Chunks(iter([rows_of("a"), odd]))
        must_raise(StorageError, lambda v=f"odd{n}", c=odd_one: io.stage(WHOLE, v, c), "chunks of two schemas")  # type: ignore[misc]
        expect(not io.has(WHOLE, f"odd{n}"), "refused chunks left a version")

    def breaking() -> Iterator[object]:
        yield rows_of("a")
        raise ZeroDivisionError("half-way")

    try:
        io.stage(WHOLE, "broken", Chunks(breaking()))
    except ZeroDivisionError:
        pass
    else:
        raise AssertionError("what the function raised between two chunks was swallowed")
    expect(not io.has(WHOLE, "broken"), "chunks that broke off left a version")
    expect(io.pointer(WHOLE) == Pointer("v1", 1), "refused chunks moved the pointer")


def refuses_objects(io: IOManager) -> None:
    """What keeps tables only refuses anything else in words, and nothing is left of it."""
    for n, value in enumerate(("text", {"n": 1}, 0, {1: "pickled"}, object())):
        must_raise(StorageError, lambda v=f"v{n}", x=value: io.stage(WHOLE, v, x), f"staging {value!r}")  # type: ignore[misc]
        expect(not io.has(WHOLE, f"v{n}"), f"a refused {type(value).__name__} left a version")


def keeps_objects_by_partition(io: IOManager) -> None:
    """What is no table is a dict by partition where many are read, and no relation."""
    days = ["2013-01-02", "2013-01-01"]
    texts = [write_version(io, Address(AssetKey("texts"), day), "v1", f"text {day}") for day in days]
    expect(io.load(texts, "", one=False) == {day: f"text {day}" for day in days}, "texts are not by partition")
    must_raise(StorageError, lambda: io.relation(texts[:1]), "a query over text")


def hashes_objects(io: IOManager) -> None:
    """Equal objects have an equal data version, others another."""
    for n, (one, two) in enumerate((("a", "b"), ({"n": 1}, {"n": 2}))):
        first, again, other = (io.stage(WHOLE, f"{n}{m}", value) for m, value in enumerate((one, one, two)))
        expect(first.data_version == again.data_version, f"the same {one!r} has two data versions")
        expect(first.data_version != other.data_version, f"{one!r} and {two!r} have one data version")


def gives_back_what_was_written(io: IOManager) -> None:
    """Text, JSON and any object that pickles come back equal and of the same type."""
    values: Sequence[object] = (
        "", "text\n ä\0", {"n": 1, "nested": [1.5, None, True, "x"]}, [], {}, 0, b"bytes", (1, 2), {1: "a"}, {"s": {1}},
        [(1, 2)], "\ud800", float("nan"), {"nan": float("inf")},
    )  # fmt: skip
    for n, value in enumerate(values):
        stored = write_version(io, WHOLE, f"v{n}", value)
        found = io.load([stored], "", one=True)
        same = repr(found) == repr(value) and type(found) is type(value)
        expect(same, f"wrote {value!r}, read {found!r}")


def refuses_what_is_not_what_was_written(io: IOManager) -> None:
    """Content whose hash is not the recorded one is not handed out, a pickle least of all."""
    for n, value in enumerate(("text", {"json": 1}, {1: "pickled"})):
        stored = write_version(io, WHOLE, f"v{n}", value)
        other = StoredVersion(address=WHOLE, id=stored.id, format=stored.format, data_version="0" * 64)
        must_raise(CorruptData, lambda other=other: io.load([other], "", one=True), "reading with another hash")  # type: ignore[misc]


TABLE_LAWS: tuple[Callable[[IOManager], None], ...] = (
    gives_back_frames,
    gives_what_the_annotation_asks,
    keeps_rows_given_as_dicts,
    keeps_every_type,
    shows_nothing_before_publishing,
    hashes_the_content,
    publishes_whole_versions,
    refuses_lower_tokens,
    refuses_what_is_not_there,
    leaves_nothing_of_what_failed,
    sweeps_only_the_unknown,
    drops_one_address,
    keeps_odd_columns,
    keeps_addresses_apart,
    reads_many_versions_together,
    answers_queries,
    serves_many_threads,
    writes_chunks,
    refuses_broken_chunks,
)
"""What every IO manager obeys; each law takes a new, empty one."""

OBJECT_LAWS: tuple[Callable[[IOManager], None], ...] = (
    gives_back_what_was_written,
    refuses_what_is_not_what_was_written,
    keeps_objects_by_partition,
    hashes_objects,
)
"""What those obey that keep any object."""

TABLES_ONLY_LAWS: tuple[Callable[[IOManager], None], ...] = (refuses_objects,)
"""What those obey that keep tables only."""
