import pytest

from observer.settings import ENVIRONMENT_VARIABLES, ServeSettings, variable


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)],
)
def test_only_loopback_is_loopback(host: str, loopback: bool) -> None:
    assert ServeSettings(host=host).is_loopback is loopback


def test_the_address_and_the_token() -> None:
    assert ServeSettings(host="::1", port=1).url == "http://[::1]:1"
    assert "hunter2" not in repr(ServeSettings(token="hunter2"))


def test_only_variables_of_the_table_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_ENV", "")
    assert variable("TIDEGATE_ENV") is None
    assert all(name.startswith("TIDEGATE_") and said for name, said in ENVIRONMENT_VARIABLES.items())
    with pytest.raises(AssertionError):
        variable("HOME")
