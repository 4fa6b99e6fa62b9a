"""Whatever a vendor says, nothing crashes and nothing leaks; see test_contract.py."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, cast

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktizo.providers.base import Capability, Client, Imager, PowerAction, Status

from .contract import Case
from .plumbing import (
    JSON,
    OURS,
    Answer,
    always,
    answering,
    guard_of,
    make,
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
        *(partial(client.power, server_id, action) for action in PowerAction),
        lambda: client.boot_from_disk(server_id),
        lambda: client.reinstall_ipxe(server_id, case.wanted.boot_url),
        *images(client, server_id),
        lambda: client.create_server(case.wanted, case.region),
        lambda: client.delete_server(server_id),
        lambda: client.delete_server(server_id, "a-mailed-token"),
    ]


def images(client: Client, server_id: str) -> list[Callable[[], Awaitable[Any]]]:
    if Capability.IMAGE_REINSTALL not in client.declaration.capabilities:
        return []
    return [lambda: cast(Imager, client).reinstall_image(server_id, "189234567")]


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


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "X-Request-Id",
                "X-Ovh-QueryId",
                "x-total-count",
                "RETRY-AFTER",
                "ratelimit-reset",
                "Set-Cookie",
                "Link",
                "Location",
                "Content-Language",
                "ETag",
                "Content-Encoding",
            ]
        )
        | st.text("ABCXYZabcxyz-", min_size=1, max_size=12),
        st.binary(max_size=30).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"").strip()),
    ),
    max_size=6,
)
CHARSETS = st.sampled_from(
    [
        "application/json",
        "",
        "text/html; charset=rot13",
        "application/json; charset=base64",
        'a/b; charset="utf-16"',
        "application/vnd.api+json;;;=",
    ]
)


@pytest.mark.parametrize("name", list(variants()))
@settings(max_examples=20)
@given(more=HEADERS, kind=CHARSETS, status=st.sampled_from([0, 0, 404, 422, 429, 503]))
def test_any_header_is_survived(
    name: str, more: list[tuple[str, bytes]], kind: str, status: int
) -> None:
    def odd(request: httpx.Request, original: Answer) -> httpx.Response:
        told = original(request)
        headers = [(header.encode(), value) for header, value in more]
        packed = any(header.lower() == b"content-encoding" for header, _ in headers)
        content = httpx.ByteStream(told.content) if packed else told.content
        if isinstance(content, bytes):
            return httpx.Response(
                status or told.status_code,
                headers=[*headers, (b"content-type", kind.encode())],
                content=content,
            )
        return httpx.Response(status or told.status_code, headers=headers, stream=content)

    asyncio.run(outcomes(name, odd))


@pytest.mark.parametrize("name", list(variants()))
@settings(max_examples=15)
@given(
    order_of=st.randoms(use_true_random=False),
    phrase=st.binary(max_size=20),
    upper=st.booleans(),
)
def test_the_order_and_case_of_headers_and_the_status_text_change_nothing(
    name: str, order_of: random.Random, phrase: bytes, upper: bool
) -> None:
    def turned(request: httpx.Request, original: Answer) -> httpx.Response:
        told = original(request)
        headers = [
            (key.upper() if upper else key.title(), value) for key, value in told.headers.raw
        ]
        order_of.shuffle(headers)
        return httpx.Response(
            told.status_code,
            headers=headers,
            content=told.content,
            extensions={"reason_phrase": phrase},
        )

    async def read(case: Case) -> list[str]:
        client = case.client
        asks = (client.check, client.plans, client.regions, client.ssh_keys, client.list_servers)
        return [repr(await ask()) for ask in asks]

    async def run() -> None:
        case = await make(name)
        await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
        plain = await read(case)
        answering(case, turned)
        assert await read(case) == plain
        await case.client.close()

    asyncio.run(run())
