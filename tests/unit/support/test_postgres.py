from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, inspect, text


def test_a_state_database_is_real_and_empty(state_url: str) -> None:
    engine = create_engine(state_url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
        connection.execute(text("create table seen (n integer)"))
        connection.execute(text("insert into seen values (1)"))
        assert connection.execute(text("select count(*) from seen")).scalar_one() == 1
    engine.dispose()


@pytest.mark.postgres
def test_each_new_database_is_another(new_database: Callable[[], str]) -> None:
    one, other = new_database(), new_database()
    assert one != other
    assert one.startswith("postgresql+psycopg://")
    engine = create_engine(one)
    with engine.begin() as connection:
        version = connection.execute(text("show server_version_num")).scalar_one()
    engine.dispose()
    assert int(version) >= 160000
