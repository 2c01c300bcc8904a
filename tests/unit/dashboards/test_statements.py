"""What pages with forms ask the store: no more for many partitions than for one."""

import pytest
from starlette.testclient import TestClient

from observer.project import Project
from tests.unit.observer.reads.made import counted


@pytest.mark.parametrize(
    ("one", "many", "most"),
    [
        ("/plan?select=report&partition=2024-02-03", "/plan?select=report&partition=2024-02-01&last=2024-02-09", 25),
        (
            "/feedback?asset=orders&partition=2024-02-02&monitor=null_rate(name)&as=expected",
            "/feedback?asset=orders&partition=2024-02-12&monitor=null_rate(name)&as=expected",
            40,
        ),
    ],
)
def test_an_address_asks_as_often_for_many_partitions(
    asking: TestClient, work: Project, one: str, many: str, most: int
) -> None:
    numbers = []
    for address in (one, many):
        assert asking.get(address).status_code == 200
        with counted(work) as said:
            asking.get(address)
        numbers.append(sum(not text.startswith("BEGIN") for text in said))
    assert numbers[0] == numbers[1] <= most


def test_other_sensitivities_are_read_at_once(work: Project) -> None:
    reads = work.reads()
    with counted(work) as said:
        assert reads.sensitivities("orders", "null_rate(name)") is not None
    assert sum(not text.startswith("BEGIN") for text in said) <= 12
