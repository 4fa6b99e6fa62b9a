"""Structured log lines with a request id, as text for people or JSON for machines."""

import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from ktizo.core.settings import Settings

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_\-]{8,64}")
_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def configure(settings: Settings) -> None:
    """Send every logger of the process, ours and the libraries', through one formatter."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for noisy in ("httpx", "httpcore", "aiosqlite", "alembic", "asyncio", "_granian"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def request_id() -> str:
    """Return the id of the request being answered, or a dash outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", "-"))


class RequestId:
    """ASGI middleware: takes a well-formed X-Request-Id or makes one, logs with it, returns it."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        mark = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8).encode()

        async def send_marked(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", mark)]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=mark.decode()):
            await self.app(scope, receive, send_marked)
