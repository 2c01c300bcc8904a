"""How an asset is run: what can be written, when it is tried again, how long it waits."""

import random

import pytest

import orchestration.run_policy as policies
from orchestration.errors import DefinitionError
from orchestration.executors.failures import Kind
from orchestration.run_policy import NEVER_AGAIN, RunPolicy, seconds, size


@pytest.mark.parametrize(
    ("text", "value"),
    [("500ms", 0.5), ("90s", 90), ("1.5s", 1.5), ("10m", 600), ("2h", 7200), (" 3 s ", 3), ("0s", 0)],
)
def test_lengths_of_time(text: str, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value"), [("500MB", 500_000_000), ("2GB", 2_000_000_000), ("1.5 kB", 1500), ("1TB", 10**12)]
)
def test_sizes(text: str, value: int) -> None:
    assert size(text) == value


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"retries": -1}, "retries=-1: write how often to try again, 0 or more"),
        ({"retries": True}, "retries=True"),
        ({"retries": 1.5}, "retries=1.5"),
        ({"retries": "3"}, "retries='3'"),
        ({"retry_on": "OSError"}, "write a tuple of names, ('OSError',)"),
        ({"retry_on": (OSError,)}, "write names in place of classes, ('OSError',)"),
        ({"retry_on": (3,)}, "write names in place of classes"),
        ({"timeout": "10"}, "'10' isn't a length of time; write 500ms, 90s, 10m or 2h"),
        ({"timeout": 10}, "10 isn't a length of time"),
        ({"timeout": "-1s"}, "'-1s' isn't a length of time"),
        ({"timeout": "1d"}, "'1d' isn't a length of time"),
        ({"timeout": ""}, "'' isn't a length of time"),
        ({"backoff": "soon"}, "'soon' isn't a length of time"),
        ({"longest_backoff": "1e3s"}, "'1e3s' isn't a length of time"),
        ({"memory": "2GiB"}, "'2GiB' isn't a size; write 500MB or 2GB"),
        ({"memory": 2000}, "2000 isn't a size"),
        ({"memory": "lots"}, "'lots' isn't a size"),
        ({"priority": "high"}, "priority='high': write a whole number"),
        ({"priority": 1.5}, "priority=1.5"),
        ({"resources": {"gpu": "1"}}, "gpu is a number above 0, not '1'"),
        ({"resources": {"gpu": 0}}, "gpu is a number above 0, not 0"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_said_when_it_is_written(given: dict[str, object], says: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        RunPolicy(**given)  # type: ignore[arg-type]
    assert says in str(raised.value)


def test_limits_in_numbers() -> None:
    plain, limited = RunPolicy(), RunPolicy(timeout="90s", memory="200MB")
    assert (plain.timeout_s, plain.memory_bytes) == (None, None)
    assert (limited.timeout_s, limited.memory_bytes) == (90.0, 200_000_000)


KINDS = ("FileNotFoundError", "OSError", "Exception", "BaseException")


@pytest.mark.parametrize(
    ("retry_on", "again"),
    [
        ((), True),
        (("FileNotFoundError",), True),
        (("OSError",), True),  # a base class
        (("ValueError", "Exception"), True),
        (("ValueError",), False),
        (("oserror",), False),
        (["OSError"], True),
    ],
)
def test_retries_by_the_name_of_the_exception_or_of_a_base_class(retry_on: tuple[str, ...], again: bool) -> None:
    assert RunPolicy(retries=1, retry_on=retry_on).tries_again(1, KINDS) is again


def test_as_often_as_it_says() -> None:
    policy = RunPolicy(retries=2)
    assert [policy.tries_again(attempt, KINDS) for attempt in (1, 2, 3, 4)] == [True, True, False, False]
    assert not RunPolicy().tries_again(1, KINDS)


@pytest.mark.parametrize("kind", [kind.value for kind in Kind] + ["NothingReturned"])
def test_what_trying_again_does_not_mend(kind: str) -> None:
    mends = {"TimedOut", "OutOfMemory", "WorkerLost", "Stopped"}
    assert RunPolicy(retries=5).tries_again(1, (kind,)) is (kind in mends)
    assert RunPolicy(retries=5, retry_on=(kind,)).tries_again(1, (kind,)) is (kind in mends)


def test_never_again_names_kinds_that_exist() -> None:
    """A misspelt one would be tried again in silence."""
    from orchestration import errors

    for name in NEVER_AGAIN:
        assert name in set(Kind) or hasattr(errors, name), name


def test_the_wait_doubles_to_its_ceiling_and_is_spread_by_a_fifth() -> None:
    policy = RunPolicy(retries=99, backoff="2s", longest_backoff="30s")
    plain = [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    spread = [[policy.wait_s(n, random.Random(seed)) / wait for seed in range(200)] for n, wait in enumerate(plain, 1)]
    for ratios in spread:
        assert all(0.8 <= ratio <= 1.2 for ratio in ratios)
        assert min(ratios) < 0.85
        assert max(ratios) > 1.15
        assert len(set(ratios)) > 100, "many steps must not come back at once"


def test_the_lot_is_the_given_one() -> None:
    policy = RunPolicy(retries=3)
    one, same = random.Random(7), random.Random(7)
    assert [policy.wait_s(n, one) for n in range(1, 9)] == [policy.wait_s(n, same) for n in range(1, 9)]


def test_very_many_tries_wait_the_longest() -> None:
    policy = RunPolicy(retries=10**6, longest_backoff="1m")
    assert 48 <= policy.wait_s(5000, random.Random(1)) <= 72
    assert RunPolicy(retries=10**6, backoff="0s").wait_s(5000, random.Random(1)) == 0


def test_a_backoff_above_its_ceiling_is_the_ceiling() -> None:
    assert RunPolicy(backoff="10m", longest_backoff="1s").wait_s(1, random.Random(1)) <= 1.2


def test_the_doctests_hold() -> None:
    import doctest

    assert doctest.testmod(policies).attempted >= 2
    assert doctest.testmod(policies).failed == 0
