"""Boot paths of rented servers: open to the internet, and only while there is a server."""

import pytest

from integration import ipxe
from ktizo.boot import render
from ktizo.core.seal import key_file, rotate_key_file
from ktizo.core.tokens import sign
from ktizo.providers.doors import PROBE, Doors
from provisioning.conftest import OpenHome
from provisioning.homes import LAN, RENTED, STRANGER, URL, Home
from provisioning.paths import NOT_FOUND, RENTED_MAC, Rented, arrived, own_disk, raw, ready

pytestmark = pytest.mark.anyio


# What opens


async def test_a_path_opens_to_any_address_and_tells_its_own_urls(rented: Rented):
    home, path, _ = rented
    for address in (RENTED, STRANGER, "2001:db8::7", LAN):
        answer = await home.at(address).get(f"{path}/boot/boot.ipxe")
        assert answer.status_code == 200
        assert ipxe.commands(answer.text)
        assert f"set ktizo {URL}{path}\n" in answer.text


async def test_a_token_that_is_not_ours_opens_nothing(rented: Rented):
    home, path, server_id = rented
    tag = (await home.row(server_id)).tag
    doors, key = home.state.doors, home.state.sealer.subkey("doors")
    assert doors.base(tag, 1) == URL + path
    token = path.removeprefix("/boot/at/")
    wrong = [
        Doors(b"x" * 32, URL).base(tag, 1),
        doors.base(tag, 2),
        doors.base(tag, 0),
        doors.base("ktizo-000000000000", 1),
        f"/boot/at/{sign(key, PROBE, tag, 1)}",
        f"/boot/at/{sign(key, 'boot-config', tag, 1)}",
        f"/boot/at/{sign(home.state.sealer.subkey('tickets'), 'boot-door', tag, 1)}",
        f"/boot/at/{token[:-1]}",
        f"/boot/at/{token}A",
        f"/boot/at/{token.swapcase()}",
        f"/boot/at/{token.replace('~1~', '~01~')}",
        f"/boot/at/{tag}",
        "/boot/at/" + "A" * 400,
    ]
    for one in wrong:
        base = one.removeprefix(URL)
        for file in ("boot.ipxe", "menu.ipxe?mac=52-54-00-00-00-01", "assets/debian/linux"):
            answer = await home.at(STRANGER).get(f"{base}/boot/{file}")
            assert (answer.status_code, answer.text) == (404, NOT_FOUND), one
    await home.flush()
    assert await home.devices() == []


async def test_odd_paths_lead_nowhere(rented: Rented):
    home, path, _ = rented
    odd = [
        *("/boot/at", "/boot/at/", "/boot/at//", "/boot/at//boot/boot.ipxe", path, f"{path}/"),
        *(f"{path}/boot", f"{path}/boot/", f"{path}//boot/boot.ipxe", f"{path}/boot//boot.ipxe"),
        *(f"/boot/{path}/boot/boot.ipxe", f"{path}/BOOT/boot.ipxe"),
        *(f"{path}{path}/boot/boot.ipxe", f"{path}/../boot/boot.ipxe", f"{path}/./boot/boot.ipxe"),
        *(
            f"{path}/boot/../boot/boot.ipxe",
            f"{path}/boot/./boot.ipxe",
            f"{path}/boot/at/boot.ipxe",
        ),
        *(f"{path}/boot/../../api/v1/health", f"{path}/api/v1/health", f"{path}/boot/reached"),
        *(f"{path}/boot/boot.ipxe/", f"{path}/boot/boot.ipxe\n", f"{path}/boot/boot.ipxe\0"),
        *(f"{path}\0/boot/boot.ipxe", f"{path}%00/boot/boot.ipxe", f"{path} /boot/boot.ipxe"),
        *(f"{path}/boot%2fboot.ipxe", f"{path}\\boot\\boot.ipxe", f"{path}／boot/boot.ipxe"),
        *(f"{path};x/boot/boot.ipxe", f"{path}?/boot/boot.ipxe", f"{path}/boot/BOOT.IPXE"),
        f"{path}/boot/assets/../../../../etc/passwd",
        f"{path}/boot/assets/debian/../../sealing.key",
        f"{path}/boot/images/../../ktizo.db",
        f"{path}/boot/loaders/../../data/sealing.key",
        f"{path}/boot/assets/debian/linux\0.txt",
    ]
    for one in odd:
        for method in ("GET", "HEAD", "POST"):
            status, body = await raw(home, one, method)
            assert status in {401, 403, 404, 405, 422}, (method, one, status, body)
            assert b"#!ipxe" not in body
            assert method != "HEAD" or body == b""
    await home.flush()
    assert path.removeprefix("/boot/at/") not in str(await home.audit())


async def test_a_network_that_may_not_boot_still_may_not(opened: OpenHome):
    async with opened(machine_cidrs="10.0.0.0/8") as home:
        _, _, path = await home.rent()
        for address in (RENTED, STRANGER, "2001:db8::7"):
            for file in ("boot.ipxe", "menu.ipxe", "assets/debian/linux", "at", "atx/y/boot/z"):
                answer = await home.at(address).get(f"/boot/{file}")
                assert answer.status_code == 403, file
                assert answer.text.startswith("address_not_allowed")
            assert (await home.at(address).get(f"{path}/boot/boot.ipxe")).status_code == 200
            wrong = f"{path}x/boot/boot.ipxe"
            assert (await home.at(address).get(wrong)).status_code == 404
        assert (await home.ask(path, RENTED_MAC)).first_word == "hold"
        # Within a path there is no way back to the LAN's.
        for inner in (f"{path}/boot/at/../menu.ipxe", f"{path}/../../menu.ipxe"):
            assert (await raw(home, inner))[0] == 404


async def test_a_path_counts_for_the_rate_limit(opened: OpenHome):
    async with opened(machine_rate_limit="3/minute") as home:
        _, _, path = await home.rent()
        got = [
            (await home.at(RENTED).get(f"{one}/boot/boot.ipxe")).status_code
            for one in (path, f"{path}x", path, path, f"{path}x")
        ]
        assert got == [200, 404, 200, 429, 429]
        assert (await home.at(STRANGER).get(f"{path}/boot/boot.ipxe")).status_code == 200


async def test_head_and_post_are_answered_as_on_the_lan(rented: Rented):
    home, path, _ = rented
    get = await home.at(RENTED).get(f"{path}/boot/boot.ipxe")
    head = await home.at(RENTED).head(f"{path}/boot/boot.ipxe")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    post = await home.at(RENTED).post(f"{path}/boot/boot.ipxe")
    assert post.text == get.text
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        answer = await home.at(RENTED).request(method, f"{path}/boot/boot.ipxe")
        assert answer.status_code == 405


async def test_without_a_database_a_rented_machine_boots_its_own_disk(home: Home):
    _, _, path = await home.rent()
    file = home.settings.data_dir / "ktizo.db"
    away = file.rename(file.with_suffix(".away"))
    for one in ("boot.ipxe", "menu.ipxe", "debian.ipxe"):
        answer = await home.at(RENTED).get(f"{path}/boot/{one}", params={"mac": RENTED_MAC})
        assert (answer.status_code, answer.content) == (200, render.LAST_RESORT)
    answer = await home.at(RENTED).get(f"{path}/boot/assets/debian/linux")
    assert answer.status_code == 503
    # Whoever guesses learns nothing by it.
    assert (await home.at(STRANGER).get(f"{path}x/boot/boot.ipxe")).status_code == 404
    away.rename(file)
    assert (await home.ask(path, RENTED_MAC)).first_word == "hold"


# When it closes


async def test_a_reinstall_opens_a_new_path_and_closes_the_old_one(rented: Rented):
    home, path, server_id = rented
    device_id = await ready(home, path)
    shown = await home.api("POST", f"servers/{server_id}/refresh")
    vendor = home.vendors["cherry"]
    while shown["stage"] != "delivered":
        vendor.double.deliver()
        shown = await home.api("POST", f"servers/{server_id}/refresh")
    await home.api(
        "POST", f"servers/{server_id}/reinstall", json={"confirm": shown["echo_reinstall"]}
    )
    new = home.state.doors.base((await home.row(server_id)).tag, 2)
    assert vendor.boot_urls == [f"{URL}{path}/boot/boot.ipxe", f"{new}/boot/boot.ipxe"]
    assert (await home.at(RENTED).get(f"{path}/boot/boot.ipxe")).status_code == 404
    # The same machine, and it installs nothing before somebody says so again.
    told = await home.ask(new.removeprefix(URL), RENTED_MAC)
    assert not told.installer
    assert (await home.device(device_id))["server_id"] == server_id
    await home.approve(device_id, profile="debian")
    assert (await home.ask(new.removeprefix(URL), RENTED_MAC)).installer


async def test_a_server_that_was_given_back_boots_nothing_more(rented: Rented):
    home, path, server_id = rented
    await ready(home, path)
    shown = await home.api("POST", f"servers/{server_id}/refresh")
    (ticket,) = (await home.ask(path, RENTED_MAC)).ticket_paths
    await home.api("POST", f"servers/{server_id}/delete", json={"confirm": shown["echo_delete"]})
    for one in (f"{path}/boot/boot.ipxe", f"{path}/boot/assets/debian/linux", ticket):
        assert (await home.at(RENTED).get(one)).status_code == 404
    assert not (await home.knock(RENTED_MAC, address=LAN)).installer


@pytest.mark.parametrize(
    ("stage", "status"),
    [
        *((one, 200) for one in ("wanted", "unsure", "ordered", "delivered")),
        *((one, 404) for one in ("refused", "failed", "ending", "gone")),
    ],
)
async def test_a_path_is_open_while_its_server_may_be_there(home: Home, stage: str, status: int):
    _, server, path = await home.rent()
    await home.api("PATCH", "provider-accounts/cherry", json={"enabled": False})
    await home.change(server["id"], stage=stage, vendor_id=None)
    assert (await home.at(RENTED).get(f"{path}/boot/boot.ipxe")).status_code == status


async def test_a_machine_of_a_forgotten_server_is_one_of_the_lan_again(rented: Rented):
    home, path, server_id = rented
    device_id = await arrived(home, path)
    await home.change(server_id, stage="gone")
    await home.api("POST", f"servers/{server_id}/forget", 204)
    assert (await home.device(device_id))["server_id"] is None
    assert (await home.at(RENTED).get(f"{path}/boot/boot.ipxe")).status_code == 404
    own_disk(await home.knock(RENTED_MAC, address=LAN), "not_approved")


async def test_a_machine_of_a_forgotten_account_is_one_of_the_lan_again(rented: Rented):
    home, path, server_id = rented
    device_id = await arrived(home, path)
    await home.change(server_id, stage="gone")
    await home.api("DELETE", "provider-accounts/cherry", 204)
    assert (await home.device(device_id))["server_id"] is None
    own_disk(await home.knock(RENTED_MAC, address=LAN), "not_approved")


async def test_a_key_rotation_does_not_shut_out_a_server_on_its_way(rented: Rented):
    home, path, _ = rented
    rotate_key_file(home.settings.data_dir)
    await home.restart()
    assert (await home.ask(path, RENTED_MAC)).first_word == "hold"
    # Once the old key is gone, so is what it signed.
    file = key_file(home.settings.data_dir)
    file.write_text(file.read_text().split()[0] + "\n")
    await home.restart()
    assert (await home.at(RENTED).get(f"{path}/boot/boot.ipxe")).status_code == 404
