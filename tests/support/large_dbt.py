"""A dbt project of a hundred models and more, of every shape that changes what becomes an asset."""

from pathlib import Path

from tests.support.dbt import write

PROFILES = """
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, schema: main, threads: 1, keep_open: false}
"""
_PROJECT = """
name: shop
version: "1.0"
config-version: 2
profile: shop
flags: {send_anonymous_usage_stats: false}
models: {lib: {+schema: lib}}
"""
_LIBRARY = "name: lib\nversion: '1.0'\nconfig-version: 2\n"


def large_project(folder: Path, layers: int = 10, width: int = 10) -> Path:
    """Layers of models, each of which reads two of the layer above; some are ephemeral, disabled or versioned."""
    files = {
        "dbt_project.yml": _PROJECT, "profiles.yml": PROFILES, "seeds/countries.csv": "id,name\n1,Chile\n",
        "snapshots/history.yml": (
            "snapshots:\n  - name: history\n    relation: ref('m_1_1')\n"
            "    config: {unique_key: id, strategy: check, check_cols: [id]}\n"
        ),
        "models/sources.yml": (
            "sources:\n  - name: raw\n    schema: main\n    tables: [{name: orders}, {name: unread}]\n"
            "groups:\n  - name: finance\n    owner: {email: fin@example.com}\n"
            "exposures:\n  - name: board\n    type: dashboard\n    owner: {email: eve@example.com}\n"
            "    depends_on:\n      - ref('m_9_9')\n      - source('raw', 'orders')\n"
        ),
        "tests/m_5_2_agrees.sql": "select * from {{ ref('m_5_2') }} a join {{ ref('m_9_3') }} b using (id) where false",
        "analyses/look.sql": "select * from {{ ref('m_0_0') }}",
        "macros/one.sql": "{% macro one() %}1{% endmacro %}",
        "models/off.sql": "{{ config(enabled=false) }} select 1 as id",
        "dbt_packages/lib/dbt_project.yml": _LIBRARY,
        "dbt_packages/lib/models/m_0_0.sql": "select 1 as id",
        "dbt_packages/lib/models/calendar.sql": "select 1 as id",
    }  # fmt: skip
    declared = []
    for layer in range(layers):
        for number in range(width):
            name = f"m_{layer}_{number}"
            files[f"models/layer_{layer}/{name}.sql"] = _model(layer, number, width)
            other = f"m_{(layer + 3) % layers}_{(number + 1) % width}"
            declared.append(
                f"  - name: {name}\n    columns:\n      - name: id\n        data_tests:\n          - not_null\n"
                + (
                    f"          - relationships: {{arguments: {{to: ref('{other}'), field: id}}}}\n"
                    if number == 4
                    else ""
                )
            )
    declared.append(
        "  - name: dim\n    latest_version: 2\n    versions: [{v: 1}, {v: 2}]\n    config: {group: finance}\n"
        "    columns: [{name: id, data_tests: [unique]}]\n"
    )
    files |= {f"models/dim_v{n}.sql": "select id from {{ ref('countries') }}" for n in (1, 2)}
    files["models/reads_dim.sql"] = "select a.id from {{ ref('dim') }} a join {{ ref('dim', v=1) }} b using (id)"
    files["models/models.yml"] = "models:\n" + "".join(declared)
    return write(folder, files)


def _model(layer: int, number: int, width: int) -> str:
    kind = "{{ config(materialized='ephemeral') }}\n" if layer in (3, 4) and number % 3 == 0 else ""
    if layer == 0:
        return f"{kind}select {{{{ one() }}}} as id from {{{{ source('raw', 'orders') }}}}"
    above = [f"{{{{ ref('m_{layer - 1}_{n}') }}}}" for n in (number, (number * 3 + 1) % width)]
    library = "{{ ref('lib', 'calendar') }}" if number == 7 else above[1]
    return f"{kind}select a.id from {above[0]} a join {library} b on a.id = b.id"
