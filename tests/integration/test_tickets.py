"""Configs hold secrets and proofs end permissions: each is opened by one machine's ticket only."""

import asyncio
import re

import pytest

from integration.conftest import Clock, OpenHouse
from integration.house import MAC, OTHER_MAC, UUID_A, UUID_B, House
from integration.test_approvals import done_path
from ktizo.boot.tickets import CONFIG, DONE
from ktizo.core.tokens import sign

pytestmark = pytest.mark.anyio
REFUSED = "forbidden: this is not for you; an operator can see why in the audit log\n"
HOME, ELSEWHERE = "10.0.0.50", "10.0.0.66"


async def config_path(house: House, mac: str = MAC, **fields: str) -> str:
    (path,) = (await house.knock(mac, **fields)).ticket_paths
    return path


async def refused(house: House, path: str, address: str = HOME) -> None:
    answer = await house.at(address).get(path)
    assert (answer.status_code, answer.text) == (403, REFUSED), path


async def test_the_address_that_used_a_ticket_first_may_use_it_again_and_no_other(house: House):
    await house.ready()
    path = await config_path(house)
    first = await house.at(HOME).get(path)
    assert first.status_code == 200
    await refused(house, path, ELSEWHERE)
    assert (await house.at(HOME).get(path)).text == first.text
    (event,) = await house.events("config_refused")
    assert (event["address"], event["mac"]) == (ELSEWHERE, MAC)
    assert event["data"] == {"reason": "another address used this ticket first"}


async def test_two_addresses_at_the_same_moment_do_not_both_get_the_config(house: House):
    await house.ready()
    path = await config_path(house)
    addresses = [f"10.0.1.{last}" for last in range(8)]
    answers = await asyncio.gather(*(house.at(address).get(path) for address in addresses))
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 7


async def test_a_restart_does_not_forget_whose_ticket_it_is(house: House):
    await house.ready()
    path = await config_path(house)
    assert (await house.at(HOME).get(path)).status_code == 200
    await house.restart()
    await refused(house, path, ELSEWHERE)
    assert (await house.at(HOME).get(path)).status_code == 200


async def test_a_head_request_binds_the_ticket_too(house: House):
    await house.ready()
    path = await config_path(house)
    answer = await house.at(HOME).head(path)
    assert (answer.status_code, answer.content) == (200, b"")
    await refused(house, path, ELSEWHERE)


async def test_a_file_that_does_not_exist_binds_nothing_worse_than_its_asker(house: House):
    await house.ready()
    path = await config_path(house)
    answer = await house.at(HOME).get(path.replace("preseed.cfg", "other.cfg"))
    assert answer.status_code == 404
    assert answer.text.startswith("no_such_config: ")
    assert (await house.at(HOME).get(path)).status_code == 200


async def test_a_ticket_dies_with_its_permission(house: House, clock: Clock):
    device_id = await house.ready()
    path, done = await config_path(house), await done_path(house)
    assert (await house.at(HOME).get(path)).status_code == 200
    clock.forward(minutes=241)
    await refused(house, path)
    await refused(house, done)
    await house.approve(device_id)
    await refused(house, path)
    await refused(house, done)
    assert (await house.device())["state"] == "approved"
    assert (await house.at(HOME).get(await config_path(house))).status_code == 200


async def test_a_ticket_is_worthless_after_the_proof(house: House):
    await house.ready()
    path, done = await config_path(house), await done_path(house)
    assert (await house.at(HOME).post(done)).status_code == 200
    await refused(house, path)
    await refused(house, done)


async def test_a_rejection_a_conflict_and_a_boot_loop_close_the_config(house: House):
    own = {"uuid": UUID_A}
    device_id = await house.ready(**own)
    path, done = await config_path(house, **own), await done_path(house, **own)
    await house.knock(uuid=UUID_B)
    await house.flush()
    for one in (path, done):
        await refused(house, one)
    await house.act(device_id, "resolve", keep="recorded")
    await house.approve(device_id)
    path, done = await config_path(house, **own), await done_path(house, **own)
    for _ in range(6):
        await house.knock(**own)
    await house.flush()
    for one in (path, done):
        await refused(house, one)
    assert (await house.device())["state"] == "boot_loop"


async def test_tickets_that_were_changed_guessed_or_made_for_something_else_open_nothing(
    house: House,
):
    await house.see(OTHER_MAC)  # so that the machine and its permission have different numbers
    device_id = await house.ready()
    path, done = await config_path(house), await done_path(house)
    ticket, proof = path.split("/")[3], done.split("/")[3]
    number, lease, profile, signature = ticket.split("~")
    wrong = [
        proof,  # of another purpose
        f"{number}~{int(lease) + 1}~{profile}~{signature}",
        f"{int(number) + 1}~{lease}~{profile}~{signature}",
        f"{number}~{lease}~{int(profile) + 1}~{signature}",
        f"{number}~{lease}~{profile}~{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        f"{number}~{lease}~{profile}~{signature}A",
        f"{number}~{lease}~{profile}~",
        f"{number}~{lease}~{profile}",
        f"{number}~{lease}~{signature}",
        f"{lease}~{number}~{profile}~{signature}",
        sign(b"\0" * 32, CONFIG, device_id, int(lease), int(profile)),
        MAC,
        MAC.replace(":", "-"),
        str(device_id),
        "~",
        "~~",
        "",
        "%00",
        "é" * 20,
        "x" * 480,
    ]
    for one in wrong:
        await refused(house, f"/boot/configs/{one}/preseed.cfg")
    for one in (ticket, *wrong[1:]):
        await refused(house, f"/boot/done/{one}")
    assert (await house.device())["state"] in {"approved", "installing"}
    assert (await house.at(HOME).get(path)).status_code == 200


async def test_the_ticket_of_one_machine_opens_nothing_of_another(house: House):
    await house.ready()
    await house.stock()
    other = await house.ready(OTHER_MAC)
    body = {"profile": "debian", "parameters": {"locale": "de_DE.UTF-8"}}
    await house.api("PUT", f"boot/assignments/{other}", json=body)
    mine, theirs = await config_path(house), await config_path(house, OTHER_MAC)
    assert "de_DE" not in (await house.at(HOME).get(mine)).text
    await refused(house, re.sub(r"configs/\d+~", f"configs/{other}~", mine))
    assert "de_DE" in (await house.at(ELSEWHERE).get(theirs)).text


async def test_a_ticket_of_a_forgotten_machine_opens_nothing_of_the_one_that_came_after_it(
    house: House,
):
    """Numbers of machines and permissions must never be given out twice: tickets name them."""
    first = await house.ready(MAC)
    path, done = await config_path(house), await done_path(house)
    await house.flush()
    await house.api("DELETE", f"devices/{first}", 204)
    second = await house.ready(OTHER_MAC)
    assert (await house.knock(OTHER_MAC, address=ELSEWHERE)).installer
    await refused(house, path)
    await refused(house, done)
    assert second != first


async def test_a_machine_is_not_refused_because_of_one_forgotten_before_it(house: House):
    first = await house.ready(MAC)
    assert (await house.at(HOME).get(await config_path(house))).status_code == 200
    for _ in range(4):
        assert (await house.knock()).installer
    await house.flush()
    await house.api("DELETE", f"devices/{first}", 204)
    await house.ready(OTHER_MAC)
    for _ in range(5):
        told = await house.knock(OTHER_MAC, address=ELSEWHERE)
        assert told.installer, told.text
    assert (await house.at(ELSEWHERE).get(told.ticket_paths[0])).status_code == 200


async def test_the_timeline_of_a_machine_does_not_begin_with_another_ones(house: House):
    first = await house.ready(MAC)
    await house.api("DELETE", f"devices/{first}", 204)
    await house.flush()
    second = await house.see(OTHER_MAC)
    boots = await house.api("GET", f"devices/{second}/timeline")
    kinds = [step["kind"] for boot in boots for step in boot["steps"]]
    assert sorted(kinds) == ["decided", "device_seen"]


async def test_a_config_is_not_served_by_path_tricks(house: House):
    await house.ready()
    path = await config_path(house)
    ticket = path.split("/")[3]
    for wrong in (
        f"/boot/configs/{ticket}",
        f"/boot/configs/{ticket}/",
        f"/boot/configs/{ticket}/a/preseed.cfg",
        f"/boot/configs//{ticket}/preseed.cfg",
        f"/boot/configs/{ticket}/..%2fpreseed.cfg",
        f"/boot/configs/{ticket}/%2e%2e/preseed.cfg",
    ):
        answer = await house.at(HOME).get(wrong)
        assert answer.status_code in {403, 404}, (wrong, answer.text)
        assert "d-i" not in answer.text


async def test_a_proof_by_head_proves_nothing(house: House):
    await house.ready()
    done = await done_path(house)
    assert (await house.at(HOME).head(done)).status_code == 403
    assert (await house.device())["state"] in {"approved", "installing"}


async def test_a_proof_may_carry_a_body_and_come_by_get_or_post(opened: OpenHouse):
    async with opened() as house:
        await house.ready()
        done = await done_path(house)
        answer = await house.at(HOME).post(done, content=b"x" * 100_000)
        assert answer.status_code == 200
        assert (await house.device())["state"] == "installed"


async def test_a_ticket_lives_through_a_key_of_its_own_purpose(house: House):
    """A signature for one purpose is none for another, with the very same fields."""
    key = house.state.sealer.subkey("tickets")
    assert sign(key, CONFIG, 1, 1) != sign(key, DONE, 1, 1)
    assert sign(key, CONFIG, 1, 1) != sign(house.state.sealer.subkey("pairing"), CONFIG, 1, 1)
