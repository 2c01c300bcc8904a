"""What a route asks of its caller: a role, and assets that are the caller's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import Request

from observer.access import Caller, Role
from observer.errors import NotAllowed, TidegateError, UnknownName

OWN_ASSETS: dict[str, Any] = {"x-tidegate-own-assets": True}
"""``openapi_extra`` of a route without ``{asset}`` in its path that shows and changes the caller's assets only."""


def caller(request: Request) -> Caller:
    """Who sent a request, as :class:`observer.api.security.Security` recognized it."""
    found: Caller = request.scope["state"]["caller"]
    return found


def allowed(role: Role) -> Callable[[Request], Awaitable[Caller]]:
    """The dependency of a route that asks for a role; gives the caller.

    ``def run(caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))]) -> ...``

    Raises
    ------
    NotAllowed
        The caller has a lesser role.
    """

    async def check(request: Request) -> Caller:  # a plain function would be given a thread, and wait for one
        found = caller(request)
        require_role(found, role)
        return found

    return check


async def within_assets(request: Request) -> None:
    """The dependency of every route: a caller with some assets only asks where that is looked at.

    A path's ``{asset}`` is looked at here; a route that does so itself says it by ``OWN_ASSETS``.

    Raises
    ------
    NotAllowed
        The asset is not one of the caller's, or the route knows of no assets.
    """
    found: Caller | None = request.scope["state"].get("caller")  # None: the path is open to everybody
    if found is None or found.assets is None:
        return
    asset = request.path_params.get("asset")
    if asset is not None:
        require(found, asset)
    elif not (getattr(request.scope["route"], "openapi_extra", None) or {}).get("x-tidegate-own-assets"):
        raise NotAllowed(
            f"the token of {found.name} is for some assets only, and this is about all of them; nothing was changed; "
            "ask below /api/v1, or show a token without --assets"
        )


def require_role(found: Caller, role: Role) -> None:
    """Raises NotAllowed where the caller has a lesser role."""
    if not found.role.covers(role):
        raise NotAllowed(
            f"this asks for the role {role}, and {found.name} is a {found.role}; nothing was changed; "
            f"show a token with that role: tidegate token create NAME --role {role}"
        )


def require(found: Caller, asset: str) -> None:
    """Raises NotAllowed where an asset is not one of the caller's, whether it exists or not."""
    if not found.sees(asset):
        raise NotAllowed(f"the token of {found.name} is not for the asset {asset!r}; nothing was changed")


def require_all(found: Caller, assets: Iterable[str]) -> None:
    """Raises NotAllowed where one of the assets that a request comes down to is not the caller's; it names none."""
    if not all(found.sees(asset) for asset in assets):
        raise NotAllowed(f"this is about assets, too, that the token of {found.name} is not for; nothing was changed")


def told_to(found: Caller, error: TidegateError) -> TidegateError:
    """An error as the caller may read it: what it lists or advises names no asset that is not the caller's."""
    if found.assets is None or not isinstance(error, UnknownName):
        return error
    return error.told_to(found.sees)
