"""Every request to Vultr, before its OpenAPI document of 2023-02 with its bare metal of 2026."""

from typing import Any, cast

import pytest
from pydantic import SecretStr

from ktizo.providers.vultr import make
from ktizo.providers.vultr.declaration import VultrSettings
from providers import cases_vultr
from providers.contract import Case
from providers.double_vultr import INSTANCE_PLAN, KEY, METAL_PLAN, VultrDouble

from . import vultr_2026
from .judge import Judge
from .specs import Spec
from .story import Story, sleepless, verbs
from .trial import Beyond, Trial, objections

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket, pytest.mark.slow]
SPEC = Spec("vultr.json", amend=vultr_2026.amend)
API = "https://api.vultr.com/v2"
HEADERS = {"Authorization": f"Bearer {KEY}"}
BEYOND: tuple[Beyond, ...] = ()  # with the delta of 2026 the document knows everything we ask
METAL, INSTANCE = f"bm/{METAL_PLAN}", f"vm/{INSTANCE_PLAN}"
OPERATIONS = {
    "GET /account",
    "GET /plans",
    "GET /plans-metal",
    "GET /regions",
    "GET /regions/{region-id}/availability",
    "GET /ssh-keys",
    "POST /ssh-keys",
    "GET /bare-metals",
    "POST /bare-metals",
    "GET /bare-metals/{baremetal-id}",
    "PATCH /bare-metals/{baremetal-id}",
    "DELETE /bare-metals/{baremetal-id}",
    "POST /bare-metals/{baremetal-id}/reinstall",
    "POST /bare-metals/{baremetal-id}/start",
    "POST /bare-metals/{baremetal-id}/halt",
    "POST /bare-metals/{baremetal-id}/reboot",
    "GET /instances",
    "POST /instances",
    "GET /instances/{instance-id}",
    "DELETE /instances/{instance-id}",
    "POST /instances/{instance-id}/start",
    "POST /instances/{instance-id}/halt",
    "POST /instances/{instance-id}/reboot",
}
SERVER = "/bare-metals/cb676a46-66fd-4dfb-b839-443f2e6c0b60"
ORDER = {"region": "ams", "plan": METAL_PLAN, "os_id": 159, "ipxe_chain_url": "http://k.example/b"}


async def case_of(plan: str, judge: Judge) -> tuple[Case, Trial]:
    case = await cases_vultr.make(plan)
    await case.client.close()
    trial = Trial(judge, case.double.transport, BEYOND)
    case.client = make(VultrSettings(api_key=SecretStr(KEY)), trial, sleepless)
    return case, trial


@pytest.mark.parametrize(
    ("plan", "other", "unsupported"),
    [(METAL, "instance", set()), (INSTANCE, "bare-metal", {"reinstall_ipxe"})],
)
async def test_every_request_from_the_first_look_to_the_end_is_one_the_vendor_knows(
    judge: Judge, plan: str, other: str, unsupported: set[str]
) -> None:
    case, trial = await case_of(plan, judge)
    story = Story(case)
    await story.whole()
    assert trial.wrong == []
    assert story.used == verbs(case.client)
    assert story.unsupported == unsupported
    looked = {f"GET /{other}s"}  # both kinds are listed, and one of them is bought
    assert trial.known >= {one for one in OPERATIONS if f"/{other}" not in one} | looked
    assert trial.stale == []
    await case.client.close()


async def test_a_server_with_another_system_is_patched_as_the_vendor_knows_it(
    judge: Judge,
) -> None:
    case, trial = await case_of(METAL, judge)
    server = await Story(case).bought()
    cast(VultrDouble, case.double).servers[server.id.removeprefix("bm/")]["os_id"] = 2136
    await case.client.reinstall_ipxe(server.id, case.wanted.boot_url)
    assert trial.wrong == []
    assert trial.heard["PATCH /bare-metals/{baremetal-id}"] == 1
    assert trial.heard["POST /bare-metals/{baremetal-id}/reinstall"] == 0
    await case.client.close()


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "/bare-metals", {"plan": METAL_PLAN}, "must have required property 'region'"),
        ("POST", "/bare-metals", ORDER | {"os_id": "159"}, "must be integer"),
        ("POST", "/bare-metals", ORDER | {"os_id": 2136}, "os_id"),
        ("POST", "/bare-metals", ORDER | {"ipxe": "http://k.example/b"}, "ipxe is not declared"),
        ("POST", "/bare-metals", ORDER | {"mdisk_mode": "raid5"}, "mdisk_mode"),
        ("PATCH", SERVER, {"hostname": "cp-2"}, "hostname is not declared"),
        ("POST", f"{SERVER}/ipxe", {}, "NO_PATH_MATCHED"),
        ("POST", f"{SERVER}/reinstall", {"ipxe_chain_url": "http://k.example/b"}, "no body"),
        ("PATCH", "/instances/1", {"ipxe_chain_url": "x"}, "ipxe_chain_url is not declared"),
    ],
)
async def test_a_request_that_the_vendor_does_not_know_is_refused(
    judge: Judge, method: str, path: str, body: Any, says: str
) -> None:
    assert says in await objections(judge, method, f"{API}{path}", HEADERS, body)


async def test_a_right_request_is_not_refused_unless_it_has_no_key(judge: Judge) -> None:
    assert await objections(judge, "POST", f"{API}/bare-metals", HEADERS, ORDER) == ""
    assert await objections(judge, "GET", f"{API}/account", {}) != ""
