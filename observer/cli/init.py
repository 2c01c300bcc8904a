"""``tidegate init``."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, say, say_json
from observer.config import FILE_NAME
from observer.errors import ProjectError

_TOML = """project = "pipeline.py"

[env.local]                      # nothing to install or start
state = "sqlite:///.tidegate/state.db"
io.default = { kind = "files", path = ".tidegate/data" }      # Parquet versions, queried by DuckDB
"""

_PIPELINE = '''"""Two assets: what was ordered, and what it earned by country."""

import pandas as pd

import observer as ob


@ob.asset(
    checks=[ob.unique("order_id"), ob.not_null("country"), ob.in_range("amount", min_value=0)],
    monitors=[ob.monitor("row_count", severity="error")],
)
def orders() -> pd.DataFrame:
    """Every order; put your own query here."""
    return pd.DataFrame(
        {"order_id": [1, 2, 3, 4], "country": ["DE", "FR", "DE", "NL"], "amount": [20.0, 35.5, 12.0, 8.25]}
    )


revenue = ob.sql_asset(
    "revenue",
    sql="select country, sum(amount) as revenue from {{ orders }} group by country order by country",
)
'''


def make_project(folder: Path, output: Format) -> ExitCode:
    """Write the two files; nothing that exists is changed."""
    files = {folder / FILE_NAME: _TOML, folder / "pipeline.py": _PIPELINE}
    for file in files:
        if file.exists():
            raise ProjectError(f"{file} exists already; nothing was written")
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            written.append(file)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        for file in written:
            with suppress(OSError):
                file.unlink()
        raise ProjectError(
            f"{error.filename} can't be written: {error.strerror}; choose a folder that can be"
        ) from error
    if output is Format.JSON:
        say_json({"written": [str(file) for file in files]})
        return ExitCode.OK
    where = "" if folder == Path(".") else f"cd {shlex.quote(str(folder))} && "
    say(f"wrote {' and '.join(str(file) for file in files)}")
    say(f"next: {where}tidegate run revenue && tidegate serve")
    return ExitCode.OK
