"""The condition that says which incidents a channel hears of: ``severity>=error and tag:pii and owner:ana@a.org``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from observer.alerts.owners import owners_of
from observer.errors import ProjectError
from observer.model import Incident, Severity
from orchestration.errors import TidegateError
from orchestration.graph import Graph
from orchestration.model import AssetKey
from orchestration.selection import select

_NOTHING = Graph(())
_RANK = {Severity.WARN: 0, Severity.ERROR: 1}
_SEVERITY = re.compile(r"severity\s*(>=|=)\s*(\S+)")
_ASSET = re.compile(r"asset\s*:\s*(\S+)")
_OWNER = re.compile(r"owner\s*:\s*(\S+)")
_TOKEN = re.compile(r'"(?:[^"]|"")*"|[()]|[^\s()"]+|\s+')
_METHODS = ("severity", "asset", "owner", "tag", "group", "kind")
_EXAMPLE = 'write terms such as "severity>=error", "tag:pii" or "owner:ana@example.com", joined by "and"'


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A parsed condition: every part that is there must hold.

    Parameters
    ----------
    at_least, exactly: ask for the severity.
    assets: the incident's asset is one of them; None: any.
    owners: patterns with ``*``, each of which fits one of those whose the incident is.
    graph: whose assets those are.
    """

    at_least: Severity = Severity.WARN
    exactly: Severity | None = None
    assets: frozenset[AssetKey] | None = None
    owners: tuple[str, ...] = ()
    graph: Graph = field(default=_NOTHING, repr=False, compare=False)

    def accepts(self, incident: Incident) -> bool:
        """Whether the condition holds for ``incident``.

        Examples
        --------
        >>> parse_when("severity>=error", Graph([])).at_least
        <Severity.ERROR: 'error'>
        """
        if _RANK[incident.severity] < _RANK[self.at_least]:
            return False
        if self.exactly is not None and incident.severity is not self.exactly:
            return False
        if self.assets is not None and incident.asset not in self.assets:
            return False
        whose = self.owners_of(incident) if self.owners else ()
        return all(any(fnmatchcase(owner, pattern) for owner in whose) for pattern in self.owners)

    def owners_of(self, incident: Incident) -> tuple[str, ...]:
        """Whose an incident is."""
        return owners_of(self.graph, incident)


def parse_when(text: str, graph: Graph, *, where: str = "") -> When:
    """Read a condition.

    Parameters
    ----------
    text: terms joined by ``and``; blank accepts every incident. What is no ``severity``, ``asset:`` or ``owner:`` is
        a selection of assets.
    graph: the project's assets; a name or value that none of them carries is refused.
    where: where it is written, for the error, such as ``channel ops``.

    Raises
    ------
    ProjectError: it can't be read; says the nearest words.
    """
    prefix = f"{where}: " if where else ""
    at_least, exactly, owners = Severity.WARN, None, list[str]()
    assets: frozenset[AssetKey] | None = None
    for term in _terms(text, prefix):
        if found := _SEVERITY.fullmatch(term):
            severity = _severity(found[2], term, prefix)
            if found[1] == "=":
                if exactly not in (None, severity):
                    raise ProjectError(f"{prefix}{text!r} asks for two severities at once; keep one of them")
                exactly = severity
            else:
                at_least = max(at_least, severity, key=_RANK.__getitem__)
        elif found := _OWNER.fullmatch(term):
            owners.append(found[1])
        else:
            named = _ASSET.fullmatch(term)
            chosen = _selected(term if named is None else named[1], graph, prefix)
            assets = chosen if assets is None else assets & chosen
    return When(at_least=at_least, exactly=exactly, assets=assets, owners=tuple(owners), graph=graph)


def _terms(text: str, prefix: str) -> Iterator[str]:
    """What ``and`` joins outside of brackets and quotes."""
    depth, term = 0, ""
    if text.count("(") != text.count(")") or text.count('"') % 2:
        raise ProjectError(f"{prefix}can't read {text!r}: brackets and quotes come in pairs; {_EXAMPLE}")
    tokens = _TOKEN.findall(text.strip())
    for token in [*tokens, "and"] if tokens else []:
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth == 0 and token == "and":
            yield _readable(term.strip(), prefix)
            term = ""
        elif depth == 0 and (token == "or" or token.endswith(",")):
            raise ProjectError(f"{prefix}can't read {text!r}: put brackets around an {token.strip()!r} between assets, "
                               "and for another severity configure one channel more")  # fmt: skip
        else:
            term += token
    if term.strip():
        raise ProjectError(f"{prefix}can't read {term.strip()!r}; {_EXAMPLE}")


def _readable(term: str, prefix: str) -> str:
    word = re.split(r"[^\w.*]+", term, maxsplit=1)[0]
    if not term or (term.startswith("severity") and not _SEVERITY.fullmatch(term)) or re.fullmatch(r"\w+\s*:", term):
        raise ProjectError(f"{prefix}can't read {term!r}; {_EXAMPLE}")
    if re.match(r"\w+\s*(>|<|=|:)", term) and word not in _METHODS:
        raise ProjectError(f"{prefix}can't read {term!r}{_did_you_mean(word, _METHODS)}; {_EXAMPLE}")
    return term


def _selected(selection: str, graph: Graph, prefix: str) -> frozenset[AssetKey]:
    try:
        return frozenset(select(graph, selection))
    except TidegateError as error:
        raise ProjectError(f"{prefix}{error}") from None


def _severity(word: str, term: str, prefix: str) -> Severity:
    try:
        return Severity(word)
    except ValueError:
        known = [severity.value for severity in Severity]
        hint = _did_you_mean(word, known)
        raise ProjectError(
            f"{prefix}{term!r}: no severity is called {word!r}{hint}; there are {' and '.join(known)}"
        ) from None


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(word, list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(name) for name in nearest)}?" if nearest else ""
