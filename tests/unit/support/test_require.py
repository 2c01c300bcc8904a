import pytest

from tests.support.require import require


def test_nothing_missing_goes_on() -> None:
    require("PostgreSQL", None)


def test_a_person_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^PostgreSQL can't be had here: no room\.$"):
        require("PostgreSQL", "no room")


def test_ci_fails_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="nothing is skipped"):
        require("PostgreSQL", "no room")
