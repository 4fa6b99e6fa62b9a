"""One room's routes as an app, without the rest of the house."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from ktizo.core.errors import KtizoError


def app_with(*routers: APIRouter, **state: Any) -> FastAPI:
    """Return an app with these routes, `state` on `app.state`, and our errors as JSON."""
    app = FastAPI()
    for name, value in state.items():
        setattr(app.state, name, value)
    for router in routers:
        app.include_router(router)

    @app.exception_handler(KtizoError)
    async def ours(request: Request, error: KtizoError) -> JSONResponse:
        return JSONResponse({"code": error.code, "message": error.message}, error.status)

    return app


@asynccontextmanager
async def client_of(app: FastAPI, address: str = "10.0.0.9") -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that reaches `app` in memory, coming from `address`."""
    transport = httpx.ASGITransport(app, client=(address, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://ktizo.test") as client:
        yield client
