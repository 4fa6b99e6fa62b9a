"""Something broken between a machine and Ktizo: a proxy that spoils answers to chosen machines."""

import contextlib
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import httpx

from .appliance import ADDRESS, PORT
from .net import Lan

FAULTY_PORT = 8080
BASE_URL = f"http://{ADDRESS}:{FAULTY_PORT}"
SLOW_S = 5

Spoil = Callable[["_Request"], None]


class _Request(BaseHTTPRequestHandler):
    """One request of a machine; spoiled, or carried to Ktizo and back."""

    server: "_Server"

    def do_GET(self) -> None:
        if spoil := self.server.faults.spoil_for(self.path):
            spoil(self)
        else:
            self.carry()

    do_HEAD = do_POST = do_GET  # noqa: N815

    def carry(self) -> None:
        """Ask Ktizo the same and pass its answer on."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = dict(self.headers) | {"X-Forwarded-For": self.client_address[0]}
        answer = self.server.faults.ask_ktizo(self.command, self.path, body, headers)
        self.reply(answer.status_code, answer.content, dict(answer.headers))

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Answer the machine."""
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("date", "server", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, template: str, *values: object) -> None:
        self.server.faults.log.append(f"{self.client_address[0]} {template % values}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    faults: "Faults"

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)  # without HTTPServer's look-up of its own name

    def handle_error(self, *_: object) -> None:
        """A machine hung up: that is its right."""


def status(code: int) -> Spoil:
    """Answer `code`, with a body that must never be run."""
    body = b"#!ipxe\necho SPOILED body was run\n"
    return lambda request: request.reply(code, body, {"Content-Length": str(len(body))})


def html(request: _Request) -> None:
    """Answer 200 with a web page: a captive portal, or a login page."""
    body = b"<html><body>Please log in</body></html>"
    request.reply(200, body, {"Content-Type": "text/html", "Content-Length": str(len(body))})


def empty(request: _Request) -> None:
    """Answer 200 with nothing."""
    request.reply(200, b"", {"Content-Length": "0"})


def slow(request: _Request) -> None:
    """Answer right, but late."""
    time.sleep(SLOW_S)
    request.carry()


def hang_up(request: _Request) -> None:
    """Close the connection without an answer."""
    request.close_connection = True
    request.connection.close()


class Faults:
    """The proxy; `spoil(mac, how)` chooses who gets what from /boot/menu.ipxe."""

    def __init__(self, lan: Lan) -> None:
        """Prepare; `with` listens."""
        self.log: list[str] = []
        self.spoiled: Counter[str] = Counter()
        self._rules: dict[str, tuple[Spoil, int]] = {}
        self._lan = lan
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=60, trust_env=False)

    def __enter__(self) -> Self:
        """Listen on the appliance's port 8080."""
        self._server = self._lan.call(
            "appliance", lambda: _Server((ADDRESS, FAULTY_PORT), _Request)
        )
        self._server.faults = self
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._http.close()

    def spoil(self, mac: str, how: Spoil, *, times: int = 1 << 30) -> None:
        """Spoil the first `times` menus of the machine with `mac`."""
        self._rules[mac.replace(":", "-")] = (how, times)

    def spoil_for(self, path: str) -> Spoil | None:
        """Return what is to happen to this request."""
        asked = re.search(r"/boot/menu\.ipxe\?.*\bmac=([0-9a-f-]{17})", path)
        if asked is None or asked[1] not in self._rules:
            return None
        how, times = self._rules[asked[1]]
        if self.spoiled[asked[1]] >= times:
            return None
        self.spoiled[asked[1]] += 1
        return how

    def ask_ktizo(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> httpx.Response:
        """Carry one request to Ktizo."""
        with contextlib.suppress(KeyError):
            del headers["Connection"]
        return self._lan.call(
            "appliance",
            lambda: self._http.request(method, path, content=body, headers=headers),
        )
