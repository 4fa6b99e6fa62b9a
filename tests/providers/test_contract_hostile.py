"""Whatever a vendor says, nothing crashes and nothing leaks; see test_contract.py."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktizo.core.errors import KtizoError
from ktizo.providers.base import PowerAction, Status
from ktizo.providers.errors import CredentialsRefused

from .contract import Case
from .plumbing import (
    JSON,
    OURS,
    Answer,
    always,
    answering,
    guard_of,
    make,
    module,
    order,
    variants,
)

pytestmark = pytest.mark.anyio


def everything(case: Case, server_id: str) -> list[Callable[[], Awaitable[Any]]]:
    client = case.client
    return [
        client.check,
        client.plans,
        client.regions,
        client.ssh_keys,
        client.list_servers,
        lambda: client.get_server(server_id),
        lambda: client.price_of(case.wanted),
        lambda: client.add_ssh_key("other", "ssh-ed25519 AAAA other"),
        lambda: client.power(server_id, PowerAction.REBOOT),
        lambda: client.reinstall_ipxe(server_id, case.wanted.boot_url),
        lambda: client.create_server(case.wanted, case.region),
        lambda: client.delete_server(server_id),
    ]


async def outcomes(which: str, change: Callable[[httpx.Request, Answer], httpx.Response]) -> None:
    """Ask everything of a changed vendor: an answer, or one of errors.py."""
    case = await make(which)
    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    answering(case, change)
    for ask in everything(case, server.id):
        try:
            repr(await ask())
        except OURS as error:
            assert str(error)
            if isinstance(error, CredentialsRefused):
                break
    await case.client.close()


@pytest.mark.parametrize("name", list(variants()))
@settings(max_examples=25)
@given(status=st.integers(300, 599), body=JSON.map(json.dumps) | st.text(max_size=60))
def test_any_error_body_is_one_of_our_errors(name: str, status: int, body: str) -> None:
    asyncio.run(outcomes(name, always(status, body)))


@pytest.mark.parametrize("name", list(variants()))
@settings(max_examples=20)
@given(body=JSON.map(json.dumps) | st.text(max_size=60))
def test_any_good_answer_is_read_or_refused(name: str, body: str) -> None:
    asyncio.run(outcomes(name, always(200, body)))


@pytest.mark.parametrize("name", list(variants()))
@settings(max_examples=30)
@given(where=st.integers(0, 300), value=JSON)
def test_any_odd_field_is_survived(name: str, where: int, value: Any) -> None:
    def odd(request: httpx.Request, original: Answer) -> httpx.Response:
        try:
            response = original(request)
        except (LookupError, ValueError, TypeError, AttributeError, AssertionError):
            return httpx.Response(400, text="{}")  # the double was asked in odd words, too
        if "json" not in response.headers.get("content-type", ""):
            return response
        body = {"": response.json()}
        places = list(_places(body))
        holder, key = places[where % len(places)]
        holder[key] = value
        return httpx.Response(response.status_code, text=json.dumps(body[""]))

    asyncio.run(outcomes(name, odd))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    for key in keys:
        yield value, key
        yield from _places(value[key])


@pytest.mark.parametrize("name", list(variants()))
@settings(max_examples=25)
@given(word=st.text(max_size=40))
def test_any_word_for_a_status_is_kept_and_never_an_error(name: str, word: str) -> None:
    def said(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: word if "status" in key and isinstance(inner, str) else said(inner)
                for key, inner in value.items()
            }
        return [said(inner) for inner in value] if isinstance(value, list) else value

    def change(request: httpx.Request, original: Answer) -> httpx.Response:
        response = original(request)
        if "json" not in response.headers.get("content-type", ""):
            return response
        return httpx.Response(response.status_code, json=said(response.json()))

    async def run() -> None:
        case = await make(name)
        server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
        answering(case, change)
        told = await case.client.get_server(server.id)
        assert isinstance(told.status, Status)
        assert await case.client.list_servers()
        await case.client.close()

    asyncio.run(run())


async def test_no_secret_is_ever_shown(
    case: Case, which: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    never = [case.secret, *getattr(module(which.partition(":")[0]), "ONE_TIME", ())]
    seen: list[str] = []
    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    seen += [repr(server), repr(case.client), repr(await case.client.list_servers())]
    seen.append(repr(getattr(case.client, "__dict__", "")))
    loud: dict[str, Any] = {
        "error": case.secret,
        "message": case.secret,
        "errors": [{"detail": case.secret}],
    }
    loud["x"] = {"default_password": never[-1], "password": never[-1]}
    answering(case, always(422, json.dumps(loud)))
    for ask in everything(case, server.id):
        try:
            seen.append(repr(await ask()))
        except KtizoError as error:
            seen += [str(error), repr(error), repr(error.detail), repr(error.__cause__)]
    for text in [*seen, caplog.text]:
        assert not any(one in text for one in never)
