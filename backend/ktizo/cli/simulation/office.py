"""Ktizo's JSON API, as a person's browser uses it."""

from http import HTTPMethod
from typing import Any, Self

import httpx

TIMEOUT_S = 30.0


class Away(Exception):
    """Ktizo does not answer now; what was asked of it may have been done."""


class Refused(Exception):
    """Ktizo said no; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Office:
    """One person's connection."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{url}/api/v1/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def ask(self, method: HTTPMethod, path: str, body: Any = None, **query: Any) -> Any:
        """Return the answer as values; raises Away and Refused. Nothing is ever asked twice."""
        params = {name: value for name, value in query.items() if value is not None}
        try:
            answer = await self._http.request(method, path, json=body, params=params)
        except httpx.TransportError as error:
            raise Away(str(error) or type(error).__name__) from error
        if answer.is_success:
            return answer.json() if answer.content else None
        raise _refused(answer, path)

    async def get(self, path: str, **query: Any) -> Any:
        """Look at something."""
        return await self.ask(HTTPMethod.GET, path, **query)

    async def post(self, path: str, body: Any = None) -> Any:
        """Do something."""
        return await self.ask(HTTPMethod.POST, path, body)


def _refused(answer: httpx.Response, path: str) -> Exception:
    try:
        said = answer.json()
        message = f"{said['message']} ({said['code']})"
    except (ValueError, KeyError, TypeError):
        message = f"HTTP {answer.status_code}"
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return Away(message)
    return Refused(answer.status_code, f"{path}: {message}")
