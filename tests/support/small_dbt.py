"""A small dbt project in a Tidegate project: a chain of models, one that can't be compiled, and Python beside them."""

import shutil
from pathlib import Path

from tests.support.dbt import dbt, write

_PIPELINE = """
import observer as ob
import pandas as pd

shop = ob.dbt_assets("shop")

@ob.asset
def apart() -> pd.DataFrame:
    return pd.DataFrame({"a": [1]})

@ob.asset
def below(good: pd.DataFrame) -> pd.DataFrame:
    return good
"""
_PROFILES = """
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, schema: main, threads: 1}
    server:
      type: postgres
      host: "{{ env_var('PGHOST', 'nowhere') }}"
      user: "{{ env_var('PGUSER', 'nobody') }}"
      password: "{{ env_var('PGPASSWORD', 'secret-word') }}"
      dbname: "{{ env_var('PGDATABASE', 'none') }}"
      port: 5432
      schema: public
      threads: 1
"""
_FILES = {
    "pipeline.py": _PIPELINE,
    "tidegate.toml": (
        '[env.local]\ndbt = { python = "${DBT_PYTHON}", target = "dev", wait = "20s" }\n'
        '[env.server]\ndbt = { python = "${DBT_PYTHON}", target = "server", wait = "20s" }\n'
    ),
    "shop/dbt_project.yml": (
        "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\nflags: {send_anonymous_usage_stats: false}\n"
    ),
    "shop/profiles.yml": _PROFILES,
    "shop/models/first.sql": "{{ config(materialized='view') }} select 1 as id, 'x' as name union all select 2, 'y'",
    "shop/models/inner.sql": "{{ config(materialized='ephemeral') }} select * from {{ ref('first') }} where id > 0",
    "shop/models/good.sql": "{{ config(materialized='table') }} select * from {{ ref('inner') }}",
    "shop/models/changed.sql": "{{ config(materialized='table') }} select * from {{ ref('first') }}",
    "shop/models/good/inside.sql": "{{ config(materialized='table') }} select 3 as id",
    "shop/models/broken.sql": (
        "{% if execute %}{{ exceptions.raise_compiler_error('no such thing') }}{% endif %} select 1 as a"
    ),
    "shop/models/under_broken.sql": "select * from {{ ref('broken') }}",
    "shop/models/exposures.yml": (
        "exposures:\n  - name: board\n    type: dashboard\n    owner: {email: eve@example.com}\n"
        "    depends_on:\n      - ref('good')\n"
    ),
    "shop/models/models.yml": (
        "models:\n  - name: good\n    description: The good ones.\n    columns:\n      - name: id\n"
        "        description: The key.\n        data_tests: [not_null, unique]\n"
        "  - name: first\n    columns:\n      - name: id\n        data_tests:\n"
        "          - unique: {config: {severity: warn}}\n"
    ),
}  # fmt: skip


def small_project(folder: Path, *, built: bool = False) -> Path:
    """The project, with its manifest by the real dbt, or all that a build of dbt's own leaves behind. Copy it first."""
    write(folder, _FILES)
    dbt(folder / "shop", "--quiet", "build" if built else "parse", may_fail=built)
    return folder


def copied(project: Path, folder: Path) -> Path:
    """A project of a test's own; dbt finds what it has parsed before."""
    return Path(shutil.copytree(project, folder))
