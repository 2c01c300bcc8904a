"""An application in front of the one that answers now: a project that is opened anew brings another."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class Switch:
    """Hands every request to ``app`` as it is at that moment; answers on their way go on with the one before."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
