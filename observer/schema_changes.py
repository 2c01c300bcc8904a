"""What differs between two schemas, how bad each kind of difference is, and how it is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from observer.model import Column, Schema, Severity
from orchestration.model import Scalar


class SchemaChangeKind(StrEnum):
    REMOVED = "removed"
    ADDED = "added"
    RETYPED = "retyped"
    NULLABLE = "nullable"  # may be null now, or may not any more
    REORDERED = "reordered"
    COMMENTED = "commented"


IGNORE = "ignore"
POLICIES = (IGNORE, *(severity.value for severity in Severity))
"""What a monitor of the schema may say of each kind of change."""

_BREAKING = (SchemaChangeKind.REMOVED, SchemaChangeKind.RETYPED, SchemaChangeKind.NULLABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """One difference; ``column`` is None where it is the order of all."""

    kind: SchemaChangeKind
    column: str | None = None
    before: str | None = None
    after: str | None = None

    def sentence(self) -> str:
        """The difference in words.

        >>> SchemaChange(kind=SchemaChangeKind.ADDED, column="b", after="bigint").sentence()
        'b was added (bigint)'
        """
        match self.kind:
            case SchemaChangeKind.REMOVED:
                return f"{self.column} was removed"
            case SchemaChangeKind.ADDED:
                return f"{self.column} was added ({self.after})"
            case SchemaChangeKind.RETYPED:
                return f"{self.column} was {self.before} and is {self.after}"
            case SchemaChangeKind.NULLABLE:
                return f"{self.column} {self.after}"
            case SchemaChangeKind.REORDERED:
                return "the columns are in another order"
            case SchemaChangeKind.COMMENTED:
                return f"{self.column} has another comment"


def schema_changes(before: Schema, now: Schema) -> tuple[SchemaChange, ...]:
    """What differs, a kind after the other; what one side doesn't say does not differ.

    >>> [c.sentence() for c in schema_changes(Schema((Column("a", "bigint"),)), Schema((Column("a", "text"),)))]
    ['a was bigint and is text']
    """
    old, new = {c.name: c for c in before.columns}, {c.name: c for c in now.columns}
    kinds = SchemaChangeKind
    changes = [SchemaChange(kind=kinds.REMOVED, column=n, before=old[n].type) for n in old if n not in new]
    changes += [SchemaChange(kind=kinds.ADDED, column=n, after=new[n].type) for n in new if n not in old]
    both = [(old[name], new[name]) for name in old if name in new]
    changes += [
        SchemaChange(kind=kinds.RETYPED, column=a.name, before=a.type, after=b.type)
        for a, b in both
        if a.type != b.type
    ]
    changes += _noted(both)
    if [a.name for a, _ in both] != [name for name in new if name in old]:
        changes.append(SchemaChange(kind=kinds.REORDERED))
    return tuple(changes)


def _noted(both: Iterable[tuple[Column, Column]]) -> Iterator[SchemaChange]:
    for a, b in both:
        if None not in (a.nullable, b.nullable) and a.nullable != b.nullable:
            after = "may be null now" if b.nullable else "may not be null any more"
            yield SchemaChange(kind=SchemaChangeKind.NULLABLE, column=a.name, after=after)
    for a, b in both:
        if a.comment != b.comment:
            yield SchemaChange(kind=SchemaChangeKind.COMMENTED, column=a.name, before=a.comment, after=b.comment)


def policy(severity: Severity, said: Iterable[tuple[str, object]] = ()) -> Mapping[SchemaChangeKind, Severity | None]:
    """How bad each kind of change is; None: it may happen.

    What breaks readers is as bad as the monitor says; a new column, another order and another comment do not break
    them, and are never worse than a warning unless ``said`` so.
    """
    chosen = dict(said)
    found: dict[SchemaChangeKind, Severity | None] = {}
    for kind in SchemaChangeKind:
        default = severity if kind in _BREAKING else IGNORE if kind is SchemaChangeKind.COMMENTED else Severity.WARN
        word = str(chosen.get(kind.value, default))
        found[kind] = None if word == IGNORE else Severity(word)
    return found


@dataclass(frozen=True, slots=True)
class JudgedChange:
    """A difference, and how bad it was by the asset's policy; None: it may happen."""

    change: SchemaChange
    severity: Severity | None

    def detail(self) -> dict[str, Scalar]:
        """What its event in the log says.

        >>> JudgedChange(SchemaChange(kind=SchemaChangeKind.REMOVED, column="a", before="text"), None).detail()
        {'change': 'removed', 'column': 'a', 'before': 'text', 'after': None, 'severity': 'ignore'}
        """
        change = self.change
        return {
            "change": change.kind.value, "column": change.column, "before": change.before, "after": change.after,
            "severity": IGNORE if self.severity is None else self.severity.value,
        }  # fmt: skip


def of_event(detail: Mapping[str, Any]) -> JudgedChange:
    """What ``detail`` said."""
    change = SchemaChange(
        kind=SchemaChangeKind(detail["change"]), column=detail["column"], before=detail["before"],
        after=detail["after"],
    )  # fmt: skip
    return JudgedChange(change, None if detail["severity"] == IGNORE else Severity(detail["severity"]))


def judged_changes(
    before: Schema, now: Schema, severities: Mapping[SchemaChangeKind, Severity | None]
) -> tuple[JudgedChange, ...]:
    """What differs, each with how bad that is."""
    return tuple(JudgedChange(change, severities[change.kind]) for change in schema_changes(before, now))


def worst(changes: Sequence[SchemaChange], severities: Mapping[SchemaChangeKind, Severity | None]) -> Severity | None:
    """The worst severity of some changes; None where all of them may happen."""
    there = {severities[change.kind] for change in changes}
    return Severity.ERROR if Severity.ERROR in there else Severity.WARN if Severity.WARN in there else None


def worst_of(judged: Iterable[JudgedChange]) -> str:
    """The worst severity as events spell it."""
    there = {each.severity for each in judged}
    return next((one.value for one in (Severity.ERROR, Severity.WARN) if one in there), IGNORE)
