"""Talking to a running Ktizo, and the command's exit codes.

0 done · 1 Ktizo refused (the message says why) · 2 the command line is wrong · 3 Ktizo cannot be
reached · 4 not allowed · 5 no such thing
"""

import functools
from collections.abc import Callable
from http import HTTPMethod
from typing import Any, NoReturn, ParamSpec, TypeVar

import httpx
import typer
from pydantic import ValidationError

from ktizo.cli import show
from ktizo.core.settings import Settings

REFUSED, USAGE, UNREACHABLE, NOT_ALLOWED, NOT_FOUND = 1, 2, 3, 4, 5
TIMEOUT_S = 30.0

P = ParamSpec("P")
R = TypeVar("R")


class Stop(Exception):
    """End the command with a message and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def fail(message: str, code: int = REFUSED) -> NoReturn:
    """End the command."""
    raise Stop(message, code)


def handled(command: Callable[P, R]) -> Callable[P, R]:
    """Turn what can go wrong into one line on stderr and the documented exit code."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except Stop as stop:
            show.error(str(stop))
            raise typer.Exit(stop.code) from None

    return run


def settings() -> Settings:
    """Return the settings; wrong ones end the command."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"KTIZO_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        fail(wrong, USAGE)


class Client:
    """The JSON API, with the token of this box (data/cli.token) or of KTIZO_TOKEN."""

    def __init__(self) -> None:
        self._settings = settings()
        host = self._settings.host
        own = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - a comparison
        own = f"[{own}]" if ":" in own else own
        self._url = self._settings.url or f"http://{own}:{self._settings.port}"

    @property
    def url(self) -> str:
        """Where Ktizo is, as http://host:port."""
        return self._url

    def token(self) -> str:
        """Return the API token; ends the command when there is none."""
        if self._settings.token is not None:
            return self._settings.token.get_secret_value()
        path = self._settings.data_dir / "cli.token"
        try:
            return path.read_text().strip()
        except PermissionError:
            fail(f"{path} is not yours to read; use sudo, or set KTIZO_TOKEN", NOT_ALLOWED)
        except OSError:
            fail(
                f"there is no {path}: start `ktizo serve` here first, or set KTIZO_DATA_DIR, or "
                "KTIZO_URL and KTIZO_TOKEN for another box",
                NOT_ALLOWED,
            )

    def call(
        self,
        method: HTTPMethod,
        path: str,
        *,
        body: Any = None,
        content: Any = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Any:
        """Ask the API and return its answer; ends the command when it refuses."""
        try:
            answer = httpx.request(
                method,
                f"{self._url}/api/v1{path}",
                params={name: value for name, value in query.items() if value not in (None, "")},
                json=body,
                content=content,
                headers={"Authorization": f"Bearer {self.token()}"} | (headers or {}),
                timeout=None if content is not None else TIMEOUT_S,
            )
        except httpx.HTTPError as error:
            fail(f"Ktizo does not answer at {self._url}: {error}", UNREACHABLE)
        if answer.is_success:
            return _content(answer)
        return _refused(answer)

    def get(self, path: str, **query: Any) -> Any:
        """Ask for something."""
        return self.call(HTTPMethod.GET, path, **query)

    def post(self, path: str, body: Any = None) -> Any:
        """Do something."""
        return self.call(HTTPMethod.POST, path, body=body)


def _content(answer: httpx.Response) -> Any:
    """Return JSON as values and anything else, such as YAML to be kept in a file, as text."""
    if not answer.content:
        return None
    kind = answer.headers.get("content-type", "")
    return answer.json() if kind.startswith("application/json") else answer.text


def _refused(answer: httpx.Response) -> NoReturn:
    try:
        said = answer.json()
        message = f"{said['message']} ({said['code']})"
    except (ValueError, KeyError):
        message = f"HTTP {answer.status_code}"
    codes = {401: NOT_ALLOWED, 403: NOT_ALLOWED, 404: NOT_FOUND, 503: UNREACHABLE}
    fail(message, codes.get(answer.status_code, REFUSED))
