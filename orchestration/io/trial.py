"""What the laws of IO managers are made of: small versions, written and read, and sentences that must hold."""

from __future__ import annotations

from collections.abc import Callable

from orchestration.errors import TidegateError
from orchestration.io.base import IOManager, StagedData, StoredVersion
from orchestration.model import Address, AssetKey

WHOLE = Address(AssetKey("asset"))
DAY = Address(AssetKey("asset"), "2013-02-08")


def rows_of(*texts: str):  # type: ignore[no-untyped-def]  # pandas is not imported here
    """A frame of one column of text."""
    import pandas as pd

    return pd.DataFrame({"text": pd.Series(texts, dtype="str")})


def text_of(io: IOManager, stored: StoredVersion) -> object:
    """The text of a version that ``rows_of`` of one text made."""
    return as_frame(io.load([stored], "", one=True))["text"].tolist()[0]


def write_version(io: IOManager, address: Address, version: str, value: object) -> StoredVersion:
    return as_stored(address, version, io.stage(address, version, value))


def as_stored(address: Address, version: str, staged: StagedData) -> StoredVersion:
    return StoredVersion(address=address, id=version, format=staged.format, data_version=staged.data_version)


def as_frame(value: object):  # type: ignore[no-untyped-def]  # pandas is not imported here
    expect(type(value).__name__ == "DataFrame", f"expected a pandas frame, got a {type(value).__name__}")
    return value


def expect(holds: bool, sentence: str) -> None:
    if not holds:
        raise AssertionError(sentence)


def must_raise(error: type[TidegateError], action: Callable[[], object], doing: str) -> None:
    try:
        action()
    except error as found:
        expect(bool(str(found)), f"{doing} raised a {error.__name__} that says nothing")
        return
    raise AssertionError(f"{doing} must raise {error.__name__}, and raised nothing")
