"""A process that copies a frame from one IO manager to another and back, and says how its memory grew.

`python -m tests.support.copied ADDRESS FOLDER`: the address is a path that ends with the kind, or PostgreSQL's.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from orchestration.io import frames, streams
from orchestration.io.base import IOManager, StagedData, StoredVersion
from orchestration.io.chunks import Chunks
from orchestration.io.files import FilesIOManager
from orchestration.io.kinds import open_kind
from orchestration.io.routed import RoutedIOManager
from orchestration.model import Address, AssetKey
from tests.support.databases import open_io

ROW_BYTES, CHUNK_ROWS = 200, 20_000
SOURCE, THERE, BACK = (Address(AssetKey(name)) for name in ("source", "there", "back"))


def main(address: str, folder: Path, chunks: int) -> None:
    frames._GROUP_BYTES = streams._BYTES = 4 * 2**20  # so that little data shows what much would do
    other = open_kind("iceberg", {"path": address}, folder) if address.endswith(".iceberg") else open_io(address)
    io = RoutedIOManager(FilesIOManager(folder / "files"), {THERE.asset: other})
    _round(io, "warm", 1)
    before = peak_mb()
    copied = _round(io, "v1", chunks)
    print(f"{copied} {peak_mb() - before:.0f}")


def _round(io: IOManager, version: str, chunks: int) -> int:
    """What a query in the other IO manager counts, and one in files over what the other keeps."""
    source = _stored(SOURCE, version, io.stage(SOURCE, version, Chunks(_chunks(chunks))))
    for reader, read in ((THERE, source), (BACK, None)):
        if read is None:
            value = io.load([source], "pa.RecordBatchReader", one=True)
            read = _stored(THERE, f"{version}b", io.stage(THERE, f"{version}b", value))
        sql = f"select count(*) as n, min(length(text)) as shortest from {io.relation([read])}"
        found = io.load([_stored(reader, version, io.stage_query(reader, version, sql, {}))], "list[dict]", one=True)
        assert found == [{"n": chunks * CHUNK_ROWS, "shortest": ROW_BYTES}], found
    return chunks * CHUNK_ROWS


def _chunks(count: int) -> Iterator[object]:
    import pyarrow as pa

    for _ in range(count):
        body = os.urandom(CHUNK_ROWS * ROW_BYTES // 2).hex()
        yield pa.table({"text": [body[n * ROW_BYTES : (n + 1) * ROW_BYTES] for n in range(CHUNK_ROWS)]})


def _stored(address: Address, version: str, staged: StagedData) -> StoredVersion:
    return StoredVersion(address=address, id=version, format=staged.format, data_version=staged.data_version)


def peak_mb() -> float:
    """Of this program: what getrusage says begins with the peak of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
