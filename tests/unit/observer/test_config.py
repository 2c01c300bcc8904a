from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from observer.config import find_root, read
from observer.errors import ProjectError, TidegateError, UnknownName
from orchestration.retention import Retention

GOOD = 'project = "pipeline.py"\n[env.local]\n'


def write(folder: Path, text: str) -> Path:
    (folder / "tidegate.toml").write_text(text, encoding="utf-8")
    return folder


def test_everything_has_a_default(tmp_path: Path) -> None:
    found = read(write(tmp_path, "[env.local]\n"), None)
    assert found.name == "local"
    assert found.project == tmp_path / "pipeline.py"
    assert found.state == f"sqlite:///{tmp_path}/.tidegate/state.db"
    assert [(one.name, one.kind, dict(one.options)) for one in found.io] == [
        ("default", "files", {"path": ".tidegate/data"})
    ]
    assert (found.channels, found.clock, found.url) == ((), None, None)


def test_the_first_environment_is_the_default(tmp_path: Path) -> None:
    write(tmp_path, '[env.b]\nurl = "http://b"\n[env.a]\nurl = "http://a"\n')
    assert (read(tmp_path, None).url, read(tmp_path, "a").url) == ("http://b", "http://a")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("projekt = 'x'\n[env.local]\n", "no setting is called 'projekt'; did you mean 'project'?"),
        ("[env.local]\nstat = 'x'\n", "[env.local]: no setting is called 'stat'; did you mean 'state'?"),
        ("[env.local]\nio.defualt = {}\n", "no setting is called 'defualt'; did you mean 'default'?"),
        ("[env.local]\nio.default = { kind = 'file' }\n", "no kind of IO manager is called 'file'; did you mean"),
        ("[env.local]\nio.default = { kind = 'files', assets = '*' }\n", "leave assets= out"),
        ("[env.local]\nio.models = { kind = 'files' }\n", "io.models doesn't say which assets it keeps"),
        ("[env.local]\nio = 3\n", "[env.local] io is a table"),
        ("[env.local]\nretention = { kep = 1 }\n", "no setting is called 'kep'; did you mean 'keep'"),
        ("[env.local]\nretention = { }\n", "retention says nothing; write retention = { keep = 5, days = 30 }"),
        ("[env.local]\nhistory = { day = 1 }\n", "no setting is called 'day'; did you mean 'days'"),
        ("[env.local]\nhistory = { }\n", "history says nothing; write history = { days = 400 }"),
        ("[env.local]\nrecords = { }\n", "records says nothing; write records = { days = 400, audit_days = 800 }"),
        ("[env.local]\nrecords = { days = 0 }\n", "days is how long runs, delivered messages"),
        ("[env.local]\nprivate = 'yes'\n", "private is true or false, not 'yes'"),
        ("[env.local]\nprofile = { exact = 1 }\n", "exact is true or false, not 1"),
        ("[env.local]\nprofile = { max_seconds = 0 }\n", "max_seconds is a number above 0, not 0"),
        ("[env.local]\nprofile = { sample = 20 }\n", "sample is a number of rows of at least 1,000"),
        ("[env.local]\nprofile = { sample = 0.1, exact = true }\n", "leave one of them out"),
        ("[env.local]\nprofile = { sampel = 1 }\n", "no setting is called 'sampel'"),
        ("[env.local]\nfalse_alarms_per_week = 0\n", "a number above 0 such as 2 or 0.5, not 0"),
        ("[env.local]\nfalse_alarms_per_week = '2'\n", "a number above 0 such as 2 or 0.5, not '2'"),
        ("[env.local]\nfalse_alarms_per_week = inf\n", "a number above 0 such as 2 or 0.5, not inf"),
        ("[env.local]\nfalse_alarms_per_week = true\n", "a number above 0 such as 2 or 0.5, not True"),
        ("[env.local]\nretention = { keep = -1 }\n", "keep is how many earlier versions stay, 1 or more, not -1"),
        ("[env.local]\nchannels = [{ kind = 'webhok', url = 'x' }]\n", "no kind of channel is called 'webhok'"),
        ("", "has no environment; write [env.local]"),
        ("[env]\nlocal = 3\n", "[env.local] is a table"),
        ("env = 3\n", "[env] is a table"),
        ("[env.local\n", "isn't TOML: "),
        ("project = 3\n[env.local]\n", "project is no text; write project = '...'"),
        ("[env.local]\nstate = ''\n", "[env.local]: state is empty"),
        ("[env.local]\nurl = 8000\n", "[env.local]: url is no text"),
        ("[env.local]\nstate = 'sqlite://'\n", "would be forgotten at once"),
        ("[env.local]\nstate = 'sqlite:///:memory:'\n", "would be forgotten at once"),
        ("[env.local]\nchannels = { kind = 'webhook' }\n", "channels is a list of tables"),
        ("[env.local]\nchannels = [3]\n", "channels[1] is a table"),
        ("[env.local]\nchannels = [{ kind = 'webhook' }]\n", "channels[1]: url is missing"),
        ("[env.local]\nchannels = [{ kind = 'webhook', url = 'u', secret = 31337 }]\n", "secret is no text"),
        ("[env.local]\nclock = 'yesterday'\n", "clock = 'yesterday' isn't an instant; write 'YYYY-MM-DD HH:MM"),
        ("[env.local]\nclock = '2013-02-30 06:00 UTC'\n", "isn't an instant"),
        ("[env.local]\nclock = '2013-02-09 06:00 Mars/Olympus'\n", "isn't an instant"),
        ("[env.local]\nclock = '2013-02-09 06:00 America'\n", "isn't an instant"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_with_the_key_and_what_to_write(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises((ProjectError, UnknownName)) as raised:
        read(write(tmp_path, text), None)
    assert said in str(raised.value)
    assert str(tmp_path / "tidegate.toml") in str(raised.value)
    assert "31337" not in str(raised.value)


def test_two_channels_of_one_name_are_refused_and_the_second_gets_a_number(tmp_path: Path) -> None:
    two = "[env.local]\nchannels = [{ kind = 'webhook', url = 'a' }, { kind = 'webhook', url = 'b'NAME }]\n"
    names = [channel.name for channel in read(write(tmp_path, two.replace("NAME", "")), None).channels]
    assert names == ["webhook", "webhook-2"]
    with pytest.raises(ProjectError, match="a channel before it is called 'webhook' too"):
        read(write(tmp_path, two.replace("NAME", ", name = 'webhook'")), None)


def test_an_unknown_environment_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "[env.local]\n[env.prod]\n")
    with pytest.raises(UnknownName, match="no environment is called 'pord'; did you mean 'prod'"):
        read(tmp_path, "pord")


def test_variables_are_filled_in_and_only_where_they_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        tmp_path,
        "[env.local]\nurl = 'http://${HOST:-here}:${PORT:-80}'\nstate = 'sqlite:///${EMPTY:-}x.db'\n"
        "dbt = { python = '${DBT_PYTHON}' }\n"
        "[env.prod]\nstate = '${STATE_URL}'\n",
    )
    monkeypatch.setenv("HOST", "there")
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("DBT_PYTHON", "/opt/dbt/bin/python")
    found = read(tmp_path, None)
    assert found.dbt.python == "/opt/dbt/bin/python", "which is no secret: who lacks dbt has to see where it was sought"
    assert (found.url, found.state) == ("http://there:80", f"sqlite:///{tmp_path}/x.db")
    assert found.secrets == ("there",)
    with pytest.raises(ProjectError, match=r"\[env\.prod\] needs the environment variable STATE_URL, which is not set"):
        read(tmp_path, "prod")


def test_what_is_secret_is_known_wherever_it_stands_and_never_shown(tmp_path: Path) -> None:
    write(
        tmp_path,
        "[env.local]\nstate = 'postgresql+psycopg://me:p%40ss@db/x'\n"
        "channels = [{ kind = 'webhook', url = 'https://hooks/T0K3N', secret = 'whsec_abc' }]\n",
    )
    found = read(tmp_path, None)
    assert set(found.secrets) == {"p%40ss", "p@ss", "https://hooks/T0K3N", "whsec_abc"}
    for secret in found.secrets:
        assert secret not in repr(found)


def test_a_password_among_the_options_of_an_address_is_one(tmp_path: Path) -> None:
    write(tmp_path, "[env.local]\nstate = 'postgresql+psycopg://db/x?user=me&password=p%40ss&sslmode=require'\n")
    assert set(read(tmp_path, None).secrets) == {"p%40ss", "p@ss"}


@pytest.mark.parametrize(
    ("state", "path"),
    [("sqlite:///a.db", "{root}/a.db"), ("sqlite+pysqlite:///a.db", "{root}/a.db"), ("sqlite:////x/a.db", "/x/a.db")],
)
def test_a_sqlite_path_is_counted_from_the_project(tmp_path: Path, state: str, path: str) -> None:
    found = read(write(tmp_path, f"[env.local]\nstate = '{state}'\n"), None).state
    assert found.partition(":///")[2] == path.format(root=tmp_path)


def test_a_clock_is_an_instant_in_a_zone(tmp_path: Path) -> None:
    write(tmp_path, "[env.a]\nclock = '2013-02-09 06:00 America/New_York'\n[env.b]\nclock = 2013-02-09T06:00:00Z\n")
    first, second = read(tmp_path, "a").clock, read(tmp_path, "b").clock
    assert first is not None
    assert first.astimezone(UTC) == datetime(2013, 2, 9, 11, tzinfo=UTC)
    assert second == datetime(2013, 2, 9, 6, tzinfo=UTC)


def test_the_root_is_the_nearest_folder_upward(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_root(inner) == tmp_path


def test_a_pyproject_may_name_the_root(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.tidegate]\nroot = "jobs"\n')
    assert find_root(tmp_path) == tmp_path / "jobs"


def test_a_pyproject_may_hold_everything(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.tidegate]\nproject = 'jobs.py'\n[tool.tidegate.env.local]\nurl = 'http://a'\n"
        "[tool.tidegate.env.prod]\nurl = 3\n"
    )
    (tmp_path / "inner").mkdir()
    assert find_root(tmp_path / "inner") == tmp_path
    found = read(tmp_path, None)
    assert (found.name, found.project, found.url) == ("local", tmp_path / "jobs.py", "http://a")
    with pytest.raises(ProjectError, match=r"pyproject.toml \[tool.tidegate.env.prod\]: url is no text"):
        read(tmp_path, "prod")
    with pytest.raises(UnknownName, match=r"pyproject.toml \[tool.tidegate\]: no environment is called 'x'"):
        read(tmp_path, "x")


def test_settings_in_two_places_are_refused(tmp_path: Path) -> None:
    (write(tmp_path, GOOD) / "pyproject.toml").write_text("[tool.tidegate.env.local]\n")
    with pytest.raises(ProjectError, match="both have the project's settings"):
        read(tmp_path, None)


def test_a_pyproject_without_environments_says_nothing_of_the_project(tmp_path: Path) -> None:
    (write(tmp_path, GOOD) / "pyproject.toml").write_text("[tool.tidegate]\n[tool.ruff]\nline-length = 120\n")
    assert read(find_root(tmp_path), None).name == "local"


def test_named_io_managers_come_before_the_default_one_and_may_keep_longer(tmp_path: Path) -> None:
    write(
        tmp_path,
        "[env.local]\nretention = { keep = 5, days = 30 }\n"
        "io.default = { kind = 'duckdb', path = 'w.duckdb' }\n"
        "io.models = { kind = 'files', path = 'm', assets = 'tag:model', retention = { keep = 50 } }\n",
    )
    models, default = read(tmp_path, None).io
    assert (models.name, models.kind, dict(models.options), models.assets) == (
        "models", "files", {"path": "m"}, "tag:model",
    )  # fmt: skip
    assert (default.name, default.kind, dict(default.options), default.assets) == (
        "default", "duckdb", {"path": "w.duckdb"}, None,
    )  # fmt: skip
    assert models.retention == Retention(keep=50, age=timedelta(0))
    assert default.retention == Retention(keep=5, age=timedelta(days=30))


def test_what_io_options_hide_is_known_and_never_shown(tmp_path: Path) -> None:
    write(
        tmp_path,
        "[env.local]\nio.default = { kind = 'postgres', url = 'postgresql+psycopg://me:pa55word@db/x' }\n"
        "io.lake = { kind = 'snowflake', password = 'open-sesame', assets = '*' }\n",
    )
    found = read(tmp_path, None)
    assert set(found.secrets) == {"pa55word", "open-sesame"}
    for secret in found.secrets:
        assert secret not in repr(found)


def test_a_folder_that_is_not_there_is_not_taken_for_the_one_around_it(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    with pytest.raises(ProjectError, match="there is no folder"):
        find_root(tmp_path / "typo")


def test_no_project_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProjectError, match="tidegate init"):
        find_root(Path("/"))
    with pytest.raises(ProjectError, match="tidegate init"):
        read(tmp_path, None)


def test_a_budget_of_false_alarms_is_a_number(tmp_path: Path) -> None:
    write(tmp_path, "[env.local]\nfalse_alarms_per_week = 2\n[env.other]\n")
    assert read(tmp_path, None).false_alarms_per_week == 2.0
    assert read(tmp_path, "other").false_alarms_per_week is None


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("kind = 'slack'", "url is missing"),
        ("kind = 'slack', url = 'u', secret = 's'", "no setting is called 'secret'"),
        ("kind = 'pagerduty', url = 'u'", "routing_key is missing"),
        ("kind = 'mail', server = 's', from = 'a@b.org'", "to is missing"),
        ("kind = 'mail', server = 's', from = 'a@b.org', to = []", "to is a text, or a list of texts"),
        ("kind = 'webhook', url = 'u', secret = ['a', 3]", "secret is a text, or a list of texts"),
        ("kind = 'webhook', url = 'u', limit = '30'", "limit = '30' isn't so many in a time"),
        ("kind = 'webhook', url = 'u', limit = '0/m'", "isn't so many in a time"),
        ("kind = 'webhook', url = 'u', fallback = 'yes'", "fallback is true or false"),
    ],
)
def test_a_channel_that_says_too_little_or_too_much(tmp_path: Path, channel: str, said: str) -> None:
    with pytest.raises(TidegateError) as caught:
        read(write(tmp_path, f"[env.local]\nchannels = [{{ {channel} }}]\n"), None)
    assert said in str(caught.value)


def test_people_are_told_so_many_at_once_and_programs_everything(tmp_path: Path) -> None:
    written = "[env.local]\nchannels = [{ kind = 'slack', url = 'u' }, { kind = 'webhook', url = 'u' }, "
    written += "{ kind = 'teams', url = 'u', limit = '2/s' }, { kind = 'teams', url = 'u', limit = 'none' }]\n"
    limits = [channel.limit for channel in read(write(tmp_path, written), None).channels]
    assert limits == [(30, 60.0), None, (2, 1.0), None]


def test_keys_of_channels_are_in_no_text(tmp_path: Path) -> None:
    written = "[env.local]\nchannels = [{ kind = 'pagerduty', routing_key = 'R0UT1NG' }, { kind = 'webhook', url = "
    written += "'http://u/T0K3N', secret = ['s3cret-new', 's3cret-old'] }, { kind = 'mail', server = 's', from = "
    written += "'a@b.org', to = 'c@d.org', user = 'me', password = 'p4ssw0rd' }]\n"
    found = read(write(tmp_path, written), None)
    assert {"R0UT1NG", "s3cret-new", "s3cret-old", "p4ssw0rd", "http://u/T0K3N"} <= set(found.secrets)
    assert not [word for word in ("R0UT1NG", "s3cret", "p4ssw0rd", "T0K3N") if word in repr(found)]
