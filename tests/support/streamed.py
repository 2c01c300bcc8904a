"""A process that runs an asset of any size, which comes in chunks, and says how much memory that took.

`python -m tests.support.streamed FOLDER MEGABYTES`: the folder has a `tidegate.toml`; the pipeline is written there.
"""

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from observer.project import open_project
from tests.support.copied import peak_mb

CHUNK_ROWS, TEXT = 20_000, 2_400
CHUNK_BYTES = CHUNK_ROWS * (TEXT + 4 + 8 + 8)
PIPELINE = f"""
import os
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

import observer as ob

ROWS, REPEATED, WORDS = {CHUNK_ROWS}, {TEXT // 24}, 256


@ob.asset
def large() -> Iterator[pa.Table]:
    for chunk in range(int(os.environ["CHUNKS"])):
        random = np.random.default_rng(chunk)
        words = pa.array([random.bytes(12).hex() * REPEATED for _ in range(WORDS)])
        picked = pa.array(random.integers(0, WORDS, ROWS, dtype="int32"))
        yield pa.table({{
            "n": np.arange(chunk * ROWS, (chunk + 1) * ROWS),
            "value": random.integers(0, 1000, ROWS) / 8,
            "text": pa.DictionaryArray.from_arrays(picked, words).cast(pa.string()),
        }})


counted = ob.sql_asset(
    "counted", sql="select count(*) as n, min(length(text)) as shortest, max(n) as last from {{{{ large }}}}"
)
"""  # its texts repeat themselves, so that disks have room for it: zstd, DuckDB and TOAST make little of them


def main(folder: Path, megabytes: int) -> None:
    import os

    chunks = -(-megabytes * 10**6 // CHUNK_BYTES)
    os.environ["CHUNKS"] = str(chunks)
    (folder / "pipeline.py").write_text(PIPELINE)
    with closing(open_project(folder)) as work:
        steps = work.run(work.plan("large+", None), trigger="test").steps
        assert [step.status.value for step in steps] == ["published"] * 2, [step.error for step in steps]
        reader: Any = work.load("large", None, wants="pa.RecordBatchReader")
        rows = size = 0
        for batch in reader:
            rows, size = rows + batch.num_rows, size + batch.nbytes
        (counted,) = work.load("counted", None, wants="list[dict]")  # type: ignore[misc]
        assert counted == {"n": rows, "shortest": TEXT, "last": rows - 1}, counted
    assert rows == chunks * CHUNK_ROWS
    print(json.dumps({"rows": rows, "bytes": size, "peak_mb": round(peak_mb())}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
