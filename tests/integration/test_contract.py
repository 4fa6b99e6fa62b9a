"""The JSON API keeps to its own OpenAPI document, and is closed to whoever has no token."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from integration.conftest import OpenHouse
from integration.house import MAC, House, open_house

# What answers without a token, and why.
OPEN = {
    ("GET", "/api/v1/health"): "says nothing a stranger could use; watchdogs ask it",
    ("GET", "/api/v1/session"): "how to sign in",
    ("POST", "/api/v1/session"): "signing in",
    ("POST", "/api/v1/setup"): "needs the set-up link's secret",
    ("GET", "/api/v1/oidc/login"): "sends the browser to the provider",
    ("GET", "/api/v1/oidc/callback"): "needs the cookie of a sign-in under way",
}
# Rooms of this issue; others bring their own tests.
ROOMS = ("devices", "boot", "network", "events", "audit", "accounts", "health")
NOT_ASKED = {
    ("GET", "/api/v1/events"): "a stream that does not end",
    ("DELETE", "/api/v1/tokens/{token_id}"): "would revoke the token these tests ask with",
}
# Codes every operation may answer with; FastAPI documents 422 only.
COMMON = {400, 401, 403, 404, 405, 409, 413, 422, 429, 503, 507}
CHECKS = [
    not_a_server_error,
    response_schema_conformance,
    content_type_conformance,
]


def operations(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if method in {"get", "post", "put", "patch", "delete", "head", "options"}
    ]


def filled(path: str) -> str:
    """Put something of the right shape into every `{...}` of a path."""
    return re.sub(r"\{[^}]*\}", "1", path)


@pytest.mark.anyio
async def test_every_route_but_a_written_few_wants_a_token(opened: OpenHouse):
    async with opened() as house:
        document = (await house.office.get("/api/v1/openapi.json")).json()
        asked = operations(document)
        assert len(asked) > 40
        for number, (method, path) in enumerate(asked):
            if (method, path) in OPEN:
                continue
            # An address of its own: too many tries from one are slowed down.
            stranger = house.at(f"10.1.{number // 250}.{number % 250 + 1}")
            answer = await stranger.request(method, filled(path))
            said = (method, path, answer.status_code, answer.text)
            assert answer.status_code == 401, said
            assert answer.json()["code"] == "token_missing", said
            assert answer.headers["www-authenticate"] == "Bearer", said
            assert set(answer.json()) == {"code", "message", "detail", "request_id"}


@pytest.mark.anyio
async def test_every_route_documents_that_it_wants_a_token(opened: OpenHouse):
    async with opened() as house:
        document = (await house.office.get("/api/v1/openapi.json")).json()
        for method, path in operations(document):
            wants = bool(document["paths"][path][method.lower()].get("security"))
            assert wants is ((method, path) not in OPEN), (method, path)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic eDp4", "bearer ktizo_", "Bearer ktizo_" + "A" * 43,
     "Bearer ktizo_" + "A" * 5000, "Token ktizo_x", "Bearer \xff"],
)  # fmt: skip
async def test_a_wrong_token_opens_nothing(header: str, opened: OpenHouse):
    async with opened() as house:
        headers = {"Authorization": header.encode("latin-1")}
        answer = await house.at("10.0.0.9").get("/api/v1/devices", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["code"] in {"token_missing", "token_refused"}


@pytest.mark.anyio
async def test_a_token_in_the_address_or_a_cookie_is_no_token(opened: OpenHouse):
    async with opened() as house:
        stranger = house.at("10.0.0.9")
        for path in ("?token=", "?access_token=", "?authorization=Bearer%20"):
            answer = await stranger.get(f"/api/v1/devices{path}{house.token}")
            assert answer.status_code == 401
        headers = {"Cookie": f"token={house.token}; Authorization=Bearer {house.token}"}
        assert (await stranger.get("/api/v1/devices", headers=headers)).status_code == 401


@pytest.mark.anyio
async def test_who_has_no_token_is_told_so_before_the_body_is_looked_at(opened: OpenHouse):
    async with opened() as house:
        headers = {"Content-Type": "application/json"}
        answer = await house.at("10.0.0.9").post(
            "/api/v1/devices", content=b'{"mac": nonsense', headers=headers
        )
        assert answer.status_code == 401, answer.text


@pytest.mark.anyio
@pytest.mark.parametrize("known", [False, True])
async def test_nobody_can_fill_the_memory_with_a_body_that_does_not_end(
    known: bool, opened: OpenHouse
):
    async with opened() as house:
        taken = 0

        async def endless() -> Any:
            nonlocal taken
            for _ in range(64):
                taken += 1024 * 1024
                yield b" " * (1024 * 1024)

        client = house.office if known else house.at("10.0.0.9")
        headers = {"Content-Type": "application/json"}
        answer = await client.post("/api/v1/devices", content=endless(), headers=headers)
        assert answer.status_code in {401, 413}, answer.text
        assert taken <= 4 * 1024 * 1024, "read into memory before anybody asked who it is"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (b"", {422}),
        (b"null", {422}),
        (b"[]", {422}),
        (b'"x"', {422}),
        (b'{"mac":"\\ud800"}', {422}),
        (b'{"mac":"525400aabb01","notes":"\\ud800"}', {422}),
        (b'{"mac":"525400aabb01","notes":"a\\u0000b"}', {422}),
        (b'{"mac":"525400aabb01","hostname":"a\\u0000b"}', {422}),
        (b'{"mac":"525400aabb01","hostname":"x\\n"}', {422}),
        (b'{"mac":"525400aabb01","tags":["a\\n"]}', {422}),
        (b'{"mac":"525400aabb01","state":"approved"}', {422}),
        (b'{"mac":"525400aabb01","mac":"525400aabb02"}', {201}),
        (b'{"mac":"\xff\xfe"}', {400, 422}),
        (b"[" * 100_000, {400, 422}),
        (b'{"mac":' + b"9" * 10_000 + b"}", {400, 422}),
        (b'{"mac":NaN}', {400, 422}),
    ],
)
async def test_an_odd_body_is_refused_with_a_code(body: bytes, statuses: set[int], house: House):
    headers = {"Content-Type": "application/json"}
    answer = await house.office.post("/api/v1/devices", content=body, headers=headers)
    assert answer.status_code in statuses, answer.text
    if answer.status_code != 201:
        assert answer.json()["code"]


@pytest.mark.anyio
@pytest.mark.parametrize("field", ["name", "kernel", "cmdline", "config_template", "config_name"])
async def test_no_text_of_a_profile_may_hold_what_postgresql_refuses(field: str, house: House):
    body = {"name": "mine", "type": "custom", "config_name": "x", field: "a\0b"}
    answer = await house.office.post("/api/v1/boot/profiles", json=body)
    assert answer.status_code == 422, answer.text


@pytest.mark.anyio
@pytest.mark.parametrize("text", ["%00", "a%00b", "%25", "_", "%5C", "%ff", "'", '"', "a" * 100])
async def test_any_text_can_be_searched_for(text: str, house: House):
    await house.see()
    for parameter in ("q", "actor", "subject"):
        path = "devices" if parameter == "q" else "audit"
        answer = await house.office.get(f"/api/v1/{path}?{parameter}={text}")
        assert answer.status_code in {200, 422}, answer.text


@pytest.mark.anyio
async def test_what_is_no_route_is_json_with_a_code(opened: OpenHouse):
    async with opened() as house:
        for path in ("/api", "/api/v1", "/api/v1/x", "/api/../api/v1/x"):
            answer = await house.office.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        answer = await house.office.delete("/api/v1/devices")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


# Generated from the document itself


class Bench:
    """A house with a loop of its own, for generated cases: they come one at a time, not awaited."""

    def __init__(self, folder: Path, grown: tuple[Path, str]) -> None:
        self.runner = asyncio.Runner()
        # No dnsmasq: whatever LAN settings come, nothing is started on this box.
        self._opened = open_house(folder, grown=grown, dnsmasq_path="/nonexistent/dnsmasq")
        self.house: House = self.runner.run(self._opened.__aenter__())
        document = self.runner.run(self.house.office.get("/api/v1/openapi.json")).json()
        self.schema = schemathesis.openapi.from_dict(document)

    def close(self) -> None:
        self.runner.run(self._opened.__aexit__(None, None, None))
        self.runner.close()

    def send(self, case: schemathesis.Case) -> httpx.Response:
        kwargs = case.as_transport_kwargs(base_url="http://ktizo.test:8000")
        kwargs = {key: value for key, value in kwargs.items() if key in SENT and value is not None}
        if "data" in kwargs:
            kwargs["content"] = kwargs.pop("data")
        kwargs["headers"] = {**kwargs.get("headers", {}), **self.house.office.headers}
        request = self.house.office.build_request(**kwargs)
        return self.runner.run(self.house.office.send(request))


SENT = {"method", "url", "params", "json", "content", "data", "headers"}


@pytest.fixture
def bench(tmp_path: Path, grown: tuple[Path, str]) -> Iterator[Bench]:
    made = Bench(tmp_path, grown)
    made.runner.run(made.house.ready(MAC))
    yield made
    made.close()


@pytest.mark.parametrize("room", ROOMS)
def test_generated_requests_get_what_the_document_says(room: str, bench: Bench):
    asked = 0
    for result in bench.schema.get_all_operations():
        operation = result.ok()
        name = (operation.method.upper(), operation.path)
        if name in NOT_ASKED or room not in operation.tags:
            continue
        asked += 1

        @settings(
            max_examples=12,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            answer = bench.send(case)
            checks = list(CHECKS)
            if answer.status_code not in COMMON:
                checks.append(status_code_conformance)
            else:
                assert set(answer.json()) == {"code", "message", "detail", "request_id"}
                checks.remove(response_schema_conformance)
            case.validate_response(answer, checks=checks)

        ask()
    assert asked, f"no operation is tagged {room}"


def test_every_operation_of_the_document_is_in_a_room_that_is_tested(bench: Bench):
    for result in bench.schema.get_all_operations():
        operation = result.ok()
        assert operation.tags, operation.path
    kept: set[str] = {tag for r in bench.schema.get_all_operations() for tag in r.ok().tags}
    assert set(ROOMS) <= kept
