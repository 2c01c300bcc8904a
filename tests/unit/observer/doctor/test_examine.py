"""What the doctor finds in an environment that is well, and in one that isn't."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from observer.doctor.examine import examine
from observer.doctor.model import Finding, Health
from observer.doctor.scratch import scratch
from observer.project import Project, open_project
from observer.projecting import rebuild
from observer.store.status_tables import asset_status
from orchestration.database import reading, writing
from orchestration.io.files import FilesIOManager
from orchestration.model import Address, AssetKey, RunStatus, VersionStatus
from orchestration.tables import EPOCH, leases, runs, versions
from tests.support.receiver import Receiver
from tests.unit.observer.shop import TOML, put, shop

DAY = "2024-02-01"
ORDERS = Address(AssetKey("orders"), DAY)
GONE = "nowhere:1:1"  # a process of another host, silent for longer than a lease lasts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = shop(tmp_path / "shop")
    put(made, DAY)
    return made


@pytest.fixture
def work(folder: Path) -> Iterator[Project]:
    opened = open_project(folder)
    opened.run(opened.plan("*", DAY), trigger="test")
    yield opened
    opened.engine.dispose()


def found(folder: Path, *, fix: bool = False, deep: bool = False, send: bool = False) -> dict[str, Finding]:
    return {one.part: one for one in examine(folder, None, fix=fix, deep=deep, send=send)}


def unwell(folder: Path, **options: bool) -> dict[str, Finding]:
    fine = (Health.OK,)
    return {part: one for part, one in found(folder, **options).items() if one.health not in fine}


def test_a_new_environment_is_well_but_tells_nobody(folder: Path) -> None:
    assert set(unwell(folder)) == {"channels"}
    everything = found(folder)
    assert everything["project"].said == "pipeline.py: 3 assets, 2 checks"
    assert everything["io.default"].said == "files: can write, read, publish, remove"
    assert "is empty" in everything["state"].said


def test_one_that_has_worked_is_well_and_nothing_is_left_of_the_look(work: Project, folder: Path) -> None:
    for _ in range(3):
        assert set(unwell(folder, deep=True)) == {"channels"}
    io = work.runtime.io
    assert isinstance(io, FilesIOManager)
    assert not list(io.root.glob("doctor*"))
    assert found(folder, deep=True)["published data"].said == "every one of 3 published versions is what was recorded"


def begun(work: Project, name: str = "default") -> Address:
    """The address of a doctor who has begun and is not done."""
    io = work.runtime.io
    with suppress(EOFError), scratch(work.engine, io, name) as address:
        io.stage(address, "doctor-1", "left")
        io.publish(address, "doctor-1", 7)
        raise EOFError
    return address


def test_what_a_killed_doctor_left_goes_with_the_next(work: Project, folder: Path) -> None:
    io, address = work.runtime.io, begun(work)
    with writing(work.engine) as connection:
        connection.execute(update(leases).where(leases.c.asset == address.asset).values(holder=GONE, acquired_at=EPOCH))
    assert found(folder)["io.default"].health is Health.OK
    assert (io.pointer(address), io.versions(address)) == (None, ())
    assert found(folder)["leases"].health is Health.OK
    assert leased(work) == []


def test_doctors_who_look_at_once_leave_each_other_alone(work: Project, folder: Path) -> None:
    other, elsewhere = begun(work), begun(work, "models")
    assert set(unwell(folder)) == {"channels"}
    assert [work.runtime.io.pointer(one) is None for one in (other, elsewhere)] == [False, False]
    assert sorted(leased(work)) == sorted([other.asset, elsewhere.asset])


def test_what_storage_would_not_remove_stays_known(work: Project, folder: Path) -> None:
    address = begun(work)
    with writing(work.engine) as connection:
        connection.execute(update(leases).where(leases.c.asset == address.asset).values(holder=GONE, acquired_at=EPOCH))
    data = folder / ".tidegate" / "data"
    aside = data.rename(folder / "aside")
    data.write_text("no folder")
    assert found(folder, fix=True)["io.default"].health is Health.BROKEN
    assert address.asset in leased(work)
    data.unlink()
    aside.rename(data)
    assert found(folder)["io.default"].health is Health.OK
    assert work.runtime.io.pointer(address) is None


def leased(work: Project) -> list[str]:
    """The addresses of doctors that the state knows."""
    with reading(work.engine) as connection:
        return list(connection.execute(select(leases.c.asset).where(leases.c.asset.startswith("doctor"))).scalars())


def test_code_that_cannot_be_loaded(folder: Path) -> None:
    (folder / "pipeline.py").write_text("import observer as ob\n1 / 0\n")
    broken = unwell(folder)
    assert broken["project"].health is Health.BROKEN
    assert "pipeline.py:2 raised ZeroDivisionError" in broken["project"].said
    assert broken["executor"].health is Health.UNKNOWN
    assert found(folder)["io.default"].health is Health.OK


def test_a_query_that_cannot_be_parsed(folder: Path) -> None:
    file = folder / "pipeline.py"
    file.write_text(file.read_text().replace("select count(*) as orders from", "select count(* as orders from"))
    assert "the SQL of report" in found(folder)["project"].said


def test_a_state_that_cannot_be_reached_or_read(folder: Path) -> None:
    toml = folder / "tidegate.toml"
    toml.write_text(TOML + "state = 'postgresql+psycopg://me:s3cr3t-word@127.0.0.1:1/none'\n")
    state = found(folder)["state"]
    assert state.health is Health.BROKEN
    assert "127.0.0.1" in state.said
    assert "s3cr3t-word" not in json.dumps([one.said for one in found(folder).values()])
    toml.write_text(TOML)
    (folder / ".tidegate").mkdir(exist_ok=True)
    (folder / ".tidegate" / "state.db").write_bytes(b"this is no database" * 100)
    assert "the file is damaged" in found(folder)["state"].said


@pytest.mark.postgres
def test_a_state_that_may_not_be_written(folder: Path, new_database: Callable[[], str]) -> None:
    url = new_database()
    (folder / "tidegate.toml").write_text(TOML + f"state = '{url}'\n")
    work = open_project(folder)
    name = work.engine.url.database
    with work.engine.connect() as connection:
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        connection.commit()
    work.engine.dispose()
    state = found(folder)["state"]
    assert (state.health, "read-only" in state.said) == (Health.BROKEN, True)


def test_a_state_of_a_later_tidegate(work: Project, folder: Path) -> None:
    with sqlite3.connect(folder / ".tidegate" / "state.db") as database:
        database.execute("update alembic_version set version_num = '9999'")
    state = found(folder)["state"]
    assert (state.health, "of a later Tidegate, which this one can work with" in state.said) == (Health.OK, True)
    with sqlite3.connect(folder / ".tidegate" / "state.db") as database:
        database.execute("update compatibility set oldest = '9999'")
    state = found(folder)["state"]
    assert (state.health, "is at revision 9999" in state.said) == (Health.BROKEN, True)


def test_storage_that_refuses(folder: Path) -> None:
    (folder / ".tidegate").mkdir()
    (folder / ".tidegate" / "data").write_text("a file where a folder should be")
    broken = found(folder)["io.default"]
    assert broken.health is Health.BROKEN
    assert broken.said.startswith("files: ")


def test_workers_in_other_processes_open_the_project(folder: Path) -> None:
    toml = folder / "tidegate.toml"
    toml.write_text(TOML + "executor = { kind = 'processes', workers = 1 }\n")
    well = found(folder)["executor"]
    assert well.health is Health.OK, well.said
    assert "1 step at once; a worker opened the project in" in well.said
    toml.write_text(TOML + "executor = { kind = 'dask', address = 'tcp://127.0.0.1:1' }\n")
    assert found(folder)["executor"].health is Health.BROKEN


def test_channels(folder: Path, receiver: Receiver) -> None:
    toml = folder / "tidegate.toml"
    channel = "channels = [{{ kind = 'webhook', name = 'ops', url = '{}'{} }}]\n"
    toml.write_text(TOML + channel.format(receiver.url, ""))
    assert "needs secret=" in found(folder)["channel ops"].said
    secret = ", secret = 'sign with this'"
    toml.write_text(TOML + channel.format(receiver.url, secret))
    assert found(folder)["channel ops"].health is Health.OK
    assert not receiver.requests
    assert found(folder, send=True)["channel ops"].said.endswith("took a test message")
    (message,) = receiver.requests
    assert json.loads(message.body)["type"] == "channel.test"
    toml.write_text(TOML + channel.format("http://127.0.0.1:1/", secret))
    assert "nobody listens there" in found(folder, send=True)["channel ops"].said


def test_staged_data_of_a_dead_step(work: Project, folder: Path) -> None:
    work.runtime.io.stage(ORDERS, "left", "half")
    assert unwell(folder)["staged versions"].remedy == "tidegate doctor --fix"
    assert work.runtime.io.has(ORDERS, "left"), "looking changes nothing"
    mended = unwell(folder, fix=True)["staged versions"]
    assert (mended.health, "orders 2024-02-01" in mended.said) == (Health.MENDED, True)
    assert not work.runtime.io.has(ORDERS, "left")
    assert "staged versions" not in unwell(folder)
    assert set(work.runtime.io.versions(ORDERS)), "what the log knows stays"


def test_what_a_living_process_works_on_is_left_to_it(work: Project, folder: Path) -> None:
    from orchestration import lease

    with writing(work.engine) as connection:
        lease.acquire(connection, ORDERS, "mine", work.clock.wall())
    work.runtime.io.stage(ORDERS, "mine", "coming")
    assert "staged versions" not in unwell(folder, fix=True)
    assert work.runtime.io.has(ORDERS, "mine")


def test_dead_runs_and_leases(work: Project, folder: Path) -> None:
    with writing(work.engine) as connection:
        connection.execute(
            insert(runs).values(
                id="dead", selection="*", partitions="", status=RunStatus.RUNNING, trigger="test",
                environment="local", started_at=EPOCH, holder=GONE,
            )
        )  # fmt: skip
        row = {"holder": GONE, "held": True, "acquired_at": EPOCH, "expires_at": EPOCH, "token": 7, "run_id": "dead"}
        connection.execute(insert(leases), [{"asset": "", "partition": "dead", **row}])
        connection.execute(insert(leases), [{"asset": "orders", "partition": "2024-02-02", **row}])
    assert {"runs", "leases"} <= set(unwell(folder))
    mended = unwell(folder, fix=True)
    assert {part: one.health for part, one in mended.items() if part != "channels"} == {
        "runs": Health.MENDED,
        "leases": Health.MENDED,
    }
    assert set(unwell(folder)) == {"channels"}


def test_a_publication_that_was_begun(work: Project, folder: Path) -> None:
    with writing(work.engine) as connection:
        connection.execute(update(versions).values(status=VersionStatus.PUBLISHING.value))
    assert "begun and not confirmed" in unwell(folder)["publications"].said
    assert unwell(folder, fix=True)["publications"].health is Health.MENDED
    assert set(unwell(folder)) == {"channels"}


def test_a_published_version_whose_data_is_gone_or_altered(work: Project, folder: Path) -> None:
    (data,) = (folder / ".tidegate" / "data" / "orders").rglob("data.parquet")
    body = data.read_bytes()
    data.write_bytes(body[:-20] + bytes(20))
    assert f"asset {ORDERS}" not in unwell(folder)
    deep = unwell(folder, deep=True)[f"asset {ORDERS}"]
    assert (deep.health, "isn't what was written" in deep.said) == (Health.BROKEN, True)
    data.unlink()
    gone = unwell(folder, fix=True)[f"asset {ORDERS}"]
    assert gone.health is Health.BROKEN
    assert gone.remedy == f"tidegate run orders --force --partition {DAY}"
    work.run(work.plan("orders", DAY, force=True), trigger="test")
    assert set(unwell(folder, deep=True)) == {"channels"}


def test_a_pointer_that_is_damaged_or_stale(work: Project, folder: Path) -> None:
    (pointer,) = (folder / ".tidegate" / "data" / "orders").rglob("current.json")
    was = pointer.read_text()
    old = json.loads(was)["version"]
    work.run(work.plan("orders", DAY, force=True), trigger="test")
    now = work.runtime.io.pointer(ORDERS)
    assert now is not None
    pointer.write_text(was)  # put back from a copy
    stale = unwell(folder)[f"asset {ORDERS}"]
    assert stale.said == f"storage shows readers {old}, the log says {now.version}"
    assert unwell(folder, fix=True)[f"asset {ORDERS}"].health is Health.MENDED
    again = work.runtime.io.pointer(ORDERS)
    assert again is not None
    assert again.version == now.version
    pointer.write_text("{")
    assert "its pointer" in unwell(folder)[f"asset {ORDERS}"].said
    pointer.unlink()
    assert unwell(folder, fix=True)[f"asset {ORDERS}"].health is Health.MENDED
    assert set(unwell(folder)) == {"channels"}


def test_several_io_managers_are_looked_at_each(folder: Path) -> None:
    (folder / "tidegate.toml").write_text(TOML + "io.marts = { path = 'marts', assets = 'report' }\n")
    everything = found(folder)
    assert everything["io"].said == "marts keeps 1 asset, default keeps 2 assets"
    assert everything["io.marts"].health is everything["io.default"].health is Health.OK
    shutil.rmtree(folder / "marts")


def test_what_pages_show_and_the_log_does_not_say_is_told_and_made_anew(work: Project, folder: Path) -> None:
    assert rebuild(work.engine, work.graph, work.clock.now()) == len(work.graph)
    assert "pages" not in found(folder)
    with writing(work.engine) as connection:
        connection.execute(update(asset_status).where(asset_status.c.asset == "orders").values(state="failing"))
    assert found(folder)["pages"].health is Health.WARNING
    assert "of 1 asset isn't what the log says: orders" in found(folder)["pages"].said
    assert found(folder, fix=True)["pages"].health is Health.MENDED
    assert "pages" not in found(folder)
