"""The laws of names: any name of an asset, a partition or a column is a name and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.errors import StorageError
from orchestration.io.base import IOManager, Pointer
from orchestration.io.trial import DAY, WHOLE, expect, rows_of, text_of, write_version
from orchestration.model import Address, AssetKey

_ODD_NAMES = (
    "a/b", "a%2Fb", "a.b", "..", ".", "ä ö 🌊", "A" * 190, "A" * 189 + "B", "'; drop table \"x\"; --",
    "~\n%s %(a)s :a $a", "select", "Asset",
)  # fmt: skip
_ODD_COLUMNS = (
    'it\'s "one"', "two\nlines", "%s %(a)s 100%", ":a $a ?", "; drop table x; --", "ä 🌊", "select", "n", "N", "x" * 60,
    "y" * 300, "a.b", "{b}", "", "nothing",
)  # fmt: skip


def keeps_addresses_apart(io: IOManager) -> None:
    """Names with slashes, dots, blanks or great length are each an address of their own."""
    addresses = [Address(AssetKey(name)) for name in _ODD_NAMES]
    addresses += [Address(AssetKey("asset"), name) for name in _ODD_NAMES]
    addresses += [WHOLE, DAY, Address(AssetKey("asset"), "whole"), Address(AssetKey("asset/whole"))]
    stored = [write_version(io, address, "v1", rows_of(str(n))) for n, address in enumerate(addresses)]
    for n, version in enumerate(stored):
        io.publish(version.address, "v1", n + 1)
    for n, version in enumerate(stored):
        expect(text_of(io, version) == str(n), f"{version.address!r} shares its place with another")
        expect(io.pointer(version.address) == Pointer("v1", n + 1), f"{version.address!r} shares its pointer")


def keeps_odd_columns(io: IOManager) -> None:
    """A column of any name comes back under it, or is refused in words."""
    import pyarrow as pa

    def kept(version: str, names: Sequence[str]) -> bool:
        table = pa.table([pa.array([n]) for n, _ in enumerate(names)], names=list(names))
        try:
            stored = write_version(io, DAY, version, table)
        except StorageError as error:
            expect("nothing" in str(error), f"{names!r} were refused without saying what that leaves: {error}")
            expect(not io.has(DAY, version), f"{names!r} were refused and left a version")
            return False
        try:
            io.publish(DAY, version, 1)
        except StorageError as error:  # beside another partition's columns it may not fit
            expect("readers keep" in str(error), f"{names!r} were refused without saying what that leaves: {error}")
        read = io.load([stored], "pa.Table", one=True)
        expect(read.schema.names == list(names), f"the columns {names!r} came back as {read.schema.names!r}")  # type: ignore[attr-defined]
        expect(read.to_pylist() == table.to_pylist(), f"the columns {names!r} have other values")  # type: ignore[attr-defined]
        return True

    if not kept("all", _ODD_COLUMNS):
        for n, name in enumerate(_ODD_COLUMNS):
            kept(f"v{n}", [name])
