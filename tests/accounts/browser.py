"""This room behind its door, and browsers in front of it."""

import contextlib
from typing import Any, Self

import httpx
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from core.web import app_with
from ktizo.accounts.api import open_router, require_token, router
from ktizo.accounts.api.entrance import Entrance
from ktizo.accounts.people import store as people
from ktizo.accounts.people.passwords import Passwords
from ktizo.audit import store as audit_store
from ktizo.audit.chain import Line
from ktizo.core.clock import utc_now
from ktizo.core.errors import KtizoError

HOST = "http://ktizo.test"
PASSWORD = "correct horse battery"

rooms = APIRouter(prefix="/api/v1", dependencies=[Depends(require_token)])


@rooms.get("/things")
async def look() -> str:
    return "seen"


@rooms.post("/things")
async def do() -> str:
    return "done"


async def _ours(request: Request, error: KtizoError) -> JSONResponse:
    body = {"code": error.code, "message": error.message, "detail": error.detail}
    return JSONResponse(body, error.status)


async def _unreadable(_request: Request, error: RequestValidationError) -> JSONResponse:
    said = [one["msg"] for one in error.errors()]  # as ktizo.app: never what was sent
    return JSONResponse({"code": "validation_failed", "message": str(said)}, 422)


def app_of(**state: Any) -> FastAPI:
    app = app_with(router, open_router, rooms, **state)
    app.exception_handler(KtizoError)(_ours)
    app.exception_handler(RequestValidationError)(_unreadable)
    app.add_middleware(Entrance, refuse=_ours)
    return app


class Browser:
    """Somebody's browser: keeps cookies, says where its page is from."""

    def __init__(self, app: FastAPI, address: str, base: str) -> None:
        transport = httpx.ASGITransport(app, client=(address, 40_000))
        self.http = httpx.AsyncClient(transport=transport, base_url=base)
        self.base, self.csrf = base, ""

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask as our own page does."""
        headers = {"Origin": self.base, "X-CSRF-Token": self.csrf, **options.pop("headers", {})}
        return await self.http.request(method, f"/api/v1/{path}", headers=headers, **options)

    async def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        answer = await self.ask("POST", "session", json={"name": name, "password": password})
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf_token"]
        return answer

    @property
    def cookie(self) -> str:
        (value,) = self.http.cookies.values()
        return value

    async def may_look(self) -> bool:
        return (await self.ask("GET", "things")).status_code == 200


class Appliance:
    """The room, its people and their browsers."""

    def __init__(self, app: FastAPI) -> None:
        self.app, self.state = app, app.state
        self._open = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    def browser(self, address: str = "10.0.0.9", base: str = HOST) -> Browser:
        made = Browser(self.app, address, base)
        self._open.push_async_callback(made.http.aclose)
        return made

    async def first_person(self, name: str, role: str = "admin", password: str = PASSWORD) -> int:
        passwords: Passwords = self.state.passwords
        password_hash = await passwords.hash(password)
        async with self.state.db.write() as session:
            made = await people.add(session, name, role, utc_now(), password_hash=password_hash)
        return made.id

    async def signed_in(self, name: str, role: str = "", **where: Any) -> Browser:
        """Give the browser of `name`, who is made first when a role is given."""
        if role:
            await self.first_person(name, role)
        browser = self.browser(**where)
        answer = await browser.sign_in(name)
        assert answer.status_code == 200, answer.text
        return browser

    async def audited(self, action: str = "") -> list[Line]:
        await self.state.writer.flush()
        async with self.state.db.read() as session:
            lines = await audit_store.page_after(session, 0, 1000)
        return [line for line in lines if not action or line.action == action]


def told(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, answer.json()["code"]
