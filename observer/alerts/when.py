"""The condition that says which incidents a channel hears of: ``severity>=error and asset:flights``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from observer.errors import ProjectError
from observer.model import Incident, Severity

_RANK = {Severity.WARN: 0, Severity.ERROR: 1}
_SEVERITY = re.compile(r"severity\s*(>=|=)\s*(\S+)")
_ASSET = re.compile(r"asset\s*:\s*(\S+)")
_EXAMPLE = 'write terms such as "severity>=error" or "asset:flights", joined by "and"'


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A parsed condition: every part that is there must hold.

    ``at_least`` and ``exactly`` ask for the severity, ``assets`` are names or patterns with ``*``, all of
    which must fit the incident's asset.
    """

    at_least: Severity = Severity.WARN
    exactly: Severity | None = None
    assets: tuple[str, ...] = ()

    def accepts(self, incident: Incident) -> bool:
        """Whether the condition holds for ``incident``.

        Examples
        --------
        >>> parse_when("severity>=error").at_least
        <Severity.ERROR: 'error'>
        """
        if _RANK[incident.severity] < _RANK[self.at_least]:
            return False
        if self.exactly is not None and incident.severity is not self.exactly:
            return False
        return all(fnmatchcase(incident.asset, pattern) for pattern in self.assets)


def parse_when(text: str, *, where: str = "", assets: Iterable[str] | None = None) -> When:
    """Read a condition.

    Parameters
    ----------
    text: terms joined by ``and``; blank accepts every incident.
    where: where it is written, for the error, such as ``tidegate.toml: env.prod.channels[0].when``.
    assets: the project's assets, to refuse a name that none of them carries; None does not look.

    Raises
    ------
    ProjectError: it can't be read; says the nearest words.
    """
    prefix = f"{where}: " if where else ""
    at_least, exactly, patterns = Severity.WARN, None, []
    terms = re.split(r"\s+and\s+", text.strip()) if text.strip() else []
    for term in terms:
        if found := _SEVERITY.fullmatch(term):
            severity = _severity(found[2], term, prefix)
            if found[1] == "=":
                if exactly not in (None, severity):
                    raise ProjectError(f"{prefix}{text!r} asks for two severities at once; keep one of them")
                exactly = severity
            else:
                at_least = max(at_least, severity, key=_RANK.__getitem__)
        elif found := _ASSET.fullmatch(term):
            patterns.append(_asset(found[1], prefix, assets))
        else:
            raise ProjectError(f"{prefix}can't read {term!r}{_nearest_term(term)}; {_EXAMPLE}")
    return When(at_least=at_least, exactly=exactly, assets=tuple(patterns))


def _severity(word: str, term: str, prefix: str) -> Severity:
    try:
        return Severity(word)
    except ValueError:
        known = [severity.value for severity in Severity]
        hint = _did_you_mean(word, known)
        raise ProjectError(
            f"{prefix}{term!r}: no severity is called {word!r}{hint}; there are {' and '.join(known)}"
        ) from None


def _asset(pattern: str, prefix: str, assets: Iterable[str] | None) -> str:
    known = None if assets is None else list(assets)
    if known is not None and not any(fnmatchcase(asset, pattern) for asset in known):
        raise ProjectError(f"{prefix}no asset is called {pattern!r}{_did_you_mean(pattern, known)}")
    return pattern


def _nearest_term(term: str) -> str:
    if re.search(r"\b(or|not)\b|[()|&!]", term):
        return '; only "and" joins terms: configure one channel more for an "or"'
    word = re.split(r"[^\w.*]+", term, maxsplit=1)[0]
    return _did_you_mean(word, ["severity", "asset", "and"]) if word not in {"severity", "asset"} else ""


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(word, list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(name) for name in nearest)}?" if nearest else ""
