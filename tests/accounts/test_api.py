from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request

from core.web import app_with, client_of
from ktizo.accounts import store, tokens
from ktizo.accounts.api import CurrentActor, require_token, router
from ktizo.accounts.create import make
from ktizo.accounts.throttle import FailedTries, who
from ktizo.accounts.tokens import Actor, Token
from ktizo.audit import store as audit_store
from ktizo.audit.chain import Line
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer

pytestmark = pytest.mark.anyio

guarded = APIRouter(dependencies=[Depends(require_token)])


@guarded.get("/guarded")
async def guarded_route(request: Request) -> str:
    return str(request.state.actor)


@guarded.get("/named")
async def named_route(actor: CurrentActor) -> str:
    return actor.name


@pytest.fixture
def app(db: Database, writer: Writer, settings: Settings) -> FastAPI:
    return app_with(router, guarded, db=db, writer=writer, settings=settings)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def token(db: Database) -> str:
    async with db.write() as session:
        return (await make(session, "ann", utc_now()))[0]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def stored(db: Database, token_id: int = 1) -> Token:
    async with db.read() as session:
        return await store.get(session, token_id)


async def audited(db: Database) -> list[Line]:
    async with db.read() as session:
        return await audit_store.page_after(session, 0, 1000)


async def test_a_valid_token_opens_and_says_who_it_is(
    client: httpx.AsyncClient, token: str
) -> None:
    answer = await client.get("/api/v1/whoami", headers=bearer(token))
    assert answer.json() == {
        "name": "ann",
        "role": "admin",
        "kind": "token",
        "id": 1,
    }
    assert (await client.get("/named", headers=bearer(token))).json() == "ann"
    answer = await client.get("/guarded", headers={"authorization": f"bearer {token}"})
    assert answer.json() == str(Actor("ann", "admin", 1))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "token_missing"),
        ({"Authorization": ""}, "token_missing"),
        ({"Authorization": "Basic YTpi"}, "token_missing"),
        ({"Authorization": "ktizo_" + "x" * 43}, "token_missing"),
        ({"Authorization": "Bearer"}, "token_missing"),
        ({"Authorization": "Bearer nonsense"}, "token_refused"),
        ({"Authorization": "Bearer ktizo_" + "x" * 43}, "token_refused"),
        ({"Authorization": "Bearer ktizo_" + "x" * 10_000}, "token_refused"),
        ({"Authorization": b"Bearer \xff\xfe"}, "token_refused"),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/whoami", "/api/v1/tokens", "/guarded", "/named"])
async def test_without_a_valid_token_every_route_is_a_401_with_a_code(
    client: httpx.AsyncClient, token: str, path: str, headers: Any, code: str
) -> None:
    answer = await client.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_a_token_that_expired_or_was_revoked_opens_nothing(
    client: httpx.AsyncClient, db: Database
) -> None:
    now = utc_now()
    async with db.write() as session:
        expired, _ = await make(session, "a", now, expires_at=now)
        revoked, made = await make(session, "b", now)
        await store.revoke(session, [made.id], now)
    for token in (expired, revoked):
        answer = await client.get("/guarded", headers=bearer(token))
        assert (answer.status_code, answer.json()["code"]) == (401, "token_refused")


async def test_guessing_is_slowed_down_for_the_guesser_but_never_for_a_valid_token(
    app: FastAPI, client: httpx.AsyncClient, token: str
) -> None:
    answers = [await client.get("/guarded", headers=bearer(tokens.make())) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert answers[-1].json()["code"] == "too_many_failed_tries"
    assert (await client.get("/guarded")).status_code == 429

    assert (await client.get("/guarded", headers=bearer(token))).status_code == 200
    async with client_of(app, "10.0.0.10") as neighbour:
        assert (await neighbour.get("/guarded")).status_code == 401


async def test_valid_requests_do_not_count_as_tries(client: httpx.AsyncClient, token: str) -> None:
    for _ in range(20):
        assert (await client.get("/guarded", headers=bearer(token))).status_code == 200
    assert (await client.get("/guarded")).status_code == 401


async def test_behind_a_trusted_proxy_guessers_are_told_apart(app: FastAPI) -> None:
    async with client_of(app, "10.9.0.1") as proxy:
        for _ in range(11):
            answer = await proxy.get("/guarded", headers={"X-Forwarded-For": "10.0.0.66"})
        assert answer.status_code == 429
        answer = await proxy.get("/guarded", headers={"X-Forwarded-For": "10.0.0.67"})
        assert answer.status_code == 401


async def test_who_has_an_ipv6_network_to_guess_from_counts_once() -> None:
    assert who("2001:db8:0:1::1") == who("2001:db8:0:1:ffff::2%eth0")
    assert who("2001:db8:0:1::1") != who("2001:db8:0:2::1")
    assert who("::ffff:10.0.0.9") == who("10.0.0.9") == "10.0.0.9"
    assert who("unix socket") == "unix socket"
    tries = FailedTries()
    counted = [await tries.note(f"2001:db8::{number:x}") for number in range(12)]
    assert counted == [True] * 10 + [False] * 2


async def test_failed_tries_are_in_the_audit_but_cannot_fill_it(
    client: httpx.AsyncClient, db: Database, writer: Writer
) -> None:
    for number in range(50):
        await client.get(f"/guarded?{number}")
        await client.get(f"/api/v1/tokens/{number}%00")
        await writer.flush()
    lines = await audited(db)
    assert 1 <= len(lines) <= 10
    assert (lines[0].actor, lines[0].address, lines[0].action) == (
        "anonymous",
        "10.0.0.9",
        "authenticate",
    )
    assert (lines[0].subject, lines[0].outcome) == ("GET /guarded", "token_missing")


async def test_the_last_use_is_noted_without_a_write_for_each_request(
    client: httpx.AsyncClient, db: Database, writer: Writer, token: str
) -> None:
    for _ in range(5):
        await client.get("/guarded", headers=bearer(token))
    assert writer.backlog == 1
    await writer.flush()
    noted = (await stored(db)).last_used_at
    assert noted is not None
    assert utc_now() - noted < timedelta(minutes=1)
    await client.get("/guarded", headers=bearer(token))
    assert writer.backlog == 0

    async with db.write() as session:
        await store.note_use(session, 1, noted - timedelta(minutes=1))
    await client.get("/guarded", headers=bearer(token))
    await writer.flush()
    assert (await stored(db)).last_used_at != noted - timedelta(minutes=1)


async def test_a_token_is_made_shown_once_listed_and_revoked(
    client: httpx.AsyncClient, db: Database, token: str
) -> None:
    client.headers.update(bearer(token))
    answer = await client.post("/api/v1/tokens", json={"name": "ci", "scope": "operator"})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    new = answer.json()["token"]
    listed = (await client.get("/api/v1/tokens")).json()["tokens"]
    assert [(each["id"], each["name"], each["scope"]) for each in listed] == [
        (1, "ann", "admin"),
        (2, "ci", "operator"),
    ]
    assert new not in (await client.get("/api/v1/tokens")).text
    assert tokens.digest(new) not in (await client.get("/api/v1/tokens")).text

    assert (await client.get("/named", headers=bearer(new))).json() == "ci"
    assert (await client.delete("/api/v1/tokens/2")).status_code == 204
    assert (await client.get("/named", headers=bearer(new))).status_code == 401
    revoked_at = (await stored(db, 2)).revoked_at
    assert revoked_at is not None
    assert (await client.delete("/api/v1/tokens/2")).status_code == 204
    assert (await stored(db, 2)).revoked_at == revoked_at

    lines = await audited(db)
    assert [(line.actor, line.action, line.subject, line.address) for line in lines] == [
        ("ktizo", "tokens.create", "token 1", None),
        ("ann", "tokens.create", "token 2", "10.0.0.9"),
        ("ann", "tokens.revoke", "token 2", "10.0.0.9"),
    ]


async def test_a_token_can_have_an_end(client: httpx.AsyncClient, token: str) -> None:
    end = "2050-01-01T00:00:00+01:00"
    answer = await client.post(
        "/api/v1/tokens",
        json={"name": "ci", "scope": "viewer", "expires_at": end},
        headers=bearer(token),
    )
    assert answer.json()["made"]["expires_at"] == "2049-12-31T23:00:00Z"
    listed = (await client.get("/api/v1/tokens", headers=bearer(token))).json()["tokens"]
    assert listed[1]["expires_at"] == "2049-12-31T23:00:00Z"


async def test_one_can_revoke_ones_own_token(client: httpx.AsyncClient, token: str) -> None:
    assert (await client.delete("/api/v1/tokens/1", headers=bearer(token))).status_code == 204
    assert (await client.delete("/api/v1/tokens/1", headers=bearer(token))).status_code == 401


async def test_a_token_that_does_not_exist_is_a_404(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.delete("/api/v1/tokens/99", headers=bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (404, "token_not_found")


NONSENSE: list[Any] = [
    {},
    {"name": "ci"},
    {"name": "ci", "scope": None},
    {"scope": "admin", "name": ""},
    {"scope": "admin", "name": "x" * 65},
    {"scope": "admin", "name": "two\nlines"},
    {"scope": "admin", "name": "a\0b"},
    {"name": "ci", "scope": "root"},
    {"scope": "admin", "name": "ci", "expires_at": "2020-01-01T00:00:00Z"},
    {"scope": "admin", "name": "ci", "expires_at": "2050-01-01T00:00:00"},
    {"scope": "admin", "name": "ci", "expires_at": "9999-12-31T23:59:59-14:00"},
    {"scope": "admin", "name": "ci", "expires_at": "0001-01-01T00:00:00+14:00"},
    {"scope": "admin", "name": "ci", "admin": True},
    {"scope": "admin", "name": "ktizo"},
    {"scope": "admin", "name": "Machine"},
    {"scope": "admin", "name": "cli@box"},
]


@pytest.mark.parametrize("body", NONSENSE, ids=str)
async def test_a_token_that_makes_no_sense_is_a_422_and_is_not_made(
    client: httpx.AsyncClient, db: Database, token: str, body: Any
) -> None:
    answer = await client.post("/api/v1/tokens", json=body, headers=bearer(token))
    assert answer.status_code == 422
    assert len((await client.get("/api/v1/tokens", headers=bearer(token))).json()["tokens"]) == 1


async def test_the_openapi_document_says_that_a_token_is_needed(app: FastAPI) -> None:
    document = app.openapi()
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert document["paths"]["/api/v1/whoami"]["get"]["security"] == [
        {"HTTPBearer": []},
        {"APIKeyCookie": []},
    ]


async def test_asking_who_is_there_holds_no_connection_while_the_request_lasts(
    app: FastAPI, db: Database, token: str
) -> None:
    held: list[int] = []

    @app.get("/long", dependencies=[Depends(require_token)])
    async def long() -> None:
        held.append(db.reading.pool.checkedout())  # type: ignore[attr-defined]

    async with client_of(app) as client:
        assert (await client.get("/long", headers=bearer(token))).status_code == 200
    assert held == [0]
