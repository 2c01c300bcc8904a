"""The options of an asset as they are declared: of the right kind, or refused at once with what to write."""

from __future__ import annotations

import re
from collections.abc import Iterable

from orchestration.asset_config import LONGEST_CODE_VERSION
from orchestration.errors import DefinitionError
from orchestration.freshness import FreshnessPolicy
from orchestration.model import AssetKey
from orchestration.partitions import Partitions
from orchestration.run_policy import RunPolicy
from orchestration.schedule.base import Condition

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters, and marks that turn the text after them around. Joiners stay: scripts and emoji need them."""


def listed(name: AssetKey, what: str, given: object) -> tuple[object, ...]:
    """What an option lists, where it can be read as a list; raises DefinitionError."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        one = given if isinstance(given, str) else getattr(given, "key", None)
        example = repr(one) if isinstance(one, str) else "..."
        raise DefinitionError(f"{name}: {what} takes a list; write {what}=[{example}]")
    return tuple(given)


def words(name: AssetKey, what: str, given: object) -> tuple[str, ...]:
    """The words that an option lists; raises DefinitionError."""
    return tuple(_word(name, what, one) for one in listed(name, what, given))


def check_group(name: AssetKey, group: object) -> None:
    """Raises DefinitionError for what can't name a group."""
    if group is not None:
        _word(name, "group", group)


def check_cut(name: AssetKey, partitions: object) -> None:
    """Raises DefinitionError for what cuts nothing."""
    if partitions is not None and not isinstance(partitions, Partitions):
        said = "; a cron expression that cuts them has a start: ob.cron('0 6 * * *', '2013-01-01')"
        raise DefinitionError(
            f"{name}: partitions= takes ob.daily(...) and the like, not {partitions!r}"
            f"{said if isinstance(partitions, Condition) else ''}"
        )


def check_freshness(name: AssetKey, freshness: object) -> None:
    """Raises DefinitionError for what is no policy."""
    if freshness is not None and not isinstance(freshness, FreshnessPolicy):
        example = f"max_age={freshness!r}" if isinstance(freshness, str) else "max_age='26h'"
        raise DefinitionError(f"{name}: freshness= takes ob.FreshnessPolicy({example}) and the like, not {freshness!r}")


def check_run(name: str, run: object) -> None:
    """Raises DefinitionError for what is no policy."""
    if not isinstance(run, RunPolicy):
        raise DefinitionError(f"{name}: run= takes ob.RunPolicy(retries=2) and the like, not {run!r}")


def check_code_version(name: AssetKey, code_version: object) -> None:
    """Raises DefinitionError for what can't be kept as a version."""
    if code_version is None:
        return
    if not isinstance(code_version, str):
        raise DefinitionError(f"{name}: code_version is a text; write code_version={str(code_version)!r}")
    if len(code_version) > LONGEST_CODE_VERSION:
        raise DefinitionError(f"{name}: a code_version has at most {LONGEST_CODE_VERSION} characters")


def _word(name: AssetKey, what: str, given: object) -> str:
    if not isinstance(given, str):
        raise DefinitionError(f"{name}: {what} is said in words; write {str(given)!r} in place of {given!r}")
    if _UNSEEN.search(given):
        raise DefinitionError(f"{name}: {what} has {given!r}, with marks that nobody sees; write it without them")
    return given
