from collections.abc import AsyncIterator

import httpx
import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint
from fastapi import FastAPI

from core.web import app_with, client_of
from events.browser import Browser
from ktizo.core.db import Database
from ktizo.core.writer import Writer
from ktizo.events.api import router
from ktizo.events.kinds import EventKind
from ktizo.events.record import record, sink_for
from ktizo.events.store import StoredHistory
from ktizo.events.stream import Broker

pytestmark = pytest.mark.anyio

MAC = "52:54:00:aa:bb:cc"
OTHER = "52:54:00:aa:bb:dd"


@pytest.fixture
async def broker(db: Database, writer: Writer) -> AsyncIterator[Broker]:
    broker = Broker(StoredHistory(db.read), listeners=2)
    await broker.start()
    sink_for(writer).listeners.append(broker.publish)
    yield broker
    await broker.stop()


@pytest.fixture
def app(db: Database, broker: Broker) -> FastAPI:
    return app_with(router, db=db, broker=broker)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def history(writer: Writer) -> None:
    """Six events: 1 approved(MAC) 2 done(MAC) 3 approved(OTHER) ... as kind x machine."""
    for number in range(6):
        kind = EventKind.DONE if number % 2 else EventKind.APPROVED
        record(writer, kind, mac=MAC if number < 2 else OTHER, data={"n": number})
    await writer.flush()


async def listened(
    client: httpx.AsyncClient, broker: Broker, path: str, **options: object
) -> tuple[httpx.Response, Browser]:
    """Open a stream, read all there is, and let the appliance shut down."""
    answers: list[httpx.Response] = []

    async def listen() -> None:
        answers.append(await client.get(path, **options))  # type: ignore[arg-type]

    async with create_task_group() as tasks:
        tasks.start_soon(listen)
        while not broker.listening:
            await checkpoint()
        broker.ping_s = 0  # once everything is sent, a ping says so
        listener = next(iter(broker._listeners))
        while broker.listening and listener._at < broker.ring.newest:
            await checkpoint()
        broker.close()
    browser = Browser()
    browser.read(answers[0].content)
    return answers[0], browser


async def test_the_stream_is_one_that_no_proxy_holds_back(
    client: httpx.AsyncClient, broker: Broker
) -> None:
    answer, _ = await listened(client, broker, "/api/v1/events")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.content.startswith(b"retry: 2000\n\n")


async def test_a_browser_resumes_where_it_was(
    client: httpx.AsyncClient, broker: Broker, history: None
) -> None:
    _, browser = await listened(client, broker, "/api/v1/events", headers={"Last-Event-ID": "4"})
    assert browser.ids == [5, 6]


async def test_a_page_opens_the_stream_after_the_events_it_has_fetched(
    client: httpx.AsyncClient, broker: Broker, history: None
) -> None:
    _, browser = await listened(client, broker, "/api/v1/events?last_event_id=5")
    assert browser.ids == [6]


async def test_the_header_of_a_reconnect_wins_over_the_old_query(
    client: httpx.AsyncClient, broker: Broker, history: None
) -> None:
    _, browser = await listened(
        client, broker, "/api/v1/events?last_event_id=1", headers={"Last-Event-ID": "5"}
    )
    assert browser.ids == [6]


async def test_a_stream_can_be_about_some_kinds_and_one_machine(
    client: httpx.AsyncClient, broker: Broker, history: None
) -> None:
    path = f"/api/v1/events?last_event_id=0&kind=done&kind=rejected&mac={OTHER.replace(':', '-')}"
    _, browser = await listened(client, broker, path)
    assert browser.ids == [4, 6]


async def test_one_listener_too_many_gets_a_503_with_a_code(
    client: httpx.AsyncClient, broker: Broker
) -> None:
    kept = [broker.listen() for _ in range(2)]
    answer = await client.get("/api/v1/events")
    assert (answer.status_code, answer.json()["code"]) == (503, "too_many_listeners")
    del kept


async def test_while_shutting_down_the_answer_is_a_503_with_a_code(
    client: httpx.AsyncClient, broker: Broker
) -> None:
    broker.close()
    answer = await client.get("/api/v1/events")
    assert (answer.status_code, answer.json()["code"]) == (503, "stream_closed")


async def test_recent_events_come_oldest_first_with_the_place_to_go_on_from(
    client: httpx.AsyncClient, history: None
) -> None:
    async def recent(query: str) -> tuple[list[int], int]:
        answer = await client.get(f"/api/v1/events/recent?{query}")
        assert answer.status_code == 200
        return [event["id"] for event in answer.json()["events"]], answer.json()["newest_id"]

    assert await recent("") == ([1, 2, 3, 4, 5, 6], 6)
    assert await recent("limit=2") == ([5, 6], 6)
    assert await recent("limit=2&after=0") == ([1, 2], 6)
    assert await recent("after=6") == ([], 6)
    assert await recent("kind=done") == ([2, 4, 6], 6)
    assert await recent(f"mac={MAC}") == ([1, 2], 6)
    assert await recent(f"mac={MAC}&after=1&kind=done&kind=approved") == ([2], 6)


async def test_there_being_no_events_is_no_error(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/events/recent")
    assert answer.json() == {"events": [], "newest_id": 0}


@pytest.mark.parametrize(
    "query",
    [
        "kind=nonsense",
        "mac=nonsense",
        "mac=ff:ff:ff:ff:ff:ff",
        "limit=0",
        "limit=1001",
        "after=-1",
        "after=x",
        "after=9223372036854775808",
    ],
)
async def test_nonsense_in_the_query_is_a_422(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/api/v1/events/recent?{query}")).status_code == 422


@pytest.mark.parametrize("value", ["x", "-1", "9223372036854775808", "1,2"])
async def test_nonsense_as_last_event_id_is_a_422(client: httpx.AsyncClient, value: str) -> None:
    headers = {"Last-Event-ID": value}
    assert (await client.get("/api/v1/events", headers=headers)).status_code == 422
