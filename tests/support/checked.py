"""What one check says of data, through the audit that every version goes through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from observer.audit import measure
from observer.checks import Check
from observer.model import CheckOutcome, ProfilePolicy
from orchestration.model import AssetKey, Materialization, Staged

MADE_AT = datetime(2013, 2, 9, tzinfo=UTC)
_PLAIN = ProfilePolicy()


def staged(data: object) -> Staged:
    made = Materialization(
        id="v1",
        asset=AssetKey("flights"),
        partition="2013-02-08",
        run_id="r1",
        materialized_at=MADE_AT,
        data_version="d",
        code_version="c",
        fingerprint="f",
        duration_s=1.5,
    )
    return Staged(materialization=made, data=data)


def outcomes(checks: Sequence[Check], data: object, policy: ProfilePolicy = _PLAIN) -> tuple[CheckOutcome, ...]:
    return measure(staged(data), checks, policy=policy).outcomes


def outcome(check: Check, data: object, policy: ProfilePolicy = _PLAIN) -> CheckOutcome:
    (found,) = outcomes([check], data, policy)
    assert found.check == check.name
    return found
