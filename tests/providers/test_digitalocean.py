"""What is peculiar to DigitalOcean; what every provider must do is in test_contract.py."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from ktizo.providers.base import PowerAction, Price, Status
from ktizo.providers.digitalocean import make as make_client
from ktizo.providers.digitalocean.client import DigitalOcean
from ktizo.providers.digitalocean.declaration import DigitalOceanSettings
from ktizo.providers.errors import (
    Gone,
    NotYet,
    ProviderError,
    Rejected,
    Unsupported,
)
from ktizo.providers.guard import echo_of_order

from .cases_digitalocean import make
from .contract import Case
from .double_digitalocean import IMAGE, REGIONS, SIZE, TOKEN, DigitalOceanDouble, size_of

pytestmark = pytest.mark.anyio


async def ocean(image: str = "talos-v1.12") -> tuple[DigitalOcean, DigitalOceanDouble, Case]:
    case = await make()
    assert isinstance(case.double, DigitalOceanDouble)
    client = client_of(case.double.answer, image)
    return client, case.double, case


def client_of(answer: Callable[[httpx.Request], httpx.Response], image: str = "") -> DigitalOcean:
    async def sleep(_seconds: float) -> None: ...

    settings = DigitalOceanSettings(token=SecretStr(TOKEN), image=image)
    return make_client(settings, httpx.MockTransport(answer), sleep)


async def test_an_order_starts_from_the_talos_image_and_carries_nothing_secret() -> None:
    client, double, case = await ocean()
    server = await client.create_server(case.wanted, "ams3")
    assert double.orders == [
        {
            "name": "cp-1",
            "region": "ams3",
            "size": SIZE,
            "image": IMAGE,
            "ssh_keys": [289794],
            "tags": ["ktizo-4f1c9a"],
            "backups": False,
            "ipv6": False,
            "monitoring": False,
            "with_droplet_agent": False,
        }
    ]
    assert (server.status, server.raw_status) == (Status.PROVISIONING, "new (locked)")
    assert server.price == Price("USD", hourly=Decimal("0.03571"), monthly=Decimal(24))


async def test_an_order_may_name_its_keys_its_image_and_its_network() -> None:
    client, double, case = await ocean(image="")
    vpc = "760e09ef-dc84-11e8-981e-3cfdfeaae000"
    keys = ("512189", "3b:16:e4:bf:8b:00:8b:b8:59:8c:a9:d3:f0:19:fa:45")
    options = {"image": str(IMAGE), "vpc_uuid": vpc}
    await client.create_server(replace(case.wanted, ssh_keys=keys, options=options), "nyc3")
    assert double.orders[0]["ssh_keys"] == [512189, keys[1]]
    assert double.orders[0]["vpc_uuid"] == vpc
    assert double.orders[0]["image"] == IMAGE


async def test_what_an_order_needs_is_missed_before_the_price_is_told() -> None:
    client, double, case = await ocean()
    double.keys = []
    with pytest.raises(Rejected, match="SSH key"):
        await client.price_of(case.wanted)
    double.images[0]["min_disk_size"] = 500
    with pytest.raises(Rejected, match="disk"):
        await client.price_of(case.wanted)
    double.images[0]["regions"] = ["ams3"]
    with pytest.raises(Rejected, match="not in nyc3"):
        await client.price_of(replace(case.wanted, regions=("ams3", "nyc3")))
    assert double.orders == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"status": "NEW"}, NotYet),
        ({"status": "pending"}, NotYet),
        ({"status": "retired"}, Rejected),
        ({"status": None}, Rejected),
        ({"public": True}, Rejected),
        ({"name": "other"}, Rejected),
        ({"id": None}, ProviderError),
    ],
)
async def test_an_image_that_cannot_be_used_is_refused(
    change: dict[str, Any], error: type[Exception]
) -> None:
    client, double, case = await ocean()
    double.images[0] |= change
    with pytest.raises(error):
        await client.create_server(case.wanted, "nyc3")
    assert double.orders == []


async def test_two_images_of_one_name_are_told_by_their_numbers() -> None:
    client, double, case = await ocean()
    double.images.append({**double.images[0], "id": 5})
    with pytest.raises(Rejected, match=f"{IMAGE}, 5"):
        await client.price_of(case.wanted)


@pytest.mark.parametrize("image", ["", "nobodys", "42"])
async def test_an_account_without_a_talos_image_is_told_how_to_make_one(image: str) -> None:
    client, _, case = await ocean(image)
    with pytest.raises(Rejected, match=r"digital-ocean-amd64\.raw\.gz"):
        await client.price_of(case.wanted)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "under_score"},
        {"name": "cp-"},
        {"name": "a" * 256},
        {"tag": "with.dot"},
        {"tag": ""},
        {"options": {"user_data": "secret"}},
        {"options": {"vpc_uuid": "../x"}},
    ],
)
async def test_what_they_would_refuse_or_change_is_refused_unasked(change: dict[str, Any]) -> None:
    case = await make()
    wanted = replace(case.wanted, **change)
    for ask in (case.client.price_of(wanted), case.client.create_server(wanted, "nyc3")):
        with pytest.raises(Rejected):
            await ask
    assert case.double.requests == []


async def test_a_size_too_small_for_talos_is_shown_and_not_ordered() -> None:
    client, _, case = await ocean()
    [_, small] = await client.plans()
    assert (small.talos, small.why) == (False, "Talos wants 1 GiB of memory")
    with pytest.raises(Unsupported, match="take a larger size"):
        await client.price_of(replace(case.wanted, plan=small.id))


async def test_a_reinstall_by_ipxe_is_refused_with_the_way_out_and_nothing_is_sent() -> None:
    case = await make()
    with pytest.raises(Unsupported, match=r"rebuild it from the Talos image, delete it.*ipxe_rein"):
        await case.client.reinstall_ipxe("3164444", case.wanted.boot_url)
    assert case.double.requests == []


async def test_a_rebuild_writes_the_talos_image_again() -> None:
    client, double, case = await ocean()
    server = await client.create_server(case.wanted, "nyc3")
    with pytest.raises(NotYet):
        await client.reinstall_image(server.id)
    double.deliver()
    double.deliver()
    await client.reinstall_image(server.id)
    assert double.actions == [{"type": "rebuild", "image": IMAGE}]
    assert (await client.get_server(server.id)).raw_status == "active (locked)"
    assert (await client.get_server(server.id)).status is Status.PROVISIONING


@pytest.mark.parametrize("number", ["", "0", "?tag_name=x", "1/actions", "١٢", "-1", "1" * 40])
async def test_what_is_no_number_never_becomes_a_path(number: str) -> None:
    case = await make()
    with pytest.raises(Gone):
        await case.client.get_server(number)
    assert (await case.client.delete_server(number)).status is Status.GONE
    with pytest.raises(Gone):
        await case.client.power(number, PowerAction.OFF)
    assert case.double.requests == []


async def test_a_delete_names_one_droplet_and_no_tag() -> None:
    case = await make()
    one = await case.client.create_server(case.wanted, "nyc3")
    other = await case.client.create_server(case.wanted, "nyc3")
    await case.client.delete_server(one.id)
    [request] = [request for request in case.double.requests if request.method == "DELETE"]
    assert request.url.path == f"/v2/droplets/{one.id}"
    assert not request.url.query
    assert [left.id for left in await case.client.list_servers()] == [other.id]


async def test_a_long_list_is_read_whole() -> None:
    client, double, case = await ocean()
    double.page = 2
    made = [(await client.create_server(case.wanted, "nyc3")).id for _ in range(5)]
    assert [one.id for one in await client.list_servers()] == made


async def test_a_droplet_with_a_gpu_is_found_again_and_not_ordered_twice() -> None:
    case = await make()
    assert isinstance(case.double, DigitalOceanDouble)
    case.double.sizes.append(size_of("gpu-h100x1-80gb", 245760, 3.38999))
    case.double.lose_answers = 1
    case.wanted = replace(case.wanted, plan="gpu-h100x1-80gb")
    echo = echo_of_order(case.wanted, await case.client.price_of(case.wanted))
    with pytest.raises(Exception, match="may have been ordered"):
        await case.guard().create(case.wanted, echo)
    await case.guard().create(case.wanted, echo)
    assert len(case.double.orders) == 1


@pytest.mark.parametrize("body", [{}, {"droplets": None}, []])
async def test_an_answer_without_a_list_is_never_an_empty_one(body: Any) -> None:
    with pytest.raises(ProviderError):
        await client_of(lambda _: httpx.Response(200, json=body)).list_servers()


async def test_a_list_without_an_end_ends() -> None:
    body = {"droplets": [], "links": {"pages": {"next": "https://evil.example/?page=2"}}}
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(200, json=body)

    with pytest.raises(ProviderError, match="does not end"):
        await client_of(answer).list_servers()
    assert set(asked) == {"api.digitalocean.com"}


async def test_the_catalogue_has_a_price_and_a_place_for_every_size() -> None:
    client, double, _ = await ocean()
    double.sold_out = {REGIONS[0]}
    [plan, _] = await client.plans()
    assert [(one.region, one.in_stock) for one in plan.offers] == [(REGIONS[1], True)]
    assert (plan.kind, plan.cores, plan.memory_gib, plan.disks) == ("vm", 2, 4.0, "80 GB")
