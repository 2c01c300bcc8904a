"""Addresses without what nobody may see."""

import pytest
from sqlalchemy import make_url

from orchestration.database import open_database, reading
from orchestration.errors import StateError
from orchestration.shown import shown


def test_neither_the_password_nor_an_option_that_is_one_is_shown() -> None:
    url = make_url("postgresql+psycopg://me:one@db/x?password=two&sslpassword=three&sslmode=require")
    said = shown(url)
    assert not {"one", "two", "three"} & set(said.replace("=", " ").replace(":", " ").replace("@", " ").split())
    assert "me:***@db/x" in said
    assert "sslmode=require" in said
    assert url.query["password"] == "two", "what is opened is left as it is"


def test_a_database_that_is_not_reached_is_named_without_them() -> None:
    engine = open_database("postgresql+psycopg://127.0.0.1:1/x?user=me&password=sesame")
    with pytest.raises(StateError, match=r"127\.0\.0\.1") as raised, reading(engine):
        pass
    assert "sesame" not in str(raised.value)
