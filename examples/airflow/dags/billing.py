"""Yesterday's orders go into billing once Tidegate's gate of that day is open."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.http.sensors.http import HttpSensor
from airflow.sdk import dag, task

YESTERDAY = "{{ macros.ds_add(ds, -1) }}"


def is_open(response: Any) -> bool:
    """The status is 200 whether the gate is open or held: `open` says which."""
    said = response.json()
    print(said["sentence"])
    return said["open"] is True


@dag(schedule="0 6 * * *", start_date=datetime(2024, 1, 1, tzinfo=UTC), catchup=False)
def billing() -> None:
    gate = HttpSensor(
        task_id="gate_orders",
        http_conn_id="tidegate",
        endpoint="api/v1/gate/orders",
        request_params={"partition": YESTERDAY},
        headers={"Authorization": "Bearer {{ conn.tidegate.password }}"},
        response_check=is_open,
        response_error_codes_allowlist=[],  # an asset that isn't there is an error at once, not a gate that is shut
        mode="reschedule",  # no worker waits meanwhile; see the README about `deferrable`
        poke_interval=60,
        timeout=timedelta(hours=4).total_seconds(),
    )

    @task
    def load(day: str) -> None:
        print(f"loading the orders of {day}")

    gate >> load(YESTERDAY)


billing()
