"""Differences between schemas: what is said, and what isn't one."""

import pytest

import observer as ob
from observer.errors import CheckError
from observer.model import Column, Schema, Severity
from observer.schema_changes import SchemaChangeKind, judged_changes, of_event, policy, schema_changes, worst_of


def said(before: Schema, now: Schema) -> tuple[str, ...]:
    return tuple(change.sentence() for change in schema_changes(before, now))


def test_every_change_is_named() -> None:
    before = Schema((Column("a", "BIGINT"), Column("b", "DATE"), Column("c", "TEXT")))
    now = Schema((Column("b", "TEXT"), Column("d", "DATE"), Column("c", "TEXT")))
    assert said(before, now) == ("a was removed", "d was added (DATE)", "b was DATE and is TEXT")
    assert said(before, Schema(before.columns[::-1])) == ("the columns are in another order",)
    assert said(before, before) == ()


def test_what_may_be_null_and_comments_are_compared_where_both_say() -> None:
    strict = Schema((Column("a", "BIGINT", nullable=False, comment="the key"),))
    assert said(strict, Schema((Column("a", "BIGINT", True, "the key"),))) == ("a may be null now",)
    assert said(Schema((Column("a", "BIGINT", True),)), Schema((Column("a", "BIGINT", False),))) == (
        "a may not be null any more",
    )
    assert said(strict, Schema((Column("a", "BIGINT", None, "a key"),))) == ("a has another comment",)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"removd": "warn"}, "no change of a schema is called removd; did you mean removed"),
        ({"added": "loud"}, "added is 'ignore', 'warn' or 'error', not 'loud'"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(how: dict[str, str], message: str) -> None:
    with pytest.raises(CheckError, match=message):
        ob.monitor("schema", **how)


def test_an_event_says_what_a_change_was() -> None:
    before = Schema((Column("a", "BIGINT", False, "the key"), Column("b", "DATE")))
    now = Schema((Column("b", "TEXT"), Column("c", "DATE"), Column("a", "BIGINT", True, "a key")))
    judged = judged_changes(before, now, policy(Severity.ERROR, [("nullable", "ignore")]))
    assert tuple(of_event(each.detail()) for each in judged) == judged
    assert {each.change.kind: each.severity for each in judged} == {
        SchemaChangeKind.ADDED: Severity.WARN, SchemaChangeKind.RETYPED: Severity.ERROR,
        SchemaChangeKind.NULLABLE: None, SchemaChangeKind.REORDERED: Severity.WARN, SchemaChangeKind.COMMENTED: None,
    }  # fmt: skip
    assert (worst_of(judged), worst_of(judged[2:]), worst_of(())) == ("error", "warn", "ignore")
