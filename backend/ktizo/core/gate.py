"""The door in front of the machine routes: no login is possible there, so it is narrow.

Order of checks: size, method, network, rate. Each refusal is plain text with a code, because iPXE
reads a 200 as a script and everything else as a failed command.
"""

import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from ktizo.core.settings import Network, Settings
from ktizo.core.urls import BOOT_PREFIX

Scope = Any
MachineApp = Callable[[Scope, Any, Any, str], Awaitable[None]]
Refused = Callable[[str, str, str], None]  # address, path, code

MAX_PATH = 512
MAX_QUERY = 4096
MAX_KNOWN = 50_000  # addresses remembered as in or out; then the memory starts afresh
METHODS = {"GET", "HEAD", "POST"}


async def send_text(
    send: Any,
    status: int,
    body: bytes,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    *,
    head: bool = False,
) -> None:
    """Send a whole plain-text answer; with `head` its length, but no body."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": b"" if head else body})


def client_address(scope: Scope, trusted: list[Network]) -> str:
    """Return the caller's address; X-Forwarded-For counts only from a trusted proxy.

    The right-most address that is not a trusted proxy is taken: what stands left of it was written
    by the caller.
    """
    peer = scope.get("client")
    address: str = peer[0] if peer else "0.0.0.0"  # noqa: S104 - stands for "unknown"
    if not trusted or not _inside(address, trusted):
        return address
    headers = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    # An IPv6 zone (%eth0) means something on the proxy only, and may be of any length.
    said = [hop.partition("%")[0] for hop in b",".join(headers).decode("latin-1").split(",")]
    hops = [hop.strip() for hop in said if hop.strip()]
    for hop in reversed(hops):
        if not _is_address(hop):
            return address
        address = hop
        if not _inside(hop, trusted):
            break
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _inside(address: str, networks: list[Network]) -> bool:
    if not _is_address(address):
        return False
    ip = ip_address(address)
    mapped = getattr(ip, "ipv4_mapped", None)
    return any((mapped or ip) in network for network in networks)


class _Windows(Storage):
    """Counts of one limit's current window, the same for all addresses; for one thread.

    The library's own memory storage starts a thread every 10 ms under load, and waits for it.
    """

    base_exceptions = ValueError

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, int] = {}
        self._ends = 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count one more; returns how many there are in this window of `expiry` seconds."""
        now = time.monotonic()
        if now >= self._ends or len(self._counts) >= MAX_KNOWN:
            self._counts.clear()
            self._ends = now + expiry
        count = self._counts[key] = self._counts.get(key, 0) + amount
        return count

    def get(self, key: str) -> int:
        """Return the count of this window."""
        return self._counts.get(key, 0) if time.monotonic() < self._ends else 0

    def get_expiry(self, key: str) -> float:  # noqa: ARG002
        """Return when the window ends, as Unix time."""
        return time.time() + self._ends - time.monotonic()

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> None:
        """Forget every count."""
        self._counts.clear()

    def clear(self, key: str) -> None:
        """Forget one count."""
        self._counts.pop(key, None)


class Gate:
    """ASGI app: `/boot/...` goes to the machine side when it may, the rest to `app`."""

    def __init__(self, app: Any, machine: MachineApp, settings: Settings, refused: Refused) -> None:
        self.app = app
        self.state: Any = app.state
        self._machine = machine
        self._refused = refused
        self._cidrs = settings.machine_cidrs
        self._trusted = settings.trusted_proxies
        self._rate: RateLimitItem = parse(settings.machine_rate_limit)
        self._limiter = FixedWindowRateLimiter(_Windows())
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
        if not self._allowed(address):
            return 403, "address_not_allowed", "this network may not boot; see KTIZO_MACHINE_CIDRS"
        if not self._limiter.hit(self._rate, address):
            return 429, "too_many_requests", "slow down; see KTIZO_MACHINE_RATE_LIMIT"
        return None

    def _allowed(self, address: str) -> bool:
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[address] = _inside(address, self._cidrs)
        return known
