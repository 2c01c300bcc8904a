"""The one small language that names assets, wherever assets are named.

    selection     list  = term { ("," | "or") term }           union; "-term" takes away from the whole list
    term          both  = part { ("and" | "&") part }          intersection
    part          ["not"] walk                                 everything but
    walk          [n] "+" point | point "+" [n]                everything upstream, downstream; n steps of it
    point         name | method ":" value | "*" | "(" list ")"

``+orders``, ``orders+2``, ``1+orders+``, ``tag:pii``, ``group:raw, flights``, ``raw/*``, ``*, -group:raw``,
``tag:pii and not status:held``, ``+(a, b)``. The methods are ``tag``, ``group``, ``owner``, ``kind`` and ``status``.
``*`` within a name or a value stands for any text. A list of nothing but ``-terms`` takes away from everything. A
name that holds brackets, ``&``, quotes or one of the words is written in double quotes, a quote within it twice:
``"a & b"``.

Names and values that match nothing are refused with the nearest ones, and so is a selection that is empty in the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from orchestration.assets import Asset
from orchestration.errors import SelectionError, UnknownName
from orchestration.graph import Graph
from orchestration.model import AssetKey

StatusesOf = Callable[[AssetKey], Collection[str]]
"""The statuses that an asset has now, such as ``held`` and ``stale``."""

_TOKEN = re.compile(r'\s*(?:(?P<quoted>"(?:[^"]|"")*")|(?P<sign>[,()&])|(?P<walk>\d*\+\d*)|(?P<word>[^\s,()&+"]+))')
_DEEPEST = 50
_WORDS = {"and": "&", "or": ",", "not": "not"}


def select(
    graph: Graph, expression: str, statuses: StatusesOf | None = None, sees: Callable[[str], bool] | None = None
) -> tuple[AssetKey, ...]:
    """The assets that ``expression`` names, upstream first.

    Parameters
    ----------
    statuses:
        Answers ``status:``; without it that method is refused.
    sees:
        Which assets there are for who asks; the others are as if they weren't there. None: all.

    Raises
    ------
    UnknownName
        A name, method or value that nothing carries; says the nearest ones.
    SelectionError
        It can't be read, or selects nothing.
    """
    parser = _Parser(graph, expression, statuses, sees)
    chosen = parser.all() & parser.everything
    if not chosen:
        number = len(parser.everything)
        raise SelectionError(f"the selection {expression!r} selects none of the {number} assets; nothing was done")
    return tuple(key for key in graph.order if key in chosen)


def quote(name: str) -> str:
    """``name`` as a selection that means just that asset.

    >>> quote("a & b")
    '"a & b"'
    """
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # "name", "quoted", "walk", or the sign itself; "" at the end
    text: str
    at: int
    tight: bool  # nothing stands between it and what comes before


class _Parser:
    """Recursive descent over the tokens of one selection; each rule returns the assets it names."""

    def __init__(
        self, graph: Graph, expression: str, statuses: StatusesOf | None, sees: Callable[[str], bool] | None
    ) -> None:
        self._graph, self._expression, self._statuses = graph, expression, statuses
        self._known = graph.order if sees is None else tuple(filter(sees, graph.order))
        self.everything = set(self._known)
        self._tokens = list(_tokens(expression))
        self._place = self._depth = 0

    def all(self) -> set[AssetKey]:
        if len(self._tokens) == 1:
            raise self._refuse("is empty; write an asset's name, or * for all of them")
        found = self._list()
        if self._now.kind:
            raise self._unexpected()
        return found

    @property
    def _now(self) -> _Token:
        return self._tokens[self._place]

    def _take(self, *kinds: str) -> _Token | None:
        token = self._now
        if token.kind not in kinds:
            return None
        self._place += 1
        return token

    def _list(self) -> set[AssetKey]:
        added: set[AssetKey] | None = None
        removed = set[AssetKey]()
        while True:
            if self._take("-"):
                removed |= self._both()
            else:
                added = (added or set()) | self._both()
            if not self._take(","):
                return (self.everything if added is None else added) - removed

    def _both(self) -> set[AssetKey]:
        found = self._part()
        while self._take("&"):
            found = found & self._part()
        return found

    def _part(self) -> set[AssetKey]:
        turned = False
        while self._take("not"):
            turned = not turned
        found = self._walk()
        return self.everything - found if turned else found

    def _walk(self) -> set[AssetKey]:
        up = self._take("walk")
        if up is not None and up.text.partition("+")[2]:
            raise self._refuse(f"has {up.text!r}: the number of steps upstream stands before the +, as in 2+orders")
        start = self._point()
        down = self._take("walk")
        if down is not None and down.text.partition("+")[0]:
            raise self._refuse(f"has {down.text!r}: the number of steps downstream stands after the +, as in orders+2")
        found = set(start)
        if up is not None:
            found |= self._graph.ancestors(start, _steps(up.text[:-1]))
        if down is not None:
            found |= self._graph.descendants(start, _steps(down.text[1:]))
        return found

    def _point(self) -> set[AssetKey]:
        if self._take("("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise self._refuse(f"is nested more than {_DEEPEST} deep")
            found = self._list()
            if not self._take(")"):
                raise self._refuse("has a bracket that is never closed")
            self._depth -= 1
            return found
        first = self._take("name", "quoted")
        if first is None:
            raise self._unexpected()
        text, quoted = first.text, first.kind == "quoted"
        if not quoted:
            while (more := self._take("name")) is not None:  # names may hold blanks
                text += " " + more.text
            if text.endswith(":") and self._now.tight and (value := self._take("quoted")) is not None:
                return self._carrying(text[:-1], value.text, literal=True)
        return self._named(text, literal=quoted)

    def _named(self, name: str, *, literal: bool) -> set[AssetKey]:
        if name in self.everything or literal:
            return {self._one(name)}
        method, colon, value = name.partition(":")
        if colon:
            return self._carrying(method.strip(), value.strip(), literal=False)
        if "*" not in name:
            return {self._one(name)}
        pattern = _pattern(name)
        found = {key for key in self._known if pattern.fullmatch(key)}
        if not found and name != "*":
            raise UnknownName("asset", name, self._known, where=f"selection {self._expression!r}")
        return found

    def _one(self, name: str) -> AssetKey:
        if name not in self.everything:
            raise UnknownName("asset", name, self._known)
        return AssetKey(name)

    def _carrying(self, method: str, value: str, *, literal: bool) -> set[AssetKey]:
        """The assets that carry a value: a tag, a group, an owner, a kind or a status."""
        where = f"selection {self._expression!r}"
        if method not in _METHODS:
            raise UnknownName("selection method", method, _METHODS, where=where)
        if method == "status" and self._statuses is None:
            raise SelectionError(f"{where}: status: asks for the state of assets, which is not at hand here")
        carried = {key: self._values(method, self._graph.asset(key)) for key in self._known}
        pattern = _pattern(value, literal=literal)
        found = {key for key, values in carried.items() if any(pattern.fullmatch(each) for each in values)}
        if not found:
            raise UnknownName(method, value, {each for values in carried.values() for each in values}, where=where)
        return found

    def _values(self, method: str, asset: Asset) -> Collection[str]:
        if method == "status":
            return self._statuses(asset.key) if self._statuses is not None else ()
        return _METHODS[method](asset)

    def _unexpected(self) -> SelectionError:
        token = self._now
        if not token.kind:
            return self._refuse("ends where a name should follow")
        return self._refuse(f"has {token.text!r} where it can't be read, at character {token.at + 1}")

    def _refuse(self, why: str) -> SelectionError:
        return SelectionError(f"the selection {self._expression!r} {why}; nothing was done")


_METHODS: dict[str, Callable[[Asset], Collection[str]]] = {
    "tag": lambda asset: asset.tags,
    "group": lambda asset: (asset.group,) if asset.group else (),
    "owner": lambda asset: asset.owners,
    "kind": lambda asset: (asset.kind.value,),
    "status": lambda asset: (),
}


def _tokens(text: str) -> Iterable[_Token]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise SelectionError(f"the selection {text!r} has a quote that is never closed; nothing was done")
        kind = str(match.lastgroup)
        found, begin, tight = match[kind], match.start(kind), match.start(kind) == at
        at = match.end()
        if kind == "quoted":
            yield _Token("quoted", found[1:-1].replace('""', '"'), begin, tight)
        elif kind == "sign":
            yield _Token(found, found, begin, tight)
        elif kind == "walk":
            yield _Token("walk", found, begin, tight)
        else:
            if found[0] == "-" and len(found) > 1:
                yield _Token("-", "-", begin, tight)
                found, begin = found[1:], begin + 1
            elif found == "-":
                yield _Token("-", "-", begin, tight)
                continue
            yield _Token(_WORDS.get(found, "name"), found, begin, tight)
    yield _Token("", "", len(text), False)


def _steps(number: str) -> int | None:
    return int(number) if number else None


def _pattern(text: str, *, literal: bool = False) -> re.Pattern[str]:
    parts = [text] if literal else text.split("*")
    return re.compile(".*".join(re.escape(part) for part in parts), re.DOTALL)
