"""Names near a name are those that difflib finds, without a comparison with each."""

import random
from difflib import SequenceMatcher, get_close_matches

import pytest

from orchestration.errors import UnknownName

NAMES = [f"asset_{number:05}" for number in range(5_000)]


@pytest.mark.parametrize("seed", range(30))
def test_they_are_those_of_difflib(seed: int) -> None:
    chance = random.Random(seed)
    names = ["".join(chance.choices("abcd_1", k=chance.randint(0, 9))) for _ in range(200)]
    name = "".join(chance.choices("abcd_1", k=chance.randint(0, 9)))
    assert UnknownName("asset", name, names).nearest == tuple(get_close_matches(name, names, n=3, cutoff=0.5))


def test_thousands_of_names_are_not_all_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    ratio = SequenceMatcher.ratio
    monkeypatch.setattr(SequenceMatcher, "ratio", lambda self: compared.append(1) or ratio(self))
    assert UnknownName("asset", "asset_00107x", NAMES).nearest[0] == "asset_00107"
    assert len(compared) < 200
