"""Parts of a page that fail alone: ``{% part "The columns" %} ... {% endpart %}`` in any template.

What a part shows is read and drawn inside it, by calling what the page hands over, so that an error in it is named
where the part would have stood, and the rest of the page stands.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup

from observer.errors import TidegateError
from observer.faults import said

_BROKEN: Final = "broken.html"
_log = logging.getLogger("observer.dashboard")


class Parts(Extension):
    """The tag; its argument is what the reader knows the part by, as a sentence begins: ``The columns``."""

    tags = {"part"}  # noqa: RUF012, as its base declares it

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        what = parser.parse_expression()
        body = parser.parse_statements(("name:endpart",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_drawn", [what]), [], [], body).set_lineno(line)

    def _drawn(self, what: str, caller: Callable[[], str]) -> Markup:
        try:
            return Markup(caller())
        except Exception as error:  # whatever it is, it is of this part alone
            _log.error("a part of a page failed, %r: %s", what, said(error))
            why = str(error) if isinstance(error, TidegateError) else ""
            return Markup(self.environment.get_template(_BROKEN).render(what=what, why=why))
