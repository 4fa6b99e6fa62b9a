"""A vendor as a script: which requests a verb makes, in full, and what is answered to each.

A script is data (`respx_<name>.py`), read by test_respx_verbs.py and test_respx_failures.py. respx
stands below httpx here, so that what is looked at is what would go over the line.
"""

import importlib
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import ANY
from urllib.parse import parse_qsl, unquote

import httpx
import respx

from ktizo.providers.base import Client

NAMES = ("latitude", "vultr", "hetzner", "ovh", "cherry", "scaleway", "digitalocean")
VERBS = (
    "check",
    "plans",
    "regions",
    "ssh_keys",
    "add_ssh_key",
    "price_of",
    "create_server",
    "get_server",
    "list_servers",
    "reinstall_ipxe",
    "delete_server",
    "power",
    "boot_from_disk",
)
ORDERS = frozenset({"create_server", "reinstall_ipxe", "delete_server"})
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKtizoKtizoKtizoKtizoKtizoKtizoKtizoKtiz me"
BOOT_URL = "http://boot.example.net/p/k7Q2xV9mT4sLw8Zr1cYb6NdE"


TRUST = ssl.create_default_context()  # read once: it takes longer than all else here


def wire() -> httpx.AsyncHTTPTransport:
    """Return a real transport; respx stands below it."""
    return httpx.AsyncHTTPTransport(verify=TRUST)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request and its answer. `does`: "GET https://..."; a form is sent as a tuple of pairs.

    `key`: the one that the verb is about, which fails in test_respx_failures.py.
    """

    does: str
    answer: Any = None  # as JSON; None: an empty body
    status: int = 200
    sends: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    key: bool = False

    def response(self) -> httpx.Response:
        body = b"" if self.answer is None else json.dumps(self.answer).encode()
        return httpx.Response(self.status, headers=dict(self.headers), content=body)


@dataclass(frozen=True, kw_only=True)
class Verb:
    """`gives`: what `told` makes of the result, or the class of the error it is refused with.

    `tidies`: what may be asked besides, once the key call has failed.
    """

    ask: Callable[[Any], Awaitable[Any]]
    calls: tuple[Call, ...] = ()
    told: Callable[[Any], Any] = lambda found: found
    gives: Any = None
    tidies: tuple[Call, ...] = ()

    @property
    def key(self) -> Call:
        return next((call for call in self.calls if call.key), self.calls[-1])


@dataclass(frozen=True, kw_only=True)
class Script:
    """A vendor. `proof` looks at what each request must carry; errors are in its own shapes."""

    make: Callable[[Callable[[float], Awaitable[None]]], Client]
    proof: Callable[[httpx.Request], None]
    verbs: Mapping[str, Verb]
    refused: tuple[int, Any]  # a wrong key
    forbidden: tuple[int, Any]  # a good key, not for this
    missing: tuple[int, Any]
    sold_out: tuple[int, Any]
    limited: tuple[int, Any, Mapping[str, str], float]  # and how long is to be waited at least


def script(name: str) -> Script:
    found: Script = importlib.import_module(f".respx_{name}", __package__).SCRIPT
    return found


def said(request: httpx.Request) -> str:
    return f"{request.method} {unquote(str(request.url))}"


def body_of(request: httpx.Request) -> Any:
    """Return what was sent: JSON, a form as pairs, None for nothing."""
    if not request.content:
        return None
    if request.headers["content-type"] == "application/x-www-form-urlencoded":
        return tuple(parse_qsl(request.content.decode(), keep_blank_values=True))
    assert request.headers["content-type"] == "application/json"
    return json.loads(request.content)


@dataclass
class Line:
    """What answers a verb's requests, each by its script; `fault` stands in for the key call."""

    verb: Verb
    fault: Callable[[httpx.Request], httpx.Response] | None = None
    times: int = 10**6  # how often the fault is told before the script's own answer
    waiting: list[Call] = field(default_factory=list)
    seen: list[httpx.Request] = field(default_factory=list)
    faults: int = 0

    def __post_init__(self) -> None:
        self.waiting = [*self.verb.calls, *(self.verb.tidies if self.fault else ())]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        call = next((one for one in self.waiting if one.does == said(request)), None)
        assert call is not None, f"{said(request)} is not in the script"
        if self.fault is not None and call is self.verb.key and self.faults < self.times:
            self.faults += 1
            return self.fault(request)
        self.waiting.remove(call)
        return call.response()

    def on(self, router: respx.MockRouter) -> None:
        router.route().mock(side_effect=self)


__all__ = ["ANY", "BOOT_URL", "NAMES", "ORDERS", "PUBLIC_KEY", "VERBS", "Call", "Line", "Script"]
__all__ += ["Verb", "body_of", "said", "script", "wire"]
