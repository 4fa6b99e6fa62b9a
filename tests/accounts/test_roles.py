"""Every route of the OpenAPI document has a role, written here; no less opens it."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.browser import PASSWORD
from integration.house import House, open_house
from ktizo.accounts.actor import RANK, needed
from ktizo.accounts.api.entrance import OPEN, is_open

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

# Why a stranger may ask.
STRANGERS = {
    ("GET", "/api/v1/health"): "says nothing a stranger could use; watchdogs ask it",
    ("GET", "/api/v1/openapi.json"): "the same for every Ktizo of this version",
    ("GET", "/api/v1/session"): "how to sign in",
    ("POST", "/api/v1/session"): "signing in",
    ("POST", "/api/v1/setup"): "needs the set-up link's secret",
    ("GET", "/api/v1/oidc/login"): "sends the browser to the provider",
    ("GET", "/api/v1/oidc/callback"): "needs the cookie of a sign-in under way",
}

# What differs from "asking needs a viewer, changing needs an operator".
OWN = {"DELETE /session", "DELETE /sessions", "PUT /people/me/password"}
OPERATOR = {
    "GET /audit/export",
    "GET /clusters/{key}/patches",
    "GET /clusters/devices/{device_id}/patches",
    "GET /nodes/{device_id}/config-plan",
}
ADMIN = {
    "GET /people",
    "POST /people",
    "PATCH /people/{person_id}",
    "DELETE /people/{person_id}",
    "DELETE /people/{person_id}/sessions",
    "GET /tokens",
    "POST /tokens",
    "DELETE /tokens/{token_id}",
    "POST /setup-link",
    "PUT /network/lan",
    "POST /provider-accounts",
    "PATCH /provider-accounts/{key}",
    "DELETE /provider-accounts/{key}",
    "POST /provider-accounts/{key}/test",
    "DELETE /clusters/{key}",
    "GET /clusters/{key}/secrets",
    "PUT /clusters/{key}/secrets",
    "POST /clusters/{key}/secrets/export",
    "POST /clusters/{key}/talosconfig",
    "POST /clusters/{key}/kubeconfig",
    "POST /clusters/devices/{device_id}/preview",
}
# Asked with enough of a role these would not end, or would end who asks; their lack of one is.
NOT_GRANTED = {"GET /events", "DELETE /session", "DELETE /sessions"}


def role_of(operation: str) -> str:
    if operation in ADMIN:
        return "admin"
    if operation in OPERATOR:
        return "operator"
    return "viewer" if operation.startswith("GET ") or operation in OWN else "operator"


def filled(path: str) -> str:
    """Put something of the right shape into every `{...}`; nothing has the number."""
    return re.sub(r"\{[^}]*\}", "987654", path)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, dnsmasq_path="/nonexistent/dnsmasq") as house:
        yield house


async def operations(house: House) -> list[tuple[str, str]]:
    document = (await house.office.get("/api/v1/openapi.json")).json()
    methods = {"get", "post", "put", "patch", "delete", "head", "options"}
    return [
        (method.upper(), path)
        for path, found in document["paths"].items()
        for method in found
        if method in methods
    ]


class Caller:
    """Asks as a role, by token or by session."""

    def __init__(self, house: House, address: str, headers: dict[str, str]) -> None:
        self.http, self.headers = house.at(address), headers

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        return await self.http.request(method, path, headers=self.headers, **more)


async def by_token(house: House, role: str, number: int) -> Caller:
    made = await house.api("POST", "tokens", 201, json={"name": f"t-{role}", "scope": role})
    return Caller(house, f"10.5.0.{number}", {"Authorization": f"Bearer {made['token']}"})


async def by_session(house: House, role: str, number: int) -> Caller:
    body = {"name": f"p-{role}", "role": role, "password": PASSWORD}
    await house.api("POST", "people", 201, json=body)
    http = house.at(f"10.6.0.{number}")
    answer = await http.post("/api/v1/session", json={"name": f"p-{role}", "password": PASSWORD})
    origin = str(http.base_url).rstrip("/")
    headers = {"Origin": origin, "X-CSRF-Token": answer.json()["csrf_token"]}
    return Caller(house, f"10.6.0.{number}", headers)


async def test_the_list_of_open_routes_is_the_written_one_and_every_one_exists(house: House):
    assert set(STRANGERS) == OPEN
    documented = set(await operations(house))
    assert set(STRANGERS) - {("GET", "/api/v1/openapi.json")} <= documented
    named = {f"{method} {path.removeprefix('/api/v1')}" for method, path in documented}
    assert named >= ADMIN | OPERATOR | OWN | NOT_GRANTED, "the table names a route that is gone"


async def test_no_stranger_gets_past_the_door_but_by_the_written_list(house: House):
    asked = [each for each in await operations(house) if each not in STRANGERS]
    assert len(asked) > 60
    for number, (method, path) in enumerate(asked):
        # An address of its own: too many tries from one are slowed down.
        stranger = house.at(f"10.1.{number // 250}.{number % 250 + 1}")
        answer = await stranger.request(method, filled(path))
        assert (answer.status_code, answer.json()["code"]) == (401, "token_missing"), path


@pytest.mark.parametrize("kind", [by_token, by_session])
async def test_no_route_is_reached_with_less_than_its_role_and_each_with_it(
    house: House, kind: Any
):
    callers = {role: await kind(house, role, rank) for role, rank in RANK.items()}
    for method, path in await operations(house):
        if (method, path) in STRANGERS:
            continue
        operation = f"{method} {path.removeprefix('/api/v1')}"
        needs = role_of(operation)
        for role, caller in callers.items():
            enough = RANK[role] >= RANK[needs]
            if enough and (operation in NOT_GRANTED or RANK[role] > RANK[needs]):
                continue
            answer = await caller.ask(method, filled(path))
            said = (operation, needs, role, answer.status_code, answer.text[:300])
            if enough:
                assert answer.status_code not in {401, 403}, said
            else:
                assert answer.status_code == 403, said
                assert answer.json()["code"] == "role_missing", said
                told = answer.json()["detail"]
                # The door knows the role by method, the route its own: whichever refuses first.
                assert told["has"] == role, said
                assert RANK[role] < RANK[told["needs"]] <= RANK[needs], said


async def test_a_role_that_nobody_knows_opens_nothing(house: House):
    import sqlalchemy as sa

    caller = await by_session(house, "viewer", 1)
    assert (await caller.ask("GET", "/api/v1/devices")).status_code == 200
    async with house.state.db.write() as session:
        await session.execute(sa.text("UPDATE people SET role = 'root' WHERE name = 'p-viewer'"))
    answer = await caller.ask("GET", "/api/v1/devices")
    assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")


async def test_a_refusal_says_what_it_takes_and_is_in_the_audit(house: House):
    caller = await by_session(house, "viewer", 1)
    answer = await caller.ask("POST", "/api/v1/devices/1/approve", json={})
    assert answer.json()["message"] == "this needs the role operator; you are a viewer"
    (line,) = await house.audit(outcome="role_missing")
    assert (line["actor"], line["subject"]) == ("p-viewer", "POST /api/v1/devices/1/approve")


async def test_a_wrong_body_is_answered_without_the_password_in_it(house: House):
    for path in ("session", "setup"):
        body = {"name": "ann", "token": "x", "password": PASSWORD * 100}
        answer = await house.at("10.0.0.9").post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 422
        assert PASSWORD not in answer.text


async def test_a_viewer_sees_no_ticket_in_what_a_machine_would_be_told(house: House):
    from integration.house import MAC

    await house.ready(MAC)
    viewer = await by_token(house, "viewer", 1)
    mine = await house.explain(MAC)
    path = "/api/v1/boot/explain"
    theirs = (await viewer.ask("GET", path, params={"mac": MAC, "arch": "x86_64"})).json()
    tickets = set(re.findall(r"/boot/(?:configs|done)/([^/\s]+)", mine["script"]))
    assert tickets, "this machine has one"
    assert not any(ticket in str(theirs) for ticket in tickets)
    assert set(re.findall(r"/boot/(?:configs|done)/([^/\s]+)", theirs["script"])) == {"TICKET"}


def odd() -> Iterator[str]:
    yield from ("/api/v1/devices/", "//api/v1/devices", "/api//v1/devices", "/API/v1/devices")
    yield from ("/api/v1/../v1/devices", "/api/v1/session/../devices", "/api", "/api/")
    yield from ("/api/v1/health/../devices", "/api/v1/health/", "/api/v1/health%2f../devices")


@pytest.mark.parametrize("path", list(odd()))
async def test_no_spelling_of_a_path_leads_around_the_door(house: House, path: str):
    stranger = house.at("10.0.0.9")
    for method in ("GET", "POST", "DELETE", "HEAD"):
        request = stranger.build_request(method, "http://ktizo.test:8000/")
        request.url = request.url.copy_with(raw_path=path.encode())
        answer = await stranger.send(request)
        assert answer.status_code in {401, 404, 405} or "machines" not in answer.text
        assert '"items"' not in answer.text


async def test_the_pages_files_are_for_everyone_and_only_for_asking(house: House):
    stranger = house.at("10.0.0.9")
    for path in ("/", "/machines/7", "/assets/x.js", "/sign-in"):
        assert (await stranger.get(path)).status_code in {200, 404}
        assert (await stranger.post(path)).status_code == 401
    assert is_open("GET", "/api-docs")
    assert not is_open("GET", "/api")
    assert not is_open("GET", "/api/v2/session")
    assert not is_open("PUT", "/api/v1/session")
    assert is_open("HEAD", "/api/v1/health")


@pytest.mark.parametrize(
    ("method", "role"),
    [("GET", "viewer"), ("HEAD", "viewer"), ("POST", "operator"), ("PUT", "operator"),
     ("PATCH", "operator"), ("DELETE", "operator"), ("OPTIONS", "operator"), ("X", "operator")],
)  # fmt: skip
async def test_what_no_table_names_is_as_strict_as_its_method(method: str, role: str):
    assert needed(method, "/api/v1/anything") == role
