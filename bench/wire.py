"""A small HTTP client on epoll: many connections from many addresses, bodies kept or thrown away.

Thrown away means in the kernel (MSG_TRUNC, tcp(7)): the client then costs next to nothing beside
the server it measures.
"""

import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h: the port is chosen at connect, so 4-tuples may repeat
PIECE = 4 * 1024 * 1024  # bytes taken at once; never touched, so it costs no memory
HEADER = 16 * 1024
HOST = "ktizo.bench"  # one name for both servers: a boot script holds the address that was asked


@dataclass
class Fetch:
    """One request on a connection of its own, and what came of it."""

    path: str
    port: int
    source: str = ""  # address to come from; empty: any
    keep: bool = True  # False: the body is thrown away
    label: str = ""
    owner: int = 0
    status: int = 0
    length: int = 0  # announced
    received: int = 0  # bytes of the body
    body: bytes = b""
    error: str = ""
    began: float = 0.0
    ended: float = 0.0
    _socket: socket.socket | None = field(default=None, repr=False)
    _head: bytes = field(default=b"", repr=False)
    _pieces: list[bytes] = field(default_factory=list, repr=False)

    @property
    def took_s(self) -> float:
        return self.ended - self.began

    @property
    def failed(self) -> str:
        """Why it is no success; empty when it is one."""
        if self.error:
            return self.error
        if self.status != 200:
            return f"status {self.status}: {self.body[:120]!r}"
        return "" if self.received == self.length else "the body is short"

    def open(self) -> socket.socket:
        """Make the socket, not yet connected."""
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        opened.setblocking(False)
        if self.source:
            opened.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            opened.bind((self.source, 0))
        self._socket = opened
        return opened

    def connect(self) -> int:
        """Begin; returns the file number to wait for."""
        opened = self._socket or self.open()
        self.began = time.perf_counter()
        opened.connect_ex(("127.0.0.1", self.port))
        return opened.fileno()

    def send(self) -> None:
        """Send the request; it is short enough to fit."""
        assert self._socket is not None
        self._socket.send(f"GET {self.path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())

    def receive(self, scrap: memoryview) -> bool:
        """Take what is there; True when the answer is complete or the connection is over."""
        assert self._socket is not None
        if not self.status:
            return self.receive_head(self._socket.recv(HEADER))
        rest = self.length - self.received
        if self.keep:
            piece = self._socket.recv(min(rest, 262_144))
            self._pieces.append(piece)
            taken = len(piece)
        else:
            taken = self._socket.recv_into(scrap, min(rest, PIECE), socket.MSG_TRUNC)
        return self._took(taken)

    def receive_head(self, data: bytes) -> bool:
        head, found, rest = (self._head + data).partition(b"\r\n\r\n")
        if not found:
            self._head = head
            if not data:
                self.error = "closed before an answer"
            return not data
        lines = head.split(b"\r\n")
        self.status = int(lines[0].split()[1])
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                self.length = int(value)
        self._pieces.append(rest)
        return self._took(len(rest), first=True)

    def _took(self, count: int, *, first: bool = False) -> bool:
        self.received += count
        if not count and not first:
            self.error = "closed in the middle of the body"
        return self.received >= self.length or bool(self.error)

    def close(self) -> None:
        self.ended = time.perf_counter()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self.keep or self.status != 200:
            self.body = b"".join(self._pieces)
        self._pieces = []


After = Callable[[Fetch], Fetch | None]


class Crowd:
    """Many fetches at once. `after` is given each that ends, and may return the next one."""

    def __init__(self, after: After = lambda _: None) -> None:
        self._after = after
        self._poll = select.epoll()
        self._active: dict[int, Fetch] = {}
        self._scrap = memoryview(bytearray(PIECE))

    def run(self, first: Sequence[Fetch], timeout_s: float = 120.0) -> float:
        """Start all of `first` at once; returns the seconds until the last answer was there."""
        for fetch in first:
            fetch.open()
        began = time.perf_counter()
        try:
            for fetch in first:
                self._start(fetch)
            while self._active and time.perf_counter() < began + timeout_s:
                for number, event in self._poll.poll(1.0, 1024):
                    self._step(number, event)
            took_s = time.perf_counter() - began
            for fetch in self._active.values():
                fetch.error = f"no answer within {timeout_s:.0f} s"
                fetch.close()
        finally:
            self._poll.close()
        return took_s

    def _start(self, fetch: Fetch) -> None:
        try:
            number = fetch.connect()
        except OSError as error:
            fetch.error = str(error)
            self._end(fetch)
        else:
            self._active[number] = fetch
            self._poll.register(number, select.EPOLLOUT)

    def _step(self, number: int, event: int) -> None:
        fetch = self._active[number]
        try:
            if event & select.EPOLLOUT:
                fetch.send()
                self._poll.modify(number, select.EPOLLIN)
                return
            over = fetch.receive(self._scrap)
        except BlockingIOError:
            return
        except OSError as error:
            fetch.error, over = str(error), True
        if over:
            del self._active[number]
            self._end(fetch)

    def _end(self, fetch: Fetch) -> None:
        fetch.close()
        following = self._after(fetch)
        if following is not None:
            self._start(following)


def insist(fetches: Sequence[Fetch]) -> None:
    """Raise WrongAnswer when one of them failed."""
    failed = [fetch for fetch in fetches if fetch.failed]
    if failed:
        first = failed[0]
        raise WrongAnswer(
            f"{len(failed)} of {len(fetches)} failed; the first: {first.path}: {first.failed}"
        )


class WrongAnswer(Exception):
    """A server answered something else than it should."""
