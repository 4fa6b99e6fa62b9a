"""An account's sealing key, and the one client that remembers how its credentials were taken."""

import asyncio

import pytest

from core.moved_clock import Clock
from ktizo.core.seal import UnsealFailed, key_file, new_key, rotate_key_file
from ktizo.providers import sealing, store
from provisioning.clouds import SECRETS, SETTINGS, Vendor
from provisioning.homes import Home
from provisioning.test_accounts import ACCOUNTS, change, show, try_it

pytestmark = pytest.mark.anyio


# Keys


async def test_after_a_key_rotation_accounts_open_and_are_sealed_anew(any_home: Home):
    home = any_home
    await home.vendor("latitude")
    await home.account()
    before = await _sealed(home)
    new_id = rotate_key_file(home.settings.data_dir)
    await home.restart()
    after = await _sealed(home)
    assert after != before
    assert after.startswith(f"k1.{new_id}.")
    assert (await try_it(home))["ok"]
    # The old key may go now.
    file = key_file(home.settings.data_dir)
    file.write_text(file.read_text().split()[0] + "\n")
    await home.restart()
    assert (await try_it(home))["ok"]


async def _sealed(home: Home, key: str = "latitude") -> str:
    async with home.state.db.read() as session:
        return (await store.account(session, key)).settings


async def test_a_settings_row_copied_to_another_account_does_not_open(home: Home):
    await home.vendor("latitude")
    await home.account()
    other = SETTINGS["latitude"] | {"api_key": "another-key-0000"}
    await home.account("latitude", name="other", settings=other)
    async with home.state.db.write() as session:
        row = await store.account(session, "other")
        row.settings = (await store.account(session, "latitude")).settings
        with pytest.raises(UnsealFailed):
            sealing.open_settings(home.state.sealer, row)
    shown = await show(home, "other")
    assert (shown["settings"], shown["secrets"]) == ({}, [])
    assert "moved from its place" in shown["tested"]["message"]
    vendor = home.vendors["latitude"]
    vendor.asked.clear()
    assert (await try_it(home, "other"))["ok"] is False
    assert vendor.asked == []


async def test_an_account_whose_key_is_lost_says_so_and_stops_nobody(any_home: Home):
    home = any_home
    await home.vendor("latitude")
    await home.vendor("cherry")
    await home.account()
    await _lose_keys(home)
    assert home.state.ready  # machines of the LAN are served, whatever is lost here
    await home.account("cherry")
    cherry, latitude = await home.api("GET", ACCOUNTS)
    assert (latitude["settings"], latitude["secrets"]) == ({}, [])
    assert latitude["tested"]["ok"] is False
    assert "not configured here" in latitude["tested"]["message"]
    assert cherry["secrets"] == ["api_key"]
    found = await home.api("GET", "plans")
    assert {one["account"] for one in found["plans"]} == {"cherry"}
    assert [one["account"] for one in found["troubles"]] == ["latitude"]


async def _lose_keys(home: Home) -> None:
    key_file(home.settings.data_dir).write_text(new_key() + "\n")
    await home.restart()


async def test_an_account_whose_key_is_lost_is_mended_by_typing_its_settings_again(home: Home):
    _, server, _ = await home.rent("latitude")
    await _lose_keys(home)
    refused = await change(home, expect=422, settings={"project": "metal"})
    assert refused["detail"]["fields"] == ["api_key"]
    await change(home, settings=SETTINGS["latitude"])
    assert (await try_it(home))["ok"]
    found = await home.api("POST", f"servers/{server['id']}/refresh")
    assert found["vendor_id"] == server["vendor_id"]


# Clients


async def test_an_account_that_is_switched_off_asks_its_provider_nothing(home: Home):
    vendor, server, _ = await home.rent("latitude")
    await change(home, enabled=False)
    await asyncio.sleep(0)
    vendor.asked.clear()
    for method, path in (
        ("GET", f"{ACCOUNTS}/latitude/regions"),
        ("GET", f"{ACCOUNTS}/latitude/servers"),
        ("POST", f"servers/{server['id']}/refresh"),
    ):
        refused = await home.api(method, path, 409)
        assert refused["code"] == "account_off"
    assert (await try_it(home))["ok"] is False
    refused = await home.api("POST", "servers/preview", 409, json=vendor.order())
    assert refused["code"] == "account_off"
    assert vendor.asked == []
    await change(home, enabled=True)
    assert (await try_it(home))["ok"]


async def refused_hetzner(home: Home) -> Vendor:
    vendor = await home.vendor("hetzner")
    await home.account("hetzner")
    vendor.double.refuse_credentials = True
    return vendor


async def test_a_refused_password_is_not_sent_again_however_often_the_button_is_pressed(
    home: Home, clock: Clock
):
    """Hetzner shuts out an address that sends three wrong ones."""
    vendor = await refused_hetzner(home)
    pressed = await asyncio.gather(*(try_it(home, "hetzner") for _ in range(10)))
    assert {one["ok"] for one in pressed} == {False}
    assert len(vendor.asked) == 1
    for _ in range(10):
        assert (await try_it(home, "hetzner"))["ok"] is False
        await home.api("GET", f"{ACCOUNTS}/hetzner/servers", 502)
        await home.api("GET", "plans", params={"refresh": True})
        clock.forward(seconds=29)
    assert len(vendor.asked) == 1
    # Five minutes after it was sent it is tried once more, although somebody kept pressing.
    clock.forward(seconds=15)
    vendor.double.refuse_credentials = False
    assert (await try_it(home, "hetzner"))["ok"] is True


async def test_saving_the_same_settings_again_does_not_send_a_refused_password(home: Home):
    vendor = await refused_hetzner(home)
    for _ in range(5):
        assert (await try_it(home, "hetzner"))["ok"] is False
        await change(home, "hetzner", settings=SETTINGS["hetzner"], max_hourly="5")
        await change(home, "hetzner", name="hetzner", currency="EUR")
    assert len(vendor.asked) == 1
    assert (await show(home, "hetzner"))["tested"]["ok"] is False


@pytest.mark.parametrize("name", list(SETTINGS))
async def test_the_same_settings_again_keep_the_client_that_knows_its_limits(home: Home, name: str):
    await home.vendor(name)
    await home.account(name)
    sealed = await _sealed(home, name)
    await change(home, name, settings=SETTINGS[name])
    assert await _sealed(home, name) == sealed
    await change(home, name, settings={SECRETS[name]: f"{SETTINGS[name][SECRETS[name]]}x"})
    assert await _sealed(home, name) != sealed


async def test_another_password_is_tried_at_once(home: Home):
    vendor = await refused_hetzner(home)
    await try_it(home, "hetzner")
    vendor.double.refuse_credentials = False
    assert (await try_it(home, "hetzner"))["ok"] is False
    await change(home, "hetzner", settings={"password": "another-password-1"})
    assert (await show(home, "hetzner"))["tested"] is None
    await change(home, "hetzner", settings=SETTINGS["hetzner"])
    assert (await try_it(home, "hetzner"))["ok"] is True


async def test_an_account_that_was_forgotten_takes_its_secrets_along(home: Home):
    await home.vendor("latitude")
    await home.account()
    sealed = await _sealed(home)
    await home.api("DELETE", f"{ACCOUNTS}/latitude", 204)
    assert all(sealed not in repr(rows) for rows in (await home.dump()).values())
    await home.api("GET", f"{ACCOUNTS}/latitude", 404)
