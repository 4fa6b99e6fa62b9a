"""Every request to Scaleway, before the OpenAPI document of Elastic Metal v1 (2025-05)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from ktizo.providers.scaleway import make
from ktizo.providers.scaleway.declaration import ScalewaySettings
from providers import cases_scaleway
from providers.contract import Case
from providers.double_scaleway import OFFERS, PROJECT

from .judge import Judge
from .specs import Spec
from .story import Story, sleepless, verbs
from .trial import Beyond, Trial, objections

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket, pytest.mark.slow]
SPEC = Spec("scaleway-baremetal.yaml")
API = "https://api.scaleway.com"
SERVERS = "/baremetal/v1/zones/fr-par-2/servers"
SERVER = f"{SERVERS}/0c3b1f2a-0000-4000-8000-000000000000"
HEADERS = {"X-Auth-Token": cases_scaleway.SECRET}
BEYOND = (
    Beyond("GET /iam/v1alpha1/ssh-keys", "NO_PATH_MATCHED", "keys are in the IAM API's document"),
    Beyond("POST /iam/v1alpha1/ssh-keys", "NO_PATH_MATCHED", "keys are in the IAM API's document"),
)
ZONE = "/baremetal/v1/zones/{zone}"
OPERATIONS = {
    f"GET {ZONE}/offers",
    f"GET {ZONE}/servers",
    f"POST {ZONE}/servers",
    f"GET {ZONE}/servers/{{server_id}}",
    f"DELETE {ZONE}/servers/{{server_id}}",
    f"POST {ZONE}/servers/{{server_id}}/start",
    f"POST {ZONE}/servers/{{server_id}}/stop",
    f"POST {ZONE}/servers/{{server_id}}/reboot",
}
ORDER = {
    "offer_id": OFFERS["fr-par-2"][0],
    "name": "node1",
    "description": "ordered by Ktizo",
    "project_id": PROJECT,
    "tags": ["k"],
}


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    made = await cases_scaleway.make()
    yield made
    await made.client.close()


@pytest.fixture
async def trial(case: Case, judge: Judge) -> Trial:
    """The client's requests go to the judge first, then to the double."""
    await case.client.close()
    trial = Trial(judge, case.double.transport, BEYOND)
    settings = ScalewaySettings(
        secret_key=SecretStr(cases_scaleway.SECRET),
        project_id=PROJECT,
        zones=("fr-par-2", "nl-ams-1"),
    )
    case.client = make(settings, trial, sleepless)
    return trial


async def test_every_request_from_the_first_look_to_the_end_is_one_the_vendor_knows(
    case: Case, trial: Trial
) -> None:
    story = Story(case)
    await story.whole()
    assert trial.wrong == []
    assert story.used == verbs(case.client)
    assert story.unsupported == {"reinstall_ipxe"}
    assert trial.known >= OPERATIONS
    assert trial.stale == []  # nothing is excused that is not asked


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", f"{SERVER}/actions", {"action": "reboot"}, "NO_PATH_MATCHED"),
        ("POST", f"{SERVER}/reboot", {"boot_type": "ipxe"}, "boot_type"),
        ("POST", f"{SERVER}/reboot", {"boot": "rescue"}, "boot is not declared"),
        ("POST", SERVERS, ORDER | {"ipxe": "http://k.example/b"}, "ipxe is not declared"),
        ("POST", SERVERS, ORDER | {"tags": "k"}, "must be array"),
    ],
)
async def test_a_request_that_the_vendor_does_not_know_is_refused(
    judge: Judge, method: str, path: str, body: Any, says: str
) -> None:
    assert says in await objections(judge, method, f"{API}{path}", HEADERS, body)


async def test_a_right_request_is_not_refused_unless_it_has_no_key(judge: Judge) -> None:
    assert await objections(judge, "POST", f"{API}{SERVERS}", HEADERS, ORDER) == ""
    assert await objections(judge, "GET", f"{API}{SERVERS}", {}) != ""
