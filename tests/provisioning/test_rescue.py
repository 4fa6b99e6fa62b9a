"""The way over a rescue system: what is never started, and where it goes on after a kill."""

from typing import Any

import pytest

from integration.house import until
from ktizo.core.db import Database
from ktizo.providers import store
from ktizo.providers.rescue import keys
from providers.rescue import machine as rescue
from provisioning.clouds import Clouds, Vendor
from provisioning.test_story import approved, kexec_asked, let_in, ordered

pytestmark = pytest.mark.anyio

WITHIN_S = 40


async def waiting(clouds: Clouds, sshd: rescue.Machine) -> tuple[Vendor, int]:
    """A server whose rescue system is up and waits for a decision."""
    vendor, server_id = await ordered(clouds, "hetzner", at=sshd.at)
    await let_in(vendor, sshd)

    async def waits() -> Any:
        vendor.double.deliver()
        seen = await clouds.server(server_id)
        return seen["device_id"] and "waits for an approval" in seen["step"]

    await until("it waits for an approval", waits, within_s=WITHIN_S)
    return vendor, server_id


async def way(clouds: Clouds, server_id: int) -> dict[str, Any]:
    async with clouds.state.db.read() as session:
        return dict((await store.server(session, server_id)).way or {})


async def _put(clouds: Clouds, server_id: int, state: str) -> None:
    """Leave a server's way as a kill would have left it, while nothing runs."""
    database = Database(clouds.settings())
    async with database.write() as session:
        row = await store.server(session, server_id)
        row.way = {**(row.way or {}), "state": state}
    await database.close()


async def test_nothing_is_started_that_nobody_approved_and_what_waits_survives_a_restart(
    clouds: Clouds, sshd: rescue.Machine
):
    vendor, server_id = await waiting(clouds, sshd)
    assert sshd.calls("kexec") == []
    more = clouds.state.site.rescue
    await clouds.close()
    await clouds.open()
    clouds.state.site.rescue = more
    assert sshd.calls("kexec") == []
    resets = len(vendor.double.resets)  # type: ignore[attr-defined]
    await approved(clouds, server_id, "sda")
    await until("Talos is loaded", lambda: kexec_asked(vendor, sshd), within_s=WITHIN_S)
    assert len(vendor.double.resets) == resets  # type: ignore[attr-defined]


async def test_a_machine_that_was_rejected_is_never_started(clouds: Clouds, sshd: rescue.Machine):
    _vendor, server_id = await waiting(clouds, sshd)
    device = (await clouds.server(server_id))["device_id"]
    await clouds.api("POST", f"devices/{device}/reject")

    async def said() -> Any:
        return "rejected" in (await clouds.server(server_id))["step"]

    await until("it says why nothing is started", said, within_s=WITHIN_S)
    assert sshd.calls("kexec") == []


async def test_killed_while_starting_it_looks_and_starts_again_what_still_waits(
    clouds: Clouds, sshd: rescue.Machine
):
    vendor, server_id = await waiting(clouds, sshd)
    more = clouds.state.site.rescue
    await clouds.close()
    await _put(clouds, server_id, "starting")
    await clouds.open()
    clouds.state.site.rescue = more
    await approved(clouds, server_id, "sda")
    await until("Talos is loaded", lambda: kexec_asked(vendor, sshd), within_s=WITHIN_S)


async def test_killed_after_starting_it_takes_talos_for_started(
    clouds: Clouds, sshd: rescue.Machine
):
    _vendor, server_id = await waiting(clouds, sshd)
    more = clouds.state.site.rescue
    await clouds.close()
    await _put(clouds, server_id, "starting")
    sshd.stop()  # another kernel runs there by now
    await clouds.open()
    clouds.state.site.rescue = more

    async def started() -> Any:
        return (await way(clouds, server_id)).get("state") == "started"

    await until("it is taken for started", started, within_s=WITHIN_S)
    assert sshd.calls("kexec") == []


async def test_a_server_that_booted_its_own_disk_is_left_alone(
    clouds: Clouds, sshd: rescue.Machine
):
    sshd.write("root/proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\n")
    vendor, server_id = await ordered(clouds, "hetzner", at=sshd.at)
    await let_in(vendor, sshd)

    async def said() -> Any:
        vendor.double.deliver()
        return "nothing was done" in (await clouds.server(server_id))["step"]

    await until("it says so", said, within_s=WITHIN_S)
    assert (await clouds.server(server_id))["device_id"] is None
    assert sshd.calls("kexec") == []


async def test_another_host_key_than_the_provider_tells_is_never_talked_to(
    clouds: Clouds, sshd: rescue.Machine
):
    vendor, server_id = await ordered(clouds, "hetzner", at=sshd.at)
    await let_in(vendor, sshd)
    vendor.replaced = {"SHA256:boot1r": "SHA256:" + "A" * 43}

    async def said() -> Any:
        vendor.double.deliver()
        return (await clouds.server(server_id))["problem"]

    problem = await until("a person is told", said, within_s=WITHIN_S)
    assert "host key" in problem
    assert "Accepted publickey" not in sshd.log.text
    assert (await clouds.server(server_id))["device_id"] is None


async def test_a_reinstall_starts_the_rescue_system_once_more(clouds: Clouds, sshd: rescue.Machine):
    vendor, server_id = await waiting(clouds, sshd)
    double: Any = vendor.double
    resets = len(double.resets)
    sshd.restart(keys.make("host"))  # each boot makes its own host key
    clouds.state.site.rescue["shell"]["port"] = sshd.port
    vendor.replaced["SHA256:boot2r"] = sshd.host_key
    echo = (await clouds.server(server_id))["echo_reinstall"]
    await clouds.api("POST", f"servers/{server_id}/reinstall", json={"confirm": echo})

    async def again() -> Any:
        double.deliver()
        seen = await clouds.server(server_id)
        return len(double.resets) > resets and "waits for an approval" in seen["step"]

    await until("it waits for an approval again", again, within_s=WITHIN_S)
    assert len(double.resets) == resets + 1
    assert len(double.orders) == 1
    assert sshd.calls("kexec") == []
