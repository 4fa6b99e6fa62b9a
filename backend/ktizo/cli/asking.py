"""Asking Ktizo for what it has to ask a provider for: that takes up to minutes.

What costs or erases is sent once. When its answer is lost nobody knows whether it was done, and
saying "it failed" would make somebody order a second server.
"""

import json
from http import HTTPMethod
from typing import Any

import httpx

from ktizo.cli.client import UNREACHABLE, Client, Stop, fail

# These were never sent. After any other failure of the line the answer is what is missing.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout)
# Ktizo's own words for "it went out, and what came of it is not known".
NOT_KNOWN = ("order_unknown", "provider_error", "failed", "internal_error")
# Not a reverse proxy's 5xx either: Ktizo may be at work behind it.
NO_WORDS = "HTTP 5"


def ask(client: Client, path: str, body: Any = None) -> Any:
    """POST something that asks a provider; as raw content, for which there is no time limit."""
    return client.call(
        HTTPMethod.POST,
        path,
        content=b"" if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"} if body is not None else None,
    )


def look(client: Client, path: str, **query: Any) -> Any:
    """GET something that asks a provider; an empty content lifts the time limit."""
    return client.call(HTTPMethod.GET, path, content=b"", **query)


def ask_once(client: Client, path: str, body: Any, *, lost: str) -> Any:
    """POST what costs or erases, once and never again; `lost` is said when nobody knows."""
    try:
        return ask(client, path, body)
    except Stop as stop:
        # Not with the cause at hand: `fail` was called while the line's own error was handled.
        broken = stop.__context__
        if isinstance(broken, httpx.HTTPError):
            if isinstance(broken, NOT_SENT):
                raise
            fail(f"the answer was lost ({type(broken).__name__}): {lost}", UNREACHABLE)
        if _not_known(str(stop)):
            fail(f"{stop}: {lost}", stop.code)
        raise
    except KeyboardInterrupt:
        fail(f"you did not wait for the answer: {lost}", UNREACHABLE)


def _not_known(said: str) -> bool:
    return said.startswith(NO_WORDS) or said.endswith(tuple(f"({code})" for code in NOT_KNOWN))
