"""OpenLineage's own Python client against a real server."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import uvicorn
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    data_quality_assertions_dataset,
    data_quality_metrics_input_dataset,
    error_message_run,
    nominal_time_run,
    output_statistics_output_dataset,
    schema_dataset,
)
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport
from sqlalchemy import select, text
from starlette.testclient import TestClient

from observer.access import Role
from observer.api.app import create_api
from observer.api.serve import listen
from observer.history import SeriesKey
from observer.project import Project, open_project
from observer.settings import ServeSettings
from observer.store import incidents as incident_store
from observer.store import observations
from observer.store.incident_tables import incident_turns
from observer.store.tables import incidents
from observer.tokens import make_token
from orchestration.database import reading, writing
from orchestration.model import AssetKey
from orchestration.tables import events
from tests.conftest import NewDatabase
from tests.unit.observer.shop import shop

PIPELINE = """
import observer as ob

days = ob.daily(start="2024-01-01")
orders = ob.external("postgres://db:5432/shop.public.orders")
visits = ob.external("visits", partitions=days)
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Project]:
    toml = '[env.local]\nclock = "2024-03-01 06:00 UTC"\n'
    project = open_project(shop(tmp_path, pipeline=PIPELINE, toml=toml))
    yield project
    project.close()


@pytest.fixture
def emitted(work: Project) -> Iterator[Any]:
    """Emits by the client as a job does that was given a URL and a key."""
    _, secret = make_token(work, "airflow", Role.OPERATOR, by="ana")
    settings = ServeSettings(port=0)
    listener = listen(settings)
    running = uvicorn.Server(uvicorn.Config(create_api(work.reads(), settings, work), log_level="warning", ws="none"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    key = ApiKeyTokenProvider({"apiKey": secret})
    config = HttpConfig(url=f"http://127.0.0.1:{listener.getsockname()[1]}", auth=key)
    client = OpenLineageClient(transport=HttpTransport(config))
    yield client.emit
    client.close()
    running.should_exit = True
    thread.join(20)


def event(state: RunState, at: str, run: str, **datasets: Any) -> RunEvent:
    nominal = nominal_time_run.NominalTimeRunFacet(nominalStartTime="2024-02-10T00:00:00Z")
    return RunEvent(
        eventType=state, eventTime=at, run=Run(runId=run, facets={"nominalTime": nominal}),
        job=Job(namespace="airflow", name="load.orders"), producer="https://example.com/tests", **datasets,
    )  # fmt: skip


def written(*, success: bool = True) -> OutputDataset:
    fields = [schema_dataset.SchemaDatasetFacetFields(name="id", type="bigint")]
    checked = data_quality_assertions_dataset.Assertion(assertion="not_null", success=success, column="id")
    return OutputDataset(
        namespace="postgres://db:5432", name="shop.public.orders",
        facets={
            "schema": schema_dataset.SchemaDatasetFacet(fields=fields),
            "dataQualityAssertions": data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet([checked]),
        },
        outputFacets={
            "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                rowCount=1200, size=4096
            )
        },
    )  # fmt: skip


def seen() -> InputDataset:
    column = data_quality_metrics_input_dataset.ColumnMetrics(
        nullCount=25, distinctCount=7, sum=300.0, count=100.0, min=1.0, max=9.0, quantiles={"0.5": 3.0, "0.9": 8.0}
    )
    measured = data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
        rowCount=100, bytes=2048, columnMetrics={"page": column}
    )
    return InputDataset(namespace="s3://lake", name="visits", inputFacets={"dataQualityMetrics": measured})


ORDERS = AssetKey("postgres://db:5432/shop.public.orders")


def newest(work: Project, asset: str, *keys: SeriesKey, partitioned: bool = False) -> list[float | None]:
    with reading(work.engine) as connection:
        found = observations.load(connection, AssetKey(asset), keys, partitioned=partitioned)
        return [found[key][-1].value if found[key] else None for key in keys]


def test_a_run_makes_and_sees_versions(emitted: Any, work: Project) -> None:
    run = str(uuid4())
    emitted(event(RunState.START, "2024-02-29T05:00:00Z", run, outputs=[written()]))
    complete = event(RunState.COMPLETE, "2024-02-29T05:01:30Z", run, inputs=[seen()], outputs=[written()])
    emitted(complete)
    emitted(complete)
    reads = work.reads()
    made, looked_at = reads.gate(ORDERS, None), reads.gate("visits", "2024-02-10")
    assert made is not None
    assert looked_at is not None
    assert (made.outcome, looked_at.outcome) == ("open", "open")
    table = [SeriesKey(name, None, None) for name in ("row_count", "bytes", "duration")]
    assert newest(work, ORDERS, *table) == [1200.0, 4096.0, 90.0]
    names = ("null_rate", "distinct_count", "mean", "min", "max", "median")
    columns = [SeriesKey(name, "page", None) for name in names]
    assert newest(work, "visits", *columns, partitioned=True) == [0.25, 7.0, 3.0, 1.0, 9.0, 3.0]


def test_an_assertion_that_fails_holds(emitted: Any, work: Project) -> None:
    emitted(event(RunState.COMPLETE, "2024-02-29T05:00:00Z", str(uuid4()), outputs=[written(success=False)]))
    answer = work.reads().gate(ORDERS, None)
    assert answer is not None
    assert (answer.outcome, answer.holds, answer.columns) == ("held", ("not_null(id)",), ("id",))


def test_a_run_that_fails_is_noted_once_and_makes_nothing(emitted: Any, work: Project) -> None:
    run = str(uuid4())
    for _ in range(2):
        emitted(event(RunState.FAIL, "2024-02-29T05:00:00Z", run, outputs=[written()]))
    with reading(work.engine) as connection:
        found = connection.execute(select(events.c.kind, events.c.asset, events.c.run_id).order_by(events.c.id)).all()
    assert found == [("external.failed", ORDERS, run), ("incident.changed", ORDERS, None)]


def failed(run: str, at: str, why: str = "", **datasets: Any) -> RunEvent:
    found = event(RunState.FAIL, at, run, **datasets)
    if why and found.run.facets is not None:
        found.run.facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(message=why, programmingLanguage="py")
    return found


def told(work: Project) -> list[tuple[str, str, str]]:
    with reading(work.engine) as connection:
        rows = connection.execute(select(incidents).order_by(incidents.c.id)).all()
    return [(row.status, row.severity, row.sentence) for row in rows]


def test_a_failed_run_opens_an_incident_that_the_next_good_version_ends(emitted: Any, work: Project) -> None:
    first, second = str(uuid4()), str(uuid4())
    emitted(event(RunState.START, "2024-02-29T05:00:00Z", first, outputs=[written()]))
    emitted(failed(first, "2024-02-29T05:01:00Z", "no space\nleft\0 on device"))  # of what its START has named
    emitted(failed(second, "2024-02-29T05:03:00Z", outputs=[written()]))
    sentence = "the run that makes it failed: airflow/load.orders; readers keep what they had"
    assert told(work) == [("open", "warn", sentence)], "the second one goes on with the first"
    with reading(work.engine) as connection:
        turns = connection.execute(select(incident_turns.c.reason).order_by(incident_turns.c.number)).scalars().all()
    assert turns[0] == (
        "the run that makes it failed: airflow/load.orders: no space left\\0 on device; readers keep what they had"
    )
    emitted(event(RunState.COMPLETE, "2024-02-29T05:30:00Z", str(uuid4()), outputs=[written()]))
    emitted(failed(str(uuid4()), "2024-02-29T05:10:00Z", outputs=[written()]))  # heard of late
    assert told(work) == [("resolved", "warn", sentence)]


def test_why_it_failed_shows_no_value_where_all_is_private(tmp_path: Path) -> None:
    toml = '[env.local]\nclock = "2024-03-01 06:00 UTC"\nprivate = true\n'
    work = open_project(shop(tmp_path, pipeline=PIPELINE, toml=toml))
    body = {
        "eventType": "FAIL", "eventTime": "2024-02-29T05:00:00Z", "job": {"namespace": "a", "name": "b"},
        "run": {"runId": str(uuid4()), "facets": {"errorMessage": {"message": "duplicate key (email)=('ana@a.org')"}}},
        "outputs": [{"namespace": "postgres://db:5432", "name": "shop.public.orders"}], "producer": "x",
        "schemaURL": "x",
    }  # fmt: skip
    asking = TestClient(create_api(work.reads(), ServeSettings(), work), base_url="http://127.0.0.1")
    assert asking.post("/api/v1/lineage", json=body).status_code == 201
    [(_, _, sentence)] = told(work)
    work.close()
    assert "a/b: duplicate key" in sentence
    assert "ana" not in sentence


def test_a_run_that_was_broken_off_is_noted_only(emitted: Any, work: Project) -> None:
    emitted(event(RunState.ABORT, "2024-02-29T05:00:00Z", str(uuid4()), outputs=[written()]))
    assert told(work) == []


def test_what_it_names_and_nobody_knows_is_said(work: Project) -> None:
    asking = TestClient(create_api(work.reads(), ServeSettings(), work), base_url="http://127.0.0.1")
    body = {
        "eventType": "COMPLETE", "eventTime": "2024-02-29T05:00:00Z", "run": {"runId": str(uuid4())},
        "job": {"namespace": "a", "name": "b"}, "outputs": [{"namespace": "hive", "name": "other"}],
        "producer": "x", "schemaURL": "x",
    }  # fmt: skip
    assert asking.post("/api/v1/lineage", json=body).json() == {"taken": [], "strangers": ["hive/other"]}
    undated = {**body, "outputs": [{"namespace": "s3", "name": "visits"}]}
    assert asking.post("/api/v1/lineage", json=undated).json()["code"] == "cannot-take-in"
    assert asking.post("/api/v1/lineage", json={"job": {}, "eventTime": "x"}).status_code == 201
    hostile = [b"[" * 100_000, b"{", b"null", b"7", b'{"run": 1}']
    for raw in hostile:
        answer = asking.post("/api/v1/lineage", content=raw, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), raw[:20]
    packed = {"content-type": "application/json", "content-encoding": "gzip"}
    assert asking.post("/api/v1/lineage", content=b"x", headers=packed).status_code == 415


def waiting_for_locks(work: Project) -> int:
    with reading(work.engine) as connection:
        here = "SELECT oid FROM pg_database WHERE datname = current_database()"
        asked = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = ({here})"
        found: int = connection.execute(text(asked)).scalar_one()
        return found


@pytest.mark.postgres
def test_a_failure_that_two_replicas_hear_of_at_once_is_told_once(tmp_path: Path, new_database: NewDatabase) -> None:
    toml = f'[env.local]\nclock = "2024-03-01 06:00 UTC"\nstate = "{new_database()}"\n'
    body = {
        "eventType": "FAIL", "eventTime": "2024-02-29T05:00:00Z", "run": {"runId": str(uuid4())},
        "job": {"namespace": "a", "name": "b"}, "producer": "x", "schemaURL": "x",
        "outputs": [{"namespace": "postgres://db:5432", "name": "shop.public.orders"}],
    }  # fmt: skip
    with closing(open_project(shop(tmp_path, pipeline=PIPELINE, toml=toml))) as work, ThreadPoolExecutor(2) as pool:
        apps = [create_api(work.reads(), ServeSettings(), work) for _ in range(2)]
        replicas = [TestClient(app, base_url="http://127.0.0.1") for app in apps]
        with writing(work.engine) as connection:
            incident_store.alone(connection)  # so that both are under way before either is done
            answers = [pool.submit(one.post, "/api/v1/lineage", json=body) for one in replicas]
            until = time.monotonic() + 30
            while waiting_for_locks(work) < 2 and time.monotonic() < until:
                time.sleep(0.02)
            assert waiting_for_locks(work) == 2
        assert [one.result().status_code for one in answers] == [201, 201]
        with reading(work.engine) as connection:
            kinds = connection.execute(select(events.c.kind).order_by(events.c.id)).scalars().all()
        assert kinds == ["external.failed", "incident.changed"]
        assert len(told(work)) == 1
