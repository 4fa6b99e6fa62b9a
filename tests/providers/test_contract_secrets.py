"""No secret is ever seen: in no error, no repr, no record and no log; see test_contract.py."""

import base64
import json
import logging
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from ktizo.core.errors import KtizoError
from ktizo.providers.base import Capability

from .contract import Case
from .plumbing import OURS, Answer, always, answering, guard_of, module, order
from .test_contract_hostile import everything

pytestmark = pytest.mark.anyio
TOKEN = "k7Q2xV9mT4sLw8Zr1cYb6NdE"
BOOT_URL = f"http://boot.example.net/p/{TOKEN}/boot.ipxe"
SCRIPT = f"#!ipxe\nchain {BOOT_URL}\n"
PIECE = 12  # of a secret, and it is leaked


def base64s(text: str) -> list[str]:
    """Return what a text looks like in base64, wherever it begins."""
    inside = []
    for before in range(3):
        whole = base64.b64encode(b"-" * before + text.encode()).decode().rstrip("=")
        inside.append(whole[before + 1 if before else 0 : -1])
    return inside


NEVER = (TOKEN, BOOT_URL, json.dumps(SCRIPT), quote(TOKEN), *base64s(BOOT_URL), *base64s(TOKEN))


def pieces(secret: str) -> set[str]:
    return {secret[at : at + PIECE] for at in range(len(secret) - PIECE + 1)}


LEAKS = {one for secret in (TOKEN, *base64s(TOKEN)) for one in pieces(secret)} | set(NEVER)
STATUSES = (400, 401, 403, 409, 500)
SHAPES: dict[str, Callable[[str], str]] = {
    "as it is": lambda body: body,
    "message": lambda body: json.dumps({"code": 422, "message": f"wrong: {body}"}),
    "error": lambda body: json.dumps({"error": {"code": "X", "message": body}, "status": 422}),
    "errors": lambda body: json.dumps({"errors": [{"code": "INVALID", "detail": body}]}),
    "quoted twice": lambda body: json.dumps({"message": json.dumps({"body": body})}),
    "slashes": lambda body: json.dumps({"message": body}).replace("/", "\\/"),
    "percent": lambda body: json.dumps({"message": quote(body, safe="")}),
    "base64": lambda body: json.dumps({"message": base64.b64encode(body.encode()).decode()}),
    "cut off": lambda body: body[: body.find("ipxe") + 200][: len(body) * 2 // 3],
}


def shown(error: BaseException) -> str:
    """Return everything a log, an answer or a record could show of an error."""
    told = [str(error), repr(error), repr(error.args), repr(error.__cause__)]
    told.append(repr(getattr(error, "detail", "")))
    return "\n".join([*told, *traceback.format_exception(error)])


@pytest.mark.parametrize(
    ("status", "shape"),
    [*((422, shape) for shape in SHAPES), *((status, "message") for status in STATUSES)],
)
async def test_a_refusal_that_quotes_the_request_does_not_show_the_boot_url(
    case: Case, shape: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    case.wanted = replace(case.wanted, boot_url=BOOT_URL)
    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    case.double.requests.clear()
    quoted: list[str] = []

    def quoting(request: httpx.Request, original: Answer) -> httpx.Response:
        if request.method == "GET" or not request.content:
            return original(request)
        quoted.append(SHAPES[shape](request.content.decode()))
        return httpx.Response(status, text=quoted[-1])

    answering(case, quoting)
    asks = [
        lambda: case.client.reinstall_ipxe(server.id, BOOT_URL),
        lambda: case.client.create_server(case.wanted, case.region),
    ]
    seen = []
    for ask in asks:
        try:
            seen.append(repr(await ask()))
        except OURS as error:
            seen.append(shown(error))
    carried = Capability.IPXE_REINSTALL in case.client.declaration.capabilities
    assert any(TOKEN in one or base64s(TOKEN)[0] in one for one in _sent(case)) or not carried
    for text in [*seen, caplog.text]:
        assert not [leak for leak in LEAKS if leak in text]


def _sent(case: Case) -> list[str]:
    """Return what was sent, with the base64 in it read."""
    sent = [request.content.decode() for request in case.double.requests]
    for text in list(sent):
        for word in text.replace("\\n", "").split('"'):
            try:
                sent.append(base64.b64decode(word, validate=True).decode())
            except ValueError:
                continue
    return sent


async def test_a_good_answer_that_cannot_be_read_shows_nothing_either(case: Case) -> None:
    case.wanted = replace(case.wanted, boot_url=BOOT_URL)
    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    answering(case, always(200, f"<html>{SCRIPT}"))
    for ask in everything(case, server.id):
        try:
            await ask()
        except OURS as error:
            assert TOKEN not in shown(error)


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
            seen.append(shown(error))
    for text in [*seen, caplog.text]:
        assert not any(one in text for one in never)
