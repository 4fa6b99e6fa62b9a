"""Every request to Latitude.sh, before its OpenAPI document "2023-06-01" as of 2026-07-16."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from ktizo.providers.latitude import make
from ktizo.providers.latitude.declaration import LatitudeSettings
from providers import cases_latitude
from providers.contract import Case
from providers.double_latitude import KEY, PROJECT

from .judge import Judge
from .specs import Spec
from .story import Story, sleepless, verbs
from .trial import Beyond, Trial, objections

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket, pytest.mark.slow]
SPEC = Spec("latitude.yaml")
API = "https://api.latitude.sh"
HEADERS = {"Authorization": f"Bearer {KEY}", "Accept": "application/vnd.api+json"}
BEYOND = (
    Beyond(
        "POST /servers",
        "data.attributes.persistent_netboot is not declared",
        "new in 2026: the vendor's Python SDK 3.4.6 (2026-10-26) has it",
    ),
)
OPERATIONS = {
    "GET /team",
    "GET /projects",
    "GET /plans",
    "GET /plans/operating_systems",
    "GET /regions",
    "GET /ssh_keys",
    "POST /ssh_keys",
    "GET /servers",
    "POST /servers",
    "GET /servers/{server_id}",
    "DELETE /servers/{server_id}",
    "POST /servers/{server_id}/actions",
    "POST /servers/{server_id}/reinstall",
}
ORDER = {
    "project": "metal",
    "plan": "m4-metal-small",
    "site": "ASH",
    "operating_system": "ipxe",
    "hostname": "cp-1",
    "ipxe": "http://ktizo.example/boot",
    "billing": "hourly",
}


def document(kind: str, **attributes: Any) -> dict[str, Any]:
    return {"data": {"type": kind, "attributes": attributes}}


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    made = await cases_latitude.make()
    yield made
    await made.client.close()


@pytest.fixture
async def trial(case: Case, judge: Judge) -> Trial:
    """The client's requests go to the judge first, then to the double."""
    await case.client.close()
    trial = Trial(judge, case.double.transport, BEYOND)
    settings = LatitudeSettings(api_key=SecretStr(KEY), project=PROJECT["slug"])
    case.client = make(settings, trial, sleepless)
    return trial


async def told(case: Case) -> Story:
    story = Story(case)
    await story.whole()
    case.wanted = replace(case.wanted, options={"persistent_netboot": True})
    await story.bought()
    return story


async def test_every_request_from_the_first_look_to_the_end_is_one_the_vendor_knows(
    case: Case, trial: Trial
) -> None:
    story = await told(case)
    assert trial.wrong == []
    assert story.used == verbs(case.client)
    assert story.unsupported == set()
    assert trial.known >= OPERATIONS


async def test_nothing_is_excused_that_is_not_asked(case: Case, trial: Trial) -> None:
    await told(case)
    assert trial.stale == []


SERVER = "/servers/sv_1"


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", f"{SERVER}/actions/reinstall", document("reinstalls"), "NO_PATH_MATCHED"),
        ("POST", f"{SERVER}/reinstall", document("reinstalls", operating_system="talos"), "equal"),
        ("POST", f"{SERVER}/reinstall", document("servers"), "must be equal"),
        ("POST", f"{SERVER}/actions", document("actions", action="power_cycle"), "must be equal"),
        ("POST", "/servers", document("servers", **ORDER | {"billing": "daily"}), "must be equal"),
        ("POST", "/servers", document("servers", **ORDER, biling="hourly"), "biling is not decl"),
        ("POST", "/servers", ORDER, "the field project is not declared"),
        ("GET", "/servers?filter[tag]=x", None, "filter[tag] is not declared"),
        ("PUT", SERVER, document("servers", hostname="cp-2"), "NO_METHOD_MATCHED"),
    ],
)
async def test_a_request_that_the_vendor_does_not_know_is_refused(
    judge: Judge, method: str, path: str, body: Any, says: str
) -> None:
    assert says in await objections(judge, method, f"{API}{path}", HEADERS, body)


async def test_a_right_request_is_not_refused_unless_it_has_no_key(judge: Judge) -> None:
    order = document("servers", **ORDER)
    assert await objections(judge, "POST", f"{API}/servers", HEADERS, order) == ""
    assert "UNAUTHORIZED" in await objections(judge, "GET", f"{API}/servers", {})
