"""Every request to DigitalOcean, before the droplets' part of its OpenAPI document (2026-08-07)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from ktizo.providers.digitalocean import make
from ktizo.providers.digitalocean.declaration import DigitalOceanSettings
from providers import cases_digitalocean
from providers.contract import Case
from providers.double_digitalocean import IMAGE, SIZE, TOKEN

from .judge import Judge
from .specs import Spec
from .story import Story, sleepless, verbs
from .trial import Beyond, Trial, objections

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket, pytest.mark.slow]
SPEC = Spec("digitalocean-compute.json")
API = "https://api.digitalocean.com/v2"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
BEYOND: tuple[Beyond, ...] = ()
OPERATIONS = {
    "GET /v2/account",
    "GET /v2/account/keys",
    "POST /v2/account/keys",
    "GET /v2/sizes",
    "GET /v2/regions",
    "GET /v2/images",
    "GET /v2/images/{image_id}",
    "GET /v2/droplets",
    "POST /v2/droplets",
    "GET /v2/droplets/{droplet_id}",
    "DELETE /v2/droplets/{droplet_id}",
    "POST /v2/droplets/{droplet_id}/actions",
}
ORDER = {"name": "cp-1", "region": "nyc3", "size": SIZE, "image": IMAGE, "ssh_keys": [289794]}
VPC = "760e09ef-dc84-11e8-981e-3cfdfeaae000"


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    made = await cases_digitalocean.make()
    yield made
    await made.client.close()


@pytest.fixture
async def trial(case: Case, judge: Judge) -> Trial:
    """The client's requests go to the judge first, then to the double."""
    await case.client.close()
    trial = Trial(judge, case.double.transport, BEYOND)
    settings = DigitalOceanSettings(token=SecretStr(TOKEN), image="talos-v1.12")
    case.client = make(settings, trial, sleepless)
    return trial


async def test_every_request_from_the_first_look_to_the_end_is_one_the_vendor_knows(
    case: Case, trial: Trial
) -> None:
    story = Story(case)
    await story.whole()
    case.wanted = replace(case.wanted, options={"image": str(IMAGE), "vpc_uuid": VPC})
    await story.bought()
    assert trial.wrong == []
    assert story.used == verbs(case.client)
    assert story.unsupported == {"reinstall_ipxe"}
    assert trial.known >= OPERATIONS
    assert trial.stale == []
    assert "DELETE /v2/droplets" not in trial.heard  # which deletes all that has a tag


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "/droplets", {"name": "cp-1", "region": "nyc3"}, "must have required property"),
        ("POST", "/droplets", ORDER | {"ipxe": "http://k.example/b"}, "ipxe is not declared"),
        ("POST", "/droplets", ORDER | {"tags": "one"}, "must be array"),
        ("POST", "/droplets/1/actions", {"type": "reinstall"}, "type"),
        ("POST", "/droplets/1/actions", {"type": "rebuild", "img": 1}, "img is not declared"),
        ("POST", "/droplets/1/reinstall", {}, "NO_PATH_MATCHED"),
        ("GET", "/droplets?per_page=201", None, "per_page"),
        ("GET", "/droplets?type=metal", None, "type"),
        ("GET", "/droplets?tag=x", None, "the query parameter tag is not declared"),
        ("POST", "/account/keys", {"name": "operator"}, "public_key"),
    ],
)
async def test_a_request_that_the_vendor_does_not_know_is_refused(
    judge: Judge, method: str, path: str, body: Any, says: str
) -> None:
    assert says in await objections(judge, method, f"{API}{path}", HEADERS, body)


async def test_a_right_request_is_not_refused_unless_it_has_no_token(judge: Judge) -> None:
    assert await objections(judge, "POST", f"{API}/droplets", HEADERS, ORDER) == ""
    assert await objections(judge, "GET", f"{API}/account", {}) != ""
