"""Each verb at each provider when its request fails: what it is called, and how often it was sent.

The failing request is the one that the verb is about; those before it are answered well.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import respx

from ktizo.core.errors import KtizoError
from ktizo.providers.errors import (
    CredentialsRefused,
    Forbidden,
    Gone,
    OrderUnknown,
    OutOfStock,
    ProviderAway,
    ProviderError,
    RateLimited,
    Rejected,
)
from ktizo.providers.http import TRIES

from .plumbing import OURS
from .respx_wire import NAMES, ORDERS, VERBS, Line, Script, said, script

pytestmark = pytest.mark.anyio
Fault = Callable[[httpx.Request], httpx.Response]
# Where an answer that only says "done" need not be read, and what a missing thing means there.
UNREAD = {"delete_server", "reinstall_ipxe", "power", "boot_from_disk", "add_ssh_key"}
NOTHING_THERE: dict[tuple[str, str], Any] = {
    ("cherry", "check"): Rejected,  # the project: a number of the settings
    ("hetzner", "check"): None,  # its empty list is a 404
    ("hetzner", "ssh_keys"): None,
    ("hetzner", "plans"): None,
    ("hetzner", "regions"): None,
    ("hetzner", "list_servers"): None,
    ("hetzner", "delete_server"): Gone,  # looked at a moment ago, and gone when cancelled
}


def cases() -> Iterator[tuple[str, str]]:
    for name in NAMES:
        for verb in VERBS:
            if script(name).verbs[verb].calls:  # what sends nothing cannot fail on the way
                yield name, verb


EVERY = pytest.mark.parametrize(("name", "verb"), list(cases()))


class Ask:
    """A verb asked once over a line that has a fault."""

    def __init__(self, name: str, verb: str, fault: Fault, times: int = 10**6) -> None:
        self.vendor: Script = script(name)
        self.scripted = self.vendor.verbs[verb]
        self.line = Line(self.scripted, fault, times)
        self.slept: list[float] = []
        self.client = self.vendor.make(self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def outcome(self, router: respx.MockRouter) -> Any:
        """Return the result, or the error; the error has to be one of ours."""
        self.line.on(router)
        try:
            return await self.scripted.ask(self.client)
        except OURS as error:
            assert len(str(error)) > 10
            return error

    @property
    def tries(self) -> int:
        """How often the failing request was sent."""
        key = self.scripted.key.does
        rest = [one.does for one in self.scripted.calls].count(key) - 1
        return [said(one) for one in self.line.seen].count(key) - (0 if self.line.faults else rest)

    @property
    def reads(self) -> bool:
        return self.scripted.key.does.startswith("GET ")

    async def asks_on(self, router: respx.MockRouter) -> bool:
        """Whether the account still sends anything."""
        router.clear()
        sent: list[httpx.Request] = []

        def noted(request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return httpx.Response(404, json={})

        router.route().mock(side_effect=noted)
        try:
            await self.client.check()
        except OURS:
            return bool(sent)
        return bool(sent)


def answering(told: tuple[int, Any], headers: Any = None) -> Fault:
    status, body = told
    return lambda _request: httpx.Response(status, json=body, headers=headers)


def text(status: int, body: str) -> Fault:
    kind = {"content-type": "text/html" if body.startswith("<") else "application/json"}
    return lambda _request: httpx.Response(status, text=body, headers=kind)


def breaking(error: type[httpx.RequestError]) -> Fault:
    def fault(request: httpx.Request) -> httpx.Response:
        raise error("", request=request)

    return fault


@EVERY
@respx.mock
async def test_a_wrong_key_ends_everything(
    name: str, verb: str, respx_mock: respx.MockRouter
) -> None:
    ask = Ask(name, verb, answering(script(name).refused))
    error = await ask.outcome(respx_mock)
    assert type(error) is CredentialsRefused
    assert ask.tries == 1
    assert not await ask.asks_on(respx_mock)
    assert ask.slept == []


@EVERY
@respx.mock
async def test_what_the_key_may_not_do_is_told_and_the_account_goes_on(
    name: str, verb: str, respx_mock: respx.MockRouter
) -> None:
    ask = Ask(name, verb, answering(script(name).forbidden))
    error = await ask.outcome(respx_mock)
    # Robot has one 403 for "ordering is not switched on": it says how, as Rejected. So does
    # Scaleway for SSH keys, which a key for servers alone need not see.
    assert isinstance(error, Forbidden | Rejected)
    assert isinstance(error, Forbidden)
    assert ask.tries == 1
    assert await ask.asks_on(respx_mock)


@EVERY
@respx.mock
async def test_what_is_not_there_is_gone(
    name: str, verb: str, respx_mock: respx.MockRouter
) -> None:
    ask = Ask(name, verb, answering(script(name).missing))
    found = await ask.outcome(respx_mock)
    assert ask.tries == 1
    expected = NOTHING_THERE.get((name, verb), Gone)
    if verb == "delete_server" and expected is Gone and name != "hetzner":
        assert found.status == "gone"
    elif expected is None:
        assert not isinstance(found, Exception)
    else:
        assert isinstance(found, expected)


@pytest.mark.parametrize("name", NAMES)
@respx.mock
async def test_what_is_sold_out_is_told_as_that_and_was_ordered_once(
    name: str, respx_mock: respx.MockRouter
) -> None:
    ask = Ask(name, "create_server", answering(script(name).sold_out))
    assert isinstance(await ask.outcome(respx_mock), OutOfStock)
    assert ask.tries == 1


@EVERY
@respx.mock
async def test_a_rate_limit_is_waited_for_and_then_it_is_done_once(
    name: str, verb: str, respx_mock: respx.MockRouter
) -> None:
    status, body, headers, wait_s = script(name).limited
    ask = Ask(name, verb, answering((status, body), headers), times=1)
    found = await ask.outcome(respx_mock)
    assert not isinstance(found, Exception)
    assert ask.scripted.told(found) == ask.scripted.gives
    assert ask.tries == 2
    assert len(ask.slept) == 1
    assert ask.slept[0] >= wait_s


@EVERY
@respx.mock
async def test_a_rate_limit_that_never_ends_is_told(
    name: str, verb: str, respx_mock: respx.MockRouter
) -> None:
    status, body, headers, _ = script(name).limited
    ask = Ask(name, verb, answering((status, body), headers))
    assert isinstance(await ask.outcome(respx_mock), RateLimited)
    assert ask.tries == TRIES


@EVERY
@respx.mock
async def test_a_vendor_that_is_away_is_asked_again_only_where_nothing_is_ordered(
    name: str, verb: str, respx_mock: respx.MockRouter
) -> None:
    ask = Ask(name, verb, text(503, "<html><h1>503 Service Unavailable</h1></html>"))
    error = await ask.outcome(respx_mock)
    _away(ask, verb, error)


@EVERY
@respx.mock
async def test_a_read_timeout_is_asked_again_only_where_nothing_is_ordered(
    name: str, verb: str, respx_mock: respx.MockRouter
) -> None:
    ask = Ask(name, verb, breaking(httpx.ReadTimeout))
    error = await ask.outcome(respx_mock)
    _away(ask, verb, error)


def _away(ask: Ask, verb: str, error: Any) -> None:
    once = ask.scripted.key.does.startswith("POST ") or verb in ORDERS
    if ask.reads or (not once and ask.scripted.key.does.startswith("DELETE ")):
        assert isinstance(error, ProviderAway)
        assert ask.tries == TRIES
        return
    assert isinstance(error, OrderUnknown if verb in ORDERS else ProviderAway | OrderUnknown)
    assert ask.tries == 1
    assert ask.slept == []


@EVERY
@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
@respx.mock
async def test_what_was_never_sent_is_tried_again_whatever_it_is(
    name: str, verb: str, error: type[httpx.RequestError], respx_mock: respx.MockRouter
) -> None:
    ask = Ask(name, verb, breaking(error), times=2)
    found = await ask.outcome(respx_mock)
    assert not isinstance(found, Exception)
    assert ask.scripted.told(found) == ask.scripted.gives
    assert ask.tries == 3
    never = Ask(name, verb, breaking(error))
    respx_mock.clear()
    told = await never.outcome(respx_mock)
    assert isinstance(told, ProviderAway)
    assert "cannot be reached" in str(told)
    assert never.tries == TRIES


HTML = "<!doctype html><html><body><h1>Welcome to nginx</h1></body></html>"


@EVERY
@pytest.mark.parametrize("kind", ["html", "empty", "truncated"])
@respx.mock
async def test_a_good_answer_that_cannot_be_read_is_no_result(
    name: str, verb: str, kind: str, respx_mock: respx.MockRouter
) -> None:
    whole = json.dumps(script(name).verbs[verb].key.answer)
    body = {"html": HTML, "empty": "", "truncated": whole[: max(len(whole) * 2 // 3, 1)]}[kind]
    ask = Ask(name, verb, text(200, body))
    found = await ask.outcome(respx_mock)
    assert ask.tries == 1
    if verb == "create_server":
        assert isinstance(found, OrderUnknown)
    elif ask.reads and (kind != "empty" or verb in {"list_servers", "ssh_keys"}):
        assert isinstance(found, ProviderError)
    elif verb not in UNREAD and isinstance(found, Exception):
        assert isinstance(found, KtizoError)


@EVERY
@pytest.mark.parametrize("status", [200, 422])
@respx.mock
async def test_a_body_that_cannot_be_unpacked_is_told(
    name: str, verb: str, status: int, respx_mock: respx.MockRouter
) -> None:
    def packed(request: httpx.Request) -> httpx.Response:
        stream = httpx.ByteStream(b"this is no gzip")
        return httpx.Response(status, headers={"content-encoding": "gzip"}, stream=stream)

    ask = Ask(name, verb, packed)
    error = await ask.outcome(respx_mock)
    assert isinstance(error, ProviderAway | OrderUnknown)
    if verb in ORDERS:
        assert isinstance(error, OrderUnknown)
        assert ask.tries == 1
