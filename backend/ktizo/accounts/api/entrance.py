"""In front of every route of the API: nobody's body is read before it is clear who they are."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response

from ktizo.accounts.actor import ASKING
from ktizo.accounts.api.door import identify
from ktizo.core.errors import KtizoError

API = "/api"
# The whole list of what a stranger may ask. Reasons: tests/accounts/test_roles.py.
OPEN = {
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/session"),
    ("POST", "/api/v1/session"),
    ("POST", "/api/v1/setup"),
    ("GET", "/api/v1/oidc/login"),
    ("GET", "/api/v1/oidc/callback"),
}

Refuse = Callable[[Request, KtizoError], Awaitable[Response]]


def is_open(method: str, path: str) -> bool:
    """Say whether anybody may ask this: the list above, and the pages' own files."""
    if path == API or path.startswith(f"{API}/"):
        return ("GET" if method == "HEAD" else method, path) in OPEN
    return method in ASKING


class Entrance:
    """ASGI middleware; `refuse` makes the answer to who is turned away."""

    def __init__(self, app: Any, refuse: Refuse) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let one request through, or answer it."""
        if scope["type"] == "http" and not is_open(scope["method"], scope["path"]):
            request = Request(scope)
            try:
                await identify(request)
            except KtizoError as error:
                await (await self._refuse(request, error))(scope, receive, send)
                return
        await self._app(scope, receive, send)
