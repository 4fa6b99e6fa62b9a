"""`ktizo serve`: the appliance, one process.

Granian runs inside our own event loop, so there is one process and one signal handler: live
streams are ended first, then the server, then the app (a server that waits for open streams never
ends). uvicorn does the same by setting.
"""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Iterator

import uvicorn
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server as Granian

from ktizo import __version__
from ktizo.app import create_app
from ktizo.cli import show
from ktizo.cli.client import REFUSED, USAGE, fail, settings
from ktizo.core import logs, sqlite
from ktizo.core.errors import KtizoError
from ktizo.core.gate import Gate
from ktizo.core.settings import Settings

BACKLOG = 2048  # a rack that powers on at once
GRACE_S = 5
YOUNG = 20_000  # new objects before Python looks for garbage; 700 by default


def _calm_collector() -> None:
    """Keep the garbage collector away from what lives as long as the process.

    Measured: without this it walks all of SQLAlchemy and FastAPI in the middle of a burst, and
    every machine waits 0.1 to 0.2 s for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)


def run() -> None:
    """Run until told to stop."""
    wanted = settings()
    logs.configure(wanted)
    if sqlite.affected() and wanted.database_url is None:
        show.error("this SQLite can corrupt a WAL database; install pysqlite3 or use PostgreSQL")
    try:
        app = create_app(wanted, announce=_announce)
    except KtizoError as error:
        fail(error.message, REFUSED)
    _require_port(wanted)
    show.error(
        f"Ktizo {__version__} on http://{wanted.host}:{wanted.port}, data in {wanted.data_dir}"
    )
    _calm_collector()
    try:
        uvloop.run(_run(app, wanted))
    except KeyboardInterrupt:
        sys.exit(130)


def _announce(text: str) -> None:
    show.error(text)


def _require_port(wanted: Settings) -> None:
    """Fail with a clear message now, rather than inside the server."""
    family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((wanted.host, wanted.port))
        except OSError as error:
            fail(
                f"cannot listen on {wanted.host}:{wanted.port}: {error.strerror}; "
                "set KTIZO_HOST or KTIZO_PORT",
                USAGE,
            )


async def _run(app: Gate, wanted: Settings) -> None:
    server = _uvicorn(app, wanted) if wanted.server == "uvicorn" else _granian(app, wanted)
    ended = asyncio.create_task(server.serve())
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({ended, waiting}, return_when=asyncio.FIRST_COMPLETED)
    app.state.broker.close()  # open streams would keep the server from ending
    app.state.live.close()  # and so would who waits for a console
    server.stop()
    waiting.cancel()
    try:
        await asyncio.wait_for(ended, GRACE_S + 10)
    except TimeoutError:
        show.error("some connections did not end in time; closed")


class _Uvicorn(uvicorn.Server):
    """uvicorn without signal handlers of its own, stopped like Granian."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `_run`."""
        yield

    def stop(self) -> None:
        """End when open answers are done, or after the grace time."""
        self.should_exit = True


def _uvicorn(app: Gate, wanted: Settings) -> _Uvicorn:
    return _Uvicorn(
        uvicorn.Config(
            app,
            host=wanted.host,
            port=wanted.port,
            backlog=BACKLOG,
            access_log=False,
            log_config=None,
            proxy_headers=False,  # core/gate.py decides whom to believe
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    )


def _granian(app: Gate, wanted: Settings) -> Granian:
    server = Granian(
        app,
        address=wanted.host,
        port=wanted.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        log_enabled=False,
    )
    server.workers_kill_timeout = GRACE_S
    return server
