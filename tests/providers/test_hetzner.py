"""What is peculiar to Robot: forms, orders that become servers, odd errors, rescue and reset."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from urllib.parse import parse_qsl

import httpx
import pytest

from ktizo.core.clock import utc_now
from ktizo.providers.base import Capability, PowerAction, RescueLogin, Rescuer, Status
from ktizo.providers.errors import (
    CredentialsRefused,
    Failed,
    Forbidden,
    Gone,
    NotYet,
    OrderUnknown,
    OutOfStock,
    ProviderAway,
    ProviderError,
    RateLimited,
    Rejected,
    Unsupported,
)
from ktizo.providers.guard import echo_of_order
from ktizo.providers.hetzner import DECLARATION, products, rescue, wire
from ktizo.providers.hetzner.client import HetznerClient
from ktizo.providers.hetzner.rescue import Reset

from .cases_hetzner import SECRET, make, make_auction
from .contract import Case
from .double_hetzner import AUCTION, PRODUCT, REASONS, RESCUE_PASSWORD, Answered, HetznerDouble
from .plumbing import always, answering

pytestmark = pytest.mark.anyio

ME = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKtizo me@here"


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    made = await make()
    yield made
    await made.client.close()


def robot_of(case: Case) -> HetznerDouble:
    assert isinstance(case.double, HetznerDouble)
    return case.double


def client_of(case: Case) -> HetznerClient:
    assert isinstance(case.client, HetznerClient)
    return case.client


async def delivered(case: Case) -> str:
    order = await case.client.create_server(case.wanted, case.region)
    return (await case.guard().wait_ready(order.id, timeout_s=3600)).id


def posts(case: Case, path: str) -> list[list[tuple[str, str]]]:
    return [
        parse_qsl(one.content.decode())
        for one in case.double.requests
        if one.method == "POST" and one.url.path == path
    ]


# --- ordering


async def test_an_order_is_a_form_with_repeated_keys_and_an_ipv4_address(case: Case) -> None:
    key = await case.client.add_ssh_key("me", ME)
    wanted = replace(case.wanted, ssh_keys=(key.id,))
    await case.client.create_server(wanted, "HEL1")
    [form] = posts(case, "/order/server/transaction")
    keys = [value for name, value in form if name == "authorized_key[]"]
    assert form[:2] == [("product_id", "EX44"), ("location", "HEL1")]
    assert keys[0] == key.id
    assert len(keys) == 2
    assert ("addon[]", "primary_ipv4") in form
    assert not {"comment", "test", "password"} & {name for name, _ in form}


async def test_an_ipv6_only_server_is_ordered_without_the_add_on(case: Case) -> None:
    wanted = replace(case.wanted, options={"primary_ipv4": False})
    await case.client.create_server(wanted, case.region)
    [form] = posts(case, "/order/server/transaction")
    assert "addon[]" not in dict(form)
    quote = await case.client.price_of(wanted)
    assert quote.price.hourly == Decimal("0.0705")


async def test_an_unknown_option_is_refused_before_anything_is_asked(case: Case) -> None:
    with pytest.raises(Rejected, match="comment"):
        await case.client.price_of(replace(case.wanted, options={"comment": "please"}))
    assert case.double.requests == []


async def test_the_quote_is_the_dearest_region_and_was_run_dry(case: Case) -> None:
    quote = await case.client.price_of(case.wanted)
    assert quote.checked
    assert quote.price.hourly == Decimal("0.0705") + Decimal("0.0027")
    assert quote.price.monthly == Decimal("45.7")
    assert quote.price.setup == 39
    [dry] = robot_of(case).dry_runs
    assert dry["test"] == ["true"]
    assert case.double.orders == []


async def test_a_quote_says_when_it_is_sold_out_everywhere(case: Case) -> None:
    case.double.sold_out = {"FSN1", "HEL1"}
    quote = await case.client.price_of(case.wanted)
    assert not quote.checked
    assert "sold out" in quote.lines[-1]


async def test_a_location_that_is_not_listed_costs_no_order(case: Case) -> None:
    with pytest.raises(OutOfStock):
        await case.client.create_server(case.wanted, "NBG1")
    assert posts(case, "/order/server/transaction") == []


async def test_an_order_becomes_a_server_with_our_tag_in_its_name(case: Case) -> None:
    order = await case.client.create_server(case.wanted, case.region)
    assert order.id.startswith("B")
    assert order.status is Status.ORDERED
    assert (await case.client.get_server(order.id)).status is Status.ORDERED
    case.double.deliver()
    coming = await case.client.get_server(order.id)
    assert coming.id.isdecimal()
    assert coming.status is Status.PROVISIONING
    case.double.deliver()
    by_order, by_number = [await case.client.get_server(one) for one in (order.id, coming.id)]
    assert by_order == by_number
    assert by_number.status is Status.READY
    assert by_number.name == "node1"
    assert by_number.tags == (case.wanted.tag,)
    assert by_number.region == "FSN1"
    assert by_number.addresses == ("188.40.1.1", "2a01:4f8:111:0::1")
    assert robot_of(case).servers[int(coming.id)]["server_name"] == "node1--ktizo-0a1b2c3d"


async def test_the_marker_key_is_made_once_hidden_and_removed_after_delivery(case: Case) -> None:
    case.double.sold_out = {"FSN1"}
    with pytest.raises(OutOfStock):
        await case.client.create_server(case.wanted, "FSN1")
    await case.client.create_server(case.wanted, "HEL1")
    assert len(robot_of(case).keys) == 1
    assert await case.client.ssh_keys() == []
    order = (await case.client.list_servers())[0]
    case.double.deliver()
    await case.client.get_server(order.id)
    assert robot_of(case).keys == {}


async def test_a_lost_order_is_found_by_tag_before_and_after_its_delivery(case: Case) -> None:
    case.double.lose_answers = 1
    with pytest.raises(OrderUnknown):
        await case.client.create_server(case.wanted, case.region)
    for _ in range(3):
        found = await case.guard().find(case.wanted.tag)
        assert found is not None
        case.double.deliver()
    assert found is not None
    assert found.id.isdecimal()
    robot_of(case).transactions.clear()  # 30 days later
    assert await case.guard().find(case.wanted.tag) is not None


async def test_a_name_that_robot_does_not_take_hides_no_server(case: Case) -> None:
    order = await case.client.create_server(case.wanted, case.region)
    robot, original = robot_of(case), robot_of(case).answer

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.startswith("/server/"):
            return Answered(400, "INVALID_INPUT", missing=None, invalid=["server_name"]).response
        return original(request)

    robot.answer = answer  # type: ignore[method-assign]
    assert (await case.guard().wait_ready(order.id, timeout_s=3600)).status is Status.READY
    assert await case.guard().find(case.wanted.tag) is not None


async def test_a_name_that_somebody_gave_is_left_alone_by_a_look_at_the_list(case: Case) -> None:
    number = await delivered(case)
    robot_of(case).servers[int(number)]["server_name"] = "db"
    [server] = await case.client.list_servers()
    assert server.name == "db"
    assert server.tags == (case.wanted.tag,)


async def test_a_new_server_that_the_list_does_not_show_yet_is_found_all_the_same(
    case: Case,
) -> None:
    await case.client.create_server(case.wanted, case.region)
    case.double.deliver()
    robot, original = robot_of(case), robot_of(case).answer

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/server":
            return Answered(404, "NOT_FOUND").response
        return original(request)

    robot.answer = answer  # type: ignore[method-assign]
    assert await case.guard().find(case.wanted.tag) is not None


async def test_a_missing_page_is_not_an_empty_list(case: Case) -> None:
    answering(case, always(404, "<html>"))
    with pytest.raises(Gone):
        await case.client.list_servers()


async def test_a_cancelled_order_failed_and_is_no_server(case: Case) -> None:
    order = await case.client.create_server(case.wanted, case.region)
    robot_of(case).transactions[0]["status"] = "cancelled"
    with pytest.raises(Failed):
        await case.guard().wait_ready(order.id, timeout_s=60)
    assert await case.client.list_servers() == []
    assert (await case.client.delete_server(order.id)).status is Status.FAILED


async def test_an_auction_server_is_ordered_from_the_other_shop() -> None:
    case = await make_auction()
    quote = await case.client.price_of(case.wanted)
    assert quote.price.hourly == Decimal("0.1495")
    order = await case.guard().create(case.wanted, echo_of_order(case.wanted, quote))
    forms = posts(case, "/order/server_market/transaction")
    assert all("location" not in dict(form) for form in forms)
    assert dict(forms[-1])["product_id"] == "282323"
    assert order.id.startswith("market/B")
    ready = await case.guard().wait_ready(order.id, timeout_s=3600)
    assert ready.tags == (case.wanted.tag,)
    await case.client.close()


async def test_a_tag_that_could_not_be_read_back_is_refused(case: Case) -> None:
    with pytest.raises(Rejected):
        await case.client.create_server(replace(case.wanted, tag="a--b"), case.region)
    assert case.double.orders == []


# --- the catalogue


async def test_plans_and_regions_have_prices_stock_and_the_way_to_talos(
    case: Case,
) -> None:
    standard, auction = await case.client.plans()
    assert [(one.region, one.in_stock) for one in standard.offers] == [
        ("FSN1", True),
        ("HEL1", True),
    ]
    assert standard.cores == 14
    assert standard.memory_gib == 64
    assert standard.disks == "2 x 512 GB NVMe SSD (Software-RAID 1)"
    assert auction.id == "market/282323"
    assert auction.memory_gib == 24
    assert auction.offers[0].region == "FSN1"
    assert standard.talos
    assert "SSH" in standard.why
    assert [one.name for one in await case.client.regions()] == ["Falkenstein", "Helsinki"]


@pytest.mark.parametrize(
    ("line", "gib"),
    [("64 GB DDR4 RAM", 64), ("4x RAM 2048 MB DDR2", 8), ("2 x 512 GB NVMe SSD", 0), ("RAM", 0)],
)
def test_memory_is_read_from_the_line_that_speaks_of_ram(line: str, gib: float) -> None:
    assert products.memory([line]) == gib


@pytest.mark.parametrize(
    ("cpu", "count"),
    [("Intel Core i7-4770 Quad-Core", 4), ("AMD EPYC 48-Core", 48), ("Xeon", 0), ("", 0)],
)
def test_cores_are_read_from_the_name(cpu: str, count: int) -> None:
    assert products.cores(cpu) == count


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-1", "1e-99999999", "1e12", "", None, [], True]
)
def test_odd_money_is_no_money(value: object) -> None:
    assert products.amount(value) is None


def test_an_addon_without_a_price_never_makes_a_server_cheaper() -> None:
    given = {**PRODUCT, "prices": [{"location": "FSN1", "price": {"hourly_net": "0.5"}}]}
    price = products.standard(given).price("FSN1", ipv4=True)
    assert price is not None
    assert price.hourly == Decimal("0.5027")
    assert price.monthly is None
    assert products.auction({**AUCTION, "price": None, "price_hourly": None}).prices == {}


# --- errors


async def test_robots_rate_limit_is_a_403_that_is_waited_for(case: Case) -> None:
    case.double.limited = 2
    await case.client.list_servers()
    assert case.slept[:2] == [120, 120]  # asked for 3600 s, and no call hangs for an hour


async def test_a_rate_limit_that_stays_is_told_with_its_interval(case: Case) -> None:
    case.double.limited = 100
    with pytest.raises(RateLimited, match="200 such requests in 3600 s") as raised:
        await case.client.list_servers()
    assert raised.value.detail["interval_s"] == 3600


async def test_the_orders_of_a_day_are_not_waited_for(case: Case) -> None:
    original = robot_of(case).answer

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.startswith("/order/"):
            return Answered(403, "RATE_LIMIT_EXCEEDED", max_request=20, interval=86400).response
        return original(request)

    robot_of(case).answer = answer  # type: ignore[method-assign]
    with pytest.raises(ProviderAway, match="20 such requests in 86400 s; ask again tomorrow"):
        await case.client.create_server(case.wanted, case.region)
    assert len(posts(case, "/order/server/transaction")) == 1
    assert case.slept == []


@pytest.mark.parametrize("code", ["RATE_LIMIT_EXCEEDED", "INVALID_INPUT", "CONFLICT", "NOT_FOUND"])
async def test_an_order_that_ended_in_a_fault_of_robots_own_is_unknown(
    case: Case, code: str
) -> None:
    original = robot_of(case).answer

    def answer(request: httpx.Request) -> httpx.Response:
        response = original(request)
        if request.url.path == "/order/server/transaction":
            return Answered(500, code, invalid=["location"], interval=60).response
        return response

    robot_of(case).answer = answer  # type: ignore[method-assign]
    with pytest.raises(OrderUnknown):
        await case.client.create_server(case.wanted, case.region)
    assert len(case.double.orders) == 1


async def test_many_calls_with_a_wrong_password_are_one_refusal(case: Case) -> None:
    case.double.refuse_credentials = True
    ask = case.client
    told = await asyncio.gather(
        ask.check(), ask.plans(), ask.ssh_keys(), ask.list_servers(), return_exceptions=True
    )
    assert all(isinstance(one, CredentialsRefused) for one in told)
    assert len(case.double.requests) == 1


async def test_a_user_that_may_not_order_can_still_be_used(case: Case) -> None:
    robot_of(case).may_order = False
    assert await case.client.list_servers() == []
    with pytest.raises(Forbidden, match="switch on ordering"):
        await case.client.price_of(case.wanted)
    assert (await case.client.check()).name == "#ws+test"


@pytest.mark.parametrize("given", ["321/cancellation", "../key", "B1/../x", "nope", "", "٣٢١"])
async def test_an_id_that_is_none_is_gone_and_never_in_a_path(case: Case, given: str) -> None:
    with pytest.raises(Gone):
        await case.client.get_server(given)
    assert case.double.requests == []


# --- giving back


async def test_a_server_is_given_back_now_with_a_reason_from_the_list(case: Case) -> None:
    number = await delivered(case)
    gone = await case.client.delete_server(number)
    assert gone.status is Status.DELETING
    assert "2026-11-21" in gone.pending
    await case.client.delete_server(number)
    [form] = posts(case, f"/server/{number}/cancellation")
    assert dict(form) == {
        "cancellation_date": "now",
        "cancellation_reason": REASONS[0],
        "reserve_location": "false",
    }
    assert await case.guard().find(case.wanted.tag) is None


async def test_a_contract_with_a_day_to_come_is_ended_on_that_day(case: Case) -> None:
    number = await delivered(case)
    robot_of(case).earliest = f"{utc_now().year + 1}-01-31"
    await case.client.delete_server(number)
    [form] = posts(case, f"/server/{number}/cancellation")
    assert dict(form)["cancellation_date"] == robot_of(case).earliest


async def test_a_reason_that_robot_does_not_know_is_refused_with_the_list(case: Case) -> None:
    number = await delivered(case)
    client_of(case)._settings.cancellation_reason = "because"
    with pytest.raises(Rejected, match=REASONS[1]):
        await case.client.delete_server(number)
    client_of(case)._settings.cancellation_reason = REASONS[1]
    await case.client.delete_server(number)
    assert robot_of(case).cancelled[int(number)]["reason"] == REASONS[1]


async def test_an_order_cannot_be_called_back_before_its_delivery(case: Case) -> None:
    order = await case.client.create_server(case.wanted, case.region)
    with pytest.raises(NotYet, match="delivered"):
        await case.client.delete_server(order.id)


# --- rescue and reset


async def test_the_way_into_the_rescue_system_and_out_again(case: Case) -> None:
    number = await delivered(case)
    client: Rescuer = client_of(case)  # mypy: every verb is there
    key = await client.add_ssh_key("me", ME)
    mark = await client.enter_rescue(number, key)
    assert mark == ""
    [form] = posts(case, f"/boot/{number}/rescue")
    assert form == [("os", "linux"), ("authorized_key[]", key.fingerprint)]
    assert await client.rescue_login(number, mark) is None
    case.double.deliver()
    assert await client.rescue_login(number, mark) == RescueLogin(
        address="188.40.1.1", user="root", host_keys=("SHA256:boot1e", "SHA256:boot1r")
    )
    assert not (await rescue.look(client_of(case).robot, number)).active  # for one boot only
    await client.boot_from_disk(number)
    assert robot_of(case).resets == [(int(number), "hw")]
    assert all(one.method != "DELETE" or "/key/" in one.url.path for one in case.double.requests)


async def test_the_keys_of_an_older_rescue_boot_never_count(case: Case) -> None:
    number = await delivered(case)
    client = client_of(case)
    key = await client.add_ssh_key("me", ME)
    first = await client.enter_rescue(number, key)
    case.double.deliver()
    second = await client.enter_rescue(number, key)
    assert await client.rescue_login(number, second) is None
    case.double.deliver()
    again = await client.rescue_login(number, second)
    assert again is not None
    assert again.host_keys == ("SHA256:boot2e", "SHA256:boot2r")
    robot_of(case).host_keys[int(number)] += second.split()
    assert await client.rescue_login(number, second) == again
    assert first == ""


async def test_an_orders_id_is_good_for_the_rescue_system_once_it_is_delivered(case: Case) -> None:
    order = await case.client.create_server(case.wanted, case.region)
    client = client_of(case)
    key = await client.add_ssh_key("me", ME)
    with pytest.raises(NotYet):
        await client.enter_rescue(order.id, key)
    await case.guard().wait_ready(order.id, timeout_s=3600)
    mark = await client.enter_rescue(order.id, key)
    case.double.deliver()
    assert await client.rescue_login(order.id, mark) is not None


async def test_a_rescue_system_without_ipv4_has_the_second_address_of_its_network(
    case: Case,
) -> None:
    number = await delivered(case)
    robot_of(case).servers[int(number)]["server_ip"] = None
    client = client_of(case)
    mark = await client.enter_rescue(number, await client.add_ssh_key("me", ME))
    case.double.deliver()
    login = await client.rescue_login(number, mark)
    assert login is not None
    assert login.address == "2a01:4f8:111:0::2"
    robot_of(case).servers[int(number)]["server_ipv6_net"] = None
    with pytest.raises(Failed, match="no address"):
        await client.rescue_login(number, mark)


async def test_a_server_without_a_reset_gets_no_rescue_system_set(case: Case) -> None:
    number = await delivered(case)
    client = client_of(case)
    key = await client.add_ssh_key("me", ME)
    robot_of(case).reset_types = ["sw", "man"]
    with pytest.raises(Unsupported, match="'hw'"):
        await client.enter_rescue(number, key)
    assert robot_of(case).rescue == {}


async def test_a_rescue_system_that_is_still_set_is_taken_back_without_a_restart(
    case: Case,
) -> None:
    number = await delivered(case)
    client = client_of(case)
    await rescue.activate(client.robot, number, ("aa:bb",))
    for _ in range(2):
        await client.boot_from_disk(number)
    assert robot_of(case).rescue == {}
    assert robot_of(case).resets == []
    robot_of(case).no_rescue = True
    await client.boot_from_disk(number)  # none to be had, so none to be taken back


async def test_a_server_that_is_not_there_has_no_rescue_system(case: Case) -> None:
    client = client_of(case)
    for ask in (client.rescue_login("999", ""), client.boot_from_disk("999")):
        with pytest.raises(Gone):
            await ask


async def test_a_rescue_system_that_is_set_already_is_set_anew(case: Case) -> None:
    number = await delivered(case)
    robot = client_of(case).robot
    await rescue.activate(robot, number, ("aa:bb",))
    again = await rescue.activate(robot, number)
    assert again.password == RESCUE_PASSWORD
    assert RESCUE_PASSWORD not in repr(again)


async def test_the_technician_is_never_called(case: Case) -> None:
    number = await delivered(case)
    robot_of(case).reset_types = ["man"]
    assert "man" not in {one.value for one in Reset}
    for ask in (
        rescue.reset(client_of(case).robot, number),
        case.client.power(number, PowerAction.REBOOT),
        case.client.power(number, PowerAction.OFF),
    ):
        with pytest.raises(Unsupported):
            await ask
    assert robot_of(case).resets == []


@pytest.mark.parametrize(
    ("running", "action", "pressed"),
    [
        ("running", PowerAction.ON, []),
        ("running", PowerAction.OFF, ["power_long"]),
        ("shut off", PowerAction.ON, ["power"]),
        ("shut off", PowerAction.OFF, []),
        ("running", PowerAction.REBOOT, ["hw"]),
    ],
)
async def test_the_button_is_only_pressed_when_it_does_what_is_wanted(
    case: Case, running: str, action: PowerAction, pressed: list[str]
) -> None:
    number = await delivered(case)
    robot_of(case).running = running
    await case.client.power(number, action)
    assert [how for _, how in robot_of(case).resets] == pressed


async def test_a_lost_answer_to_a_reset_is_not_pressed_again(case: Case) -> None:
    number = await delivered(case)
    robot, original = robot_of(case), robot_of(case).answer

    def answer(request: httpx.Request) -> httpx.Response:
        response = original(request)
        if request.method == "POST":
            raise httpx.ReadTimeout("lost")
        return response

    robot.answer = answer  # type: ignore[method-assign]
    with pytest.raises(OrderUnknown):
        await rescue.reset(client_of(case).robot, number)
    assert len(robot.resets) == 1


async def test_a_reinstall_is_refused_with_the_way_out(case: Case) -> None:
    with pytest.raises(Unsupported, match="rescue system"):
        await case.client.reinstall_ipxe("321", case.wanted.boot_url)
    assert Capability.IPXE_REINSTALL not in DECLARATION.capabilities


# --- wire


def test_a_name_without_our_tag_has_none() -> None:
    for given in ("web", "", "--", "a--", "--b"):
        assert wire.name_and_tags(given) == (given, ())
    assert wire.name_and_tags("a--b--tag") == ("a--b", ("tag",))


def test_a_list_that_is_none_is_an_error_and_odd_entries_are_left_out() -> None:
    with pytest.raises(ProviderError):
        wire.entries({"servers": []}, "server")  # not Robot's shape
    assert wire.entries([{"server": {}}, {"server": 1}, 2, None], "server") == [{}]


async def test_basic_auth_carries_user_and_password_and_shows_neither(case: Case) -> None:
    await case.client.check()
    sent = case.double.requests[0].headers["authorization"]
    assert httpx.BasicAuth("#ws+test", SECRET)._auth_header == sent
    assert sent.removeprefix("Basic ") in client_of(case).robot.vendor.secrets
    assert SECRET not in repr(client_of(case).robot.vendor)
