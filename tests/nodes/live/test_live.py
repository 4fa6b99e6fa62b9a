"""Starting, stopping, and the console over HTTP."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from core.web import app_with, client_of
from ktizo.core.settings import Settings
from ktizo.nodes.api import console
from ktizo.nodes.live import Limits, Live, Ports
from ktizo.nodes.live.turns import Turns
from nodes.live.conftest import HOST, MACHINE, House, until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_with(console.router, db=house.db, live=house.live)) as client:
        yield client


async def test_a_console_is_read_over_http(house: House, api: httpx.AsyncClient):
    mine = await house.machine(1, MACHINE)
    house.live.consoles.add(mine, "kernel", "warn", "hello")
    found = (await api.get(f"/api/v1/nodes/{mine}/console")).json()
    at = found["lines"][0].pop("at")
    assert at.endswith("Z")
    assert found == {
        "lines": [{"number": 1, "source": "kernel", "level": "warn", "text": "hello"}],
        "next": 1,
        "lost": 0,
    }
    empty = (await api.get(f"/api/v1/nodes/{mine}/console?after=1")).json()
    assert empty == {"lines": [], "next": 1, "lost": 0}


async def test_a_machine_that_said_nothing_has_an_empty_console_and_no_machine_has_none(
    house: House, api: httpx.AsyncClient
):
    mine = await house.machine(1, MACHINE)
    found = await api.get(f"/api/v1/nodes/{mine}/console")
    assert found.json() == {"lines": [], "next": 0, "lost": 0}
    none = await api.get(f"/api/v1/nodes/{mine + 1}/console?wait_s=25")
    assert (none.status_code, none.json()["code"]) == (404, "device_not_found")


@pytest.mark.parametrize("query", ["after=-2", "after=x", "wait_s=26", "wait_s=-1", "wait_s=nan"])
async def test_nonsense_is_refused(house: House, api: httpx.AsyncClient, query: str):
    mine = await house.machine(1, MACHINE)
    assert (await api.get(f"/api/v1/nodes/{mine}/console?{query}")).status_code == 422


async def test_a_question_waits_for_a_line(house: House, api: httpx.AsyncClient):
    mine = await house.machine(1, MACHINE)
    asked = asyncio.create_task(api.get(f"/api/v1/nodes/{mine}/console?after=0&wait_s=25"))
    await until(lambda: bool(house.live.consoles._news))
    house.live.consoles.add(mine, "event", "info", "news")
    assert [one["text"] for one in (await asked).json()["lines"]] == ["news"]


async def test_waiting_questions_are_answered_when_ktizo_stops(
    house: House, api: httpx.AsyncClient
):
    mine = await house.machine(1, MACHINE)
    asked = asyncio.create_task(api.get(f"/api/v1/nodes/{mine}/console?after=0&wait_s=25"))
    await until(lambda: bool(house.live.consoles._news))
    house.live.close()
    assert (await asked).json()["lines"] == []


async def test_a_port_that_is_taken_is_said_and_the_rest_works(house: House, caplog):
    caplog.set_level(logging.ERROR)
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = Ports(HOST, port, 0)
        live = Live(Settings(), house.writer, house.sources, lambda _: None, ports=ports)
        await live.start()
        assert live.sink_port is None
        assert live.kernel_port is not None
        await live.stop()
        ports = Ports(HOST, None, port)
        live = Live(Settings(), house.writer, house.sources, lambda _: None, ports=ports)
        await live.start()
        assert (live.sink_port, live.kernel_port) == (None, None)
        await live.stop()
    assert [str(port) in said for said in caplog.messages] == [True, True]
    assert "KTIZO_EVENT_SINK_PORT" in caplog.messages[0]
    assert "KTIZO_KERNEL_LOG_PORT" in caplog.messages[1]


def test_ports_are_what_the_operator_set():
    assert Ports.of(Settings(event_sink_port=0, kernel_log_port=0)) == Ports("0.0.0.0", None, None)
    assert Ports.of(Settings(host="::")) == Ports("::", 8081, 8082)


async def test_a_turn_ends_when_its_share_is_used_and_the_rest_comes_later_in_order():
    turns = Turns(Limits().share)
    done: list[int] = []

    def work(number: int) -> None:
        done.append(number)
        turns._worked_s += 0.004  # as if it had taken that long

    ran = [turns.run(lambda number=number: work(number)) for number in range(6)]
    assert ran == [True, True, False, False, False, False]
    assert turns.waiting == 4
    await until(lambda: done == list(range(6)))
    assert turns.waiting == 0
    turns.close()
