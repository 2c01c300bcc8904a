"""Here every database is migrated."""

import pytest

from observer.store import schema
from tests.support import migrated


@pytest.fixture(autouse=True)
def migrations_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "upgrade", migrated.migrate)
