"""Every request about OVHcloud's servers, before its OpenAPI document of /dedicated/server.

That document (2025-10) has none of the account's and the orders' paths: they are listed below.
"""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from ktizo.providers.ovh import OvhClient, make
from providers import cases_ovh
from providers.contract import Case
from providers.double_ovh_orders import CONSUMER, KEY, TOKEN

from .judge import NO_SERVER, Judge
from .specs import Spec
from .story import Story, sleepless, verbs
from .trial import Beyond, Trial, objections

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket, pytest.mark.slow]
SPEC = Spec("ovh-dedicated-server.json")
API = "https://eu.api.ovh.com/1.0"
HEADERS = {"X-Ovh-Application": KEY, "X-Ovh-Consumer": CONSUMER}
ELSEWHERE = "NO_PATH_MATCHED"
BEYOND = (
    Beyond("GET /auth/time", ELSEWHERE, "the clock is in /auth.json"),
    Beyond("POST /auth/oauth2/token", NO_SERVER, "tokens are RFC 6749's, at another address"),
    Beyond("GET /me", ELSEWHERE, "the account is in /me.json"),
    Beyond("GET /me/sshKey*", ELSEWHERE, "its keys are in /me.json"),
    Beyond("POST /me/sshKey", ELSEWHERE, "its keys are in /me.json"),
    Beyond("GET /me/order/*", ELSEWHERE, "its orders are in /me.json"),
    Beyond("GET /order/catalog/public/*", ELSEWHERE, "the catalogues are in /order.json"),
    Beyond("GET /order/cart*", ELSEWHERE, "carts are in /order.json"),
    Beyond("POST /order/cart*", ELSEWHERE, "carts are in /order.json"),
    Beyond("PUT /order/cart/*", ELSEWHERE, "carts are in /order.json"),
    Beyond("DELETE /order/cart/*", ELSEWHERE, "carts are in /order.json"),
    Beyond("POST /v2/iam/resource/*/tag", NO_SERVER, "tags are in the other API, /v2/iam.json"),
)
OPERATIONS = {
    "GET /dedicated/server",
    "GET /dedicated/server/{serviceName}",
    "PUT /dedicated/server/{serviceName}",
    "GET /dedicated/server/{serviceName}/serviceInfos",
    "GET /dedicated/server/{serviceName}/networkInterfaceController",
    "GET /dedicated/server/{serviceName}/task",
    "GET /dedicated/server/{serviceName}/task/{taskId}",
    "GET /dedicated/server/{serviceName}/boot",
    "GET /dedicated/server/{serviceName}/boot/{bootId}",
    "POST /dedicated/server/{serviceName}/reboot",
    "POST /dedicated/server/{serviceName}/terminate",
    "POST /dedicated/server/{serviceName}/confirmTermination",
    "GET /dedicated/server/datacenter/availabilities",
}
SERVER = "/dedicated/server/ns1.ip-192-0-2.eu"


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    made = await cases_ovh.make()
    yield made
    await made.client.close()


@pytest.fixture
async def trial(case: Case, judge: Judge) -> Trial:
    """The client's requests go to the judge first, then to the double."""
    await case.client.close()
    trial = Trial(judge, case.double.transport, BEYOND)
    case.client = make(cases_ovh.signed(), trial, sleepless)
    return trial


async def test_every_request_from_the_first_look_to_the_end_is_one_the_vendor_knows(
    case: Case, trial: Trial
) -> None:
    story = Story(case)
    await story.catalogue()
    server = await story.bought()
    client = cast(OvhClient, case.client)
    await client.boot_from_network(server.id, case.wanted.boot_url)
    await story.used_and_given_back(server, token=TOKEN)
    by_token = make(cases_ovh.service_account(), trial, sleepless)
    await by_token.check()
    await by_token.close()
    assert trial.wrong == []
    assert story.used == verbs(case.client)
    assert story.unsupported == {"power"}  # on and off
    assert trial.known >= OPERATIONS
    assert trial.stale == []  # nothing is excused that is not asked


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("PUT", SERVER, {"bootType": "ipxeCustomerScript"}, "bootType is not declared"),
        ("GET", f"{SERVER}/boot?bootType=ipxeCustomerScript", None, "allowed values: harddisk"),
        ("PUT", SERVER, {"bootId": "harddisk"}, "bootId"),
        ("POST", f"{SERVER}/confirmTermination", {"reason": "OTHER"}, "token"),
        (
            "POST",
            f"{SERVER}/confirmTermination",
            {"token": "t", "reason": "BORED"},
            "reason",
        ),
        ("GET", "/me/ipxeScript", None, ELSEWHERE),
        ("POST", f"{SERVER}/actions", {}, ELSEWHERE),
        ("GET", f"{SERVER}/task?function=boot", None, "function"),
    ],
)
async def test_a_request_that_the_vendor_does_not_know_is_refused(
    judge: Judge, method: str, path: str, body: Any, says: str
) -> None:
    assert says in await objections(judge, method, f"{API}{path}", HEADERS, body)


async def test_a_right_request_is_not_refused(judge: Judge) -> None:
    body = {"bootScript": "#!ipxe\nchain http://ktizo.example/boot\n"}
    assert await objections(judge, "PUT", f"{API}{SERVER}", HEADERS, body) == ""
