"""The judge itself, without Prism: what counts against a request, and what does not."""

import json
from typing import Any, cast

import httpx
import pytest

from .declared import operation, undeclared
from .judge import NO_SERVER, PROBLEM, Complaint, Judge, Verdict, refusals
from .trial import Beyond, Trial

DOCUMENT: dict[str, Any] = {
    "servers": [{"url": "https://api.example.com/v1"}],
    "paths": {
        "/servers/{id}": {"parameters": [{"name": "id", "in": "path"}], "get": {}},
        "/servers/mine": {"get": {}},
        "/servers": {
            "post": {
                "parameters": [{"$ref": "#/components/parameters/page"}],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/body"}}}
                },
            }
        },
    },
    "components": {
        "parameters": {"page": {"name": "page[size]", "in": "query"}},
        "body": {
            "allOf": [
                {"properties": {"name": {"type": "string"}}},
                {
                    "oneOf": [
                        {"properties": {"disks": {"items": {"properties": {"count": {}}}}}},
                        {"properties": {"labels": {"additionalProperties": {}, "properties": {}}}},
                    ]
                },
            ]
        },
    },
}
HIDDEN = {"location": ["request", "body", "site"], "severity": "Error", "message": "is wrong"}


def told(status: int, violations: list[Any], body: Any = None) -> httpx.Response:
    headers = {"sl-violations": json.dumps(violations)} if violations else {}
    return httpx.Response(status, headers=headers, json=body)


def asked(query: list[str], body: Any, content_type: str = "application/json") -> list[str]:
    found = operation(DOCUMENT, "POST", "/servers")
    assert found is not None
    return list(undeclared(DOCUMENT, found[1], query, content_type, body))


def test_a_violation_counts_even_where_the_vendors_own_example_is_answered() -> None:
    example = {"errors": [{"code": "REINSTALL_UNAVAILABLE"}]}
    assert refusals(told(422, [HIDDEN], example)) == ["request.body.site: is wrong"]
    assert refusals(told(200, [HIDDEN])) == ["request.body.site: is wrong"]


@pytest.mark.parametrize("kind", ["VIOLATIONS", "NO_RESPONSE_RESPONSE_DEFINED"])
def test_a_specification_with_bad_examples_of_answers_is_no_fault_of_the_request(kind: str) -> None:
    answers = HIDDEN | {"location": ["response", "body"]}
    assert refusals(told(500, [answers], {"type": f"{PROBLEM}{kind}"})) == []
    assert refusals(told(500, [answers, HIDDEN], {"type": f"{PROBLEM}{kind}"})) != []


@pytest.mark.parametrize("status", [400, 401, 404, 405, 406, 415, 422, 500])
def test_a_refusal_that_says_nothing_else_is_one(status: int) -> None:
    assert refusals(httpx.Response(status, text="")) != []
    assert refusals(httpx.Response(status, json=["odd"])) != []
    assert refusals(told(status, [], {"type": f"{PROBLEM}UNAUTHORIZED"})) != []


def test_too_many_violations_to_read_are_violations() -> None:
    many = httpx.Response(200, headers={"sl-violations": 'Too many violations! [{"loc'})
    assert refusals(many) == ['Too many violations! [{"loc']


def test_a_written_out_path_is_meant_before_one_with_a_variable() -> None:
    found = operation(DOCUMENT, "GET", "/servers/mine")
    assert found is not None
    assert found[0] == "/servers/mine"
    assert operation(DOCUMENT, "GET", "/servers/") is None
    assert operation(DOCUMENT, "PUT", "/servers/mine") is None


def test_every_word_that_is_not_declared_is_found_at_any_depth() -> None:
    right = {"name": "a", "disks": [{"count": 1}], "labels": {"any": "thing"}}
    assert asked(["page[size]"], right) == []
    assert asked(["page"], {"nmae": "a", "disks": [{"count": 1}, {"cuont": 2}]}) == [
        "the query parameter page is not declared",
        "the field nmae is not declared",
        "the field disks[].cuont is not declared",
    ]
    assert asked([], right, "text/plain") == ["no body of type text/plain is declared"]


class Says:
    """A judge that has one thing against everything."""

    async def verdict(self, request: httpx.Request) -> Verdict:
        name = f"{request.method} {request.url.path}"
        return Verdict(name, (Complaint(name, "NO_PATH_MATCHED"),))


@pytest.mark.anyio
async def test_only_what_is_listed_is_excused_and_what_is_never_asked_is_stale() -> None:
    listed = Beyond("GET /cart/*", "NO_PATH", "not in the file")
    beyond = (
        listed,
        Beyond("GET /cart/*", "another fault", "as above"),
        Beyond("PUT /cart/*", "NO_PATH", "as above"),
    )
    answers = httpx.MockTransport(lambda _request: httpx.Response(204))
    trial = Trial(cast(Judge, Says()), answers, beyond)
    async with httpx.AsyncClient(transport=trial, base_url="https://api.example.com") as http:
        assert (await http.get("/cart/1/items")).status_code == 204
        await http.post("/cart/1")
    assert trial.wrong == [Complaint("POST /cart/1", "NO_PATH_MATCHED")]
    assert trial.stale == [*beyond[1:]]
    assert trial.known == set()


@pytest.mark.anyio
async def test_another_address_than_the_vendors_is_refused() -> None:
    async with Judge("http://127.0.0.1:1", DOCUMENT) as judge:
        for url in ("https://api.example.org/v1/servers", "https://api.example.com/v2/servers"):
            verdict = await judge.verdict(httpx.Request("GET", url))
            assert verdict.complaints[0].says.startswith(NO_SERVER)
