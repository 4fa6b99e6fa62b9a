"""The door in front of the machine routes: no login is possible there, so it is narrow.

Order of checks: size, method, network, rate. The boot path of a rented server opens from anywhere:
its token is what lets a machine in, and what it is good for is looked at behind the door. Each
refusal is plain text with a code, because iPXE reads a 200 as a script and everything else as a
failed command.
"""

import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

from limits import RateLimitItem, parse

from ktizo.core.settings import Network, Settings
from ktizo.core.urls import BOOT_PREFIX, DOOR_PREFIX

Scope = Any
MachineApp = Callable[[Scope, Any, Any, str], Awaitable[None]]
Refused = Callable[[str, str, str], None]  # address, path, code

MAX_PATH = 512
MAX_QUERY = 4096
MAX_KNOWN = 50_000  # addresses remembered as in or out; then the memory starts afresh
METHODS = {"GET", "HEAD", "POST"}


Message = dict[str, Any]
NO_BODY: Message = {"type": "http.response.body", "body": b""}


def text(
    status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> tuple[Message, Message]:
    """Return the two ASGI messages of a whole plain-text answer; they may be sent many times."""
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            *headers,
        ],
    }
    return start, {"type": "http.response.body", "body": body}


async def send_text(
    send: Any,
    status: int,
    body: bytes,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    *,
    head: bool = False,
) -> None:
    """Send a whole plain-text answer; with `head` its length, but no body."""
    start, end = text(status, body, headers)
    await send(start)
    await send(NO_BODY if head else end)


def client_address(scope: Scope, trusted: list[Network]) -> str:
    """Return the caller's address; X-Forwarded-For counts only from a trusted proxy.

    The right-most address that is not a trusted proxy is taken: what stands left of it was written
    by the caller.
    """
    peer = scope.get("client")
    address: str = peer[0] if peer else "0.0.0.0"  # noqa: S104 - stands for "unknown"
    if not trusted or not inside(address, trusted):
        return address
    headers = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    # An IPv6 zone (%eth0) means something on the proxy only, and may be of any length.
    said = [hop.partition("%")[0] for hop in b",".join(headers).decode("latin-1").split(",")]
    hops = [hop.strip() for hop in said if hop.strip()]
    for hop in reversed(hops):
        if not _is_address(hop):
            return address
        address = hop
        if not inside(hop, trusted):
            break
    return address


def said_by_proxy(scope: Scope, trusted: list[Network], header: bytes) -> str:
    """Return what a trusted proxy says in `header`, such as x-forwarded-proto, or nothing.

    The last one in a list is the proxy's own word; what stands before it the caller may have sent.
    """
    peer = scope.get("client")
    if not trusted or not peer or not inside(peer[0], trusted):
        return ""
    said = b",".join(value for name, value in scope["headers"] if name == header)
    return said.decode("latin-1").rpartition(",")[2].strip()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def inside(address: str, networks: list[Network]) -> bool:
    """Say whether `address` is in one of `networks`; a text that is no address is in none."""
    if not _is_address(address):
        return False
    ip = ip_address(address)
    mapped = getattr(ip, "ipv4_mapped", None)
    return any((mapped or ip) in network for network in networks)


class _Window:
    """How often each address came in the current window, which is the same for all.

    Counted here, in one dictionary: the library's own memory storage starts a thread every 10 ms
    under load and waits for it, and its keys cost more than the count.
    """

    def __init__(self, rate: RateLimitItem) -> None:
        self._most, self._seconds = rate.amount, rate.get_expiry()
        self._counts: dict[str, int] = {}
        self._ends = 0.0

    def hit(self, address: str) -> bool:
        """Count one more; False when that is one too many."""
        now = time.monotonic()
        if now >= self._ends or len(self._counts) >= MAX_KNOWN:
            self._counts.clear()
            self._ends = now + self._seconds
        count = self._counts[address] = self._counts.get(address, 0) + 1
        return count <= self._most


class Gate:
    """ASGI app: `/boot/...` goes to the machine side when it may, the rest to `app`."""

    def __init__(self, app: Any, machine: MachineApp, settings: Settings, refused: Refused) -> None:
        self.app = app
        self.state: Any = app.state
        self._machine = machine
        self._refused = refused
        self._cidrs = settings.machine_cidrs
        self._trusted = settings.trusted_proxies
        self._window = _Window(parse(settings.machine_rate_limit))
        self._known: dict[str, bool] = {}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not scope["path"].startswith(BOOT_PREFIX):
            await self.app(scope, receive, send)
            return
        address = client_address(scope, self._trusted)
        refusal = self._refusal(scope, address)
        if refusal is None:
            await self._machine(scope, receive, send, address)
            return
        status, code, message = refusal
        # Not the path: who varies it would write a line of history with every refusal.
        self._refused(address, BOOT_PREFIX, code)
        await send_text(
            send, status, f"{code}: {message}\n".encode(), head=scope["method"] == "HEAD"
        )

    def _refusal(self, scope: Scope, address: str) -> tuple[int, str, str] | None:
        if len(scope["path"]) > MAX_PATH or len(scope["query_string"]) > MAX_QUERY:
            return 414, "uri_too_long", "no machine route takes that much"
        if scope["method"] not in METHODS:
            return 405, "method_not_allowed", "machines ask with GET, HEAD or POST"
        if not scope["path"].startswith(DOOR_PREFIX) and not self._allowed(address):
            return 403, "address_not_allowed", "this network may not boot; see KTIZO_MACHINE_CIDRS"
        if not self._window.hit(address):
            return 429, "too_many_requests", "slow down; see KTIZO_MACHINE_RATE_LIMIT"
        return None

    def _allowed(self, address: str) -> bool:
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[address] = inside(address, self._cidrs)
        return known
