"""The Dask executor obeys the same laws on a real cluster: a scheduler and two nodes as processes."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.executors.base import Limits
from orchestration.executors.dask import DaskExecutor, TlsFiles
from orchestration.executors.errors import ExecutorError
from orchestration.executors.laws import EXECUTOR_LAWS, Lab, LabRecipe, hold, product_of, says_why_there_is_no_worker
from tests.support.cluster import Cluster, running_cluster
from tests.support.shipped import ShippedRecipe
from tests.support.speaking import SpeakingRecipe

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("dask"), 1) as running:
        running.add_worker("--resources", "gpu=1")
        with_workers(running.address, 2)
        yield running


def with_workers(address: str, count: int, security: TlsFiles | None = None) -> None:
    """Wait until the scheduler knows that many nodes."""
    until = time.monotonic() + 30
    while True:
        executor = DaskExecutor(address, LabRecipe("."), security=security)
        slots = executor.slots
        executor.close()
        if slots == 2 * count:
            return
        assert time.monotonic() < until, f"{slots} slots, not those of {count} nodes"
        time.sleep(0.1)


@pytest.mark.parametrize("law", EXECUTOR_LAWS, ids=lambda law: law.__name__)
def test_obeys(law: Callable[[Lab], None], cluster: Cluster, tmp_path: Path) -> None:
    hold(law, lambda recipe: DaskExecutor(cluster.address, recipe, grace_s=2.0), tmp_path)


@pytest.mark.soak
def test_says_why_there_is_no_worker(cluster: Cluster) -> None:
    says_why_there_is_no_worker(lambda recipe: DaskExecutor(cluster.address, recipe))


@pytest.mark.soak
def test_a_resource_is_found_where_it_is_and_used_by_one_at_a_time(cluster: Cluster, tmp_path: Path) -> None:
    executor = DaskExecutor(cluster.address, LabRecipe(str(tmp_path)), grace_s=1.0)
    lab = Lab(tmp_path, executor)
    gpu = Limits(resources=(("gpu", 1.0),), timeout_s=0.8)
    first, second = lab.start("beats", gpu), lab.start("beats", gpu)
    lab.begun(first)
    assert not lab.traces(second)
    for answer in lab.answers(2):
        lab.fails(answer.result, "TimedOut")
    assert lab.traces(second)
    said = lab.fails(lab.do("number", Limits(resources=(("gpu", 2.0),))), "Unsatisfiable")
    assert "gpu = 1" in said.error
    executor.close()


def test_code_is_shipped_to_nodes_that_do_not_have_it(cluster: Cluster, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "there").mkdir(parents=True)
    (project / "there" / "__init__.py").write_text("ANSWER = 42\n")
    (project / ".secret").write_text("stays here")
    executor = DaskExecutor(cluster.address, ShippedRecipe(str(tmp_path / "data")), ship=project)
    lab = Lab(tmp_path, executor)
    assert product_of(lab.do("answer")).audit == (42, ["there"])
    executor.close()
    assert not list(cluster.folder.rglob("there")), "what was shipped is still there"


def test_what_a_step_said_comes_back_with_it(cluster: Cluster, tmp_path: Path) -> None:
    executor = DaskExecutor(cluster.address, SpeakingRecipe(str(tmp_path)))
    lab = Lab(tmp_path, executor)
    said = product_of(lab.do("speaks")).said
    assert said is not None
    assert {"info", "warning", "error", "stdout", "stderr"} == {line.level for line in said.lines}
    killed = lab.fails(lab.do("hangs", Limits(timeout_s=1.5)), "TimedOut").said
    assert killed is not None
    assert [line.text for line in killed.lines] == ["about to hang", "hanging"]
    assert "may be missing" in killed.unknown
    executor.close()


def test_encryption_is_not_optional(tmp_path: Path) -> None:
    files = certificates(tmp_path)
    flags = ["--tls-ca-file", str(files.ca), "--tls-cert", str(files.cert), "--tls-key", str(files.key)]
    with running_cluster(tmp_path, 1, flags, "tls") as cluster:
        assert cluster.address.startswith("tls://")
        with_workers(cluster.address, 1, files)
        executor = DaskExecutor(cluster.address, LabRecipe(str(tmp_path)), security=files)
        product_of(Lab(tmp_path, executor).do("number"))
        executor.close()
        plain = cluster.address.replace("tls://", "tcp://")
        for given in (None, files):
            with pytest.raises(ExecutorError, match="can't be used"):
                DaskExecutor(plain, LabRecipe(str(tmp_path)), connect_s=0.5, security=given)


def certificates(folder: Path) -> TlsFiles:
    """A key and the certificate that it signed itself, which is its own authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tidegate test")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
    built = built.not_valid_after(now + timedelta(hours=1))
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    files = TlsFiles(ca=folder / "cert.pem", cert=folder / "cert.pem", key=folder / "key.pem")
    files.cert.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    files.key.write_bytes(key.private_bytes(pem, pkcs8, plain))
    return files
