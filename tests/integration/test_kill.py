"""`ktizo serve` killed with -9 in the middle: what was answered is there, and the chain holds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration.house import MAC, OTHER_MAC, UUID_A, until
from integration.served import Served

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
QUERY = f"mac={MAC}&uuid={UUID_A}&platform=pcbios"


@pytest.fixture(params=["granian", "uvicorn"])
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    made = Served(tmp_path, request.param)
    try:
        yield await made.start()
    finally:
        await made.close()


async def prepare(served: Served) -> int:
    """One approved machine that has begun to install, all of it on disk."""
    for name in ("linux", "initrd.gz"):
        path = f"/api/v1/boot/profiles/debian/assets/{name}"
        assert (await served.http.put(path, content=name.encode())).status_code == 201
    made = await served.api("POST", "devices", 201, json={"mac": MAC, "hostname": "edge-1"})
    await served.api("POST", f"devices/{made['id']}/approve", json={"profile": "debian"})
    for _ in range(2):
        script = (await served.http.get(f"/boot/menu.ipxe?{QUERY}")).text
        assert "\nkernel " in script
    await served.http.get(f"/boot/menu.ipxe?mac={OTHER_MAC}")
    (config,) = [word for word in script.split() if "/boot/configs/" in word]
    await served.http.get(config.removeprefix("url="))

    async def written() -> bool:
        return "config_sent" in {one["kind"] for one in (await remembered(served))["events"]}

    await until("history is written", written)
    return int(made["id"])


async def remembered(served: Served) -> dict[str, Any]:
    """Everything that must outlive the process."""
    return {
        "devices": (await served.api("GET", "devices?sort=id"))["items"],
        "events": (await served.api("GET", "events/recent?limit=1000"))["events"],
        "audit": (await served.api("GET", "audit?limit=1000"))["entries"][::-1],
        "profiles": await served.api("GET", "boot/profiles"),
        "assignments": await served.api("GET", "boot/assignments"),
        "tokens": [
            {key: value for key, value in one.items() if key != "last_used_at"}
            for one in (await served.api("GET", "tokens"))["tokens"]
        ],
    }


async def test_after_a_kill_everything_that_was_written_is_there_and_the_next_boot_goes_on(
    served: Served,
):
    device_id = await prepare(served)
    before = await remembered(served)
    await served.kill()
    await served.start()
    after = await remembered(served)
    for what in ("devices", "profiles", "assignments", "tokens"):
        assert after[what] == before[what], what
    for what in ("events", "audit"):
        assert after[what][: len(before[what])] == before[what], what
    assert (await served.api("GET", "audit/verify"))["ok"]
    assert served.log.count("administrator's token") == 1, "and no second one was made"
    script = (await served.http.get(f"/boot/menu.ipxe?{QUERY}")).text
    assert "\nkernel " in script

    async def third() -> bool:
        return bool((await served.api("GET", f"devices/{device_id}"))["lease"]["offers"] == 3)

    await until("the use after the restart is the third", third)
    (config,) = [word for word in script.split() if "/boot/configs/" in word]
    assert (await served.http.get(config.removeprefix("url="))).status_code == 200
    assert (await served.http.get("/boot/assets/debian/linux")).content == b"linux"
    assert (served.data / "cli.token").stat().st_mode & 0o777 == 0o600


async def test_no_decision_that_was_confirmed_is_lost_when_it_is_killed_while_deciding(
    served: Served,
):
    await prepare(served)
    confirmed: dict[int, str] = {}
    enough = asyncio.Event()

    async def decide(number: int) -> None:
        for turn in range(100):
            mac = f"52:54:00:{number:02x}:00:{turn:02x}"
            made = await served.http.post("/api/v1/devices", json={"mac": mac})
            if made.status_code != 201:
                continue
            device_id = made.json()["id"]
            confirmed[device_id] = "registered"
            verb, state = [("approve", "approved"), ("reject", "rejected")][turn % 2]
            done = await served.http.post(f"/api/v1/devices/{device_id}/{verb}", json={})
            if done.status_code == 200:
                confirmed[device_id] = state
            await served.http.get(f"/boot/menu.ipxe?mac={mac}")
            if len(confirmed) >= 30:
                enough.set()

    async def upload() -> None:
        async def slowly() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)

        await served.http.put("/api/v1/boot/profiles/debian/assets/big", content=slowly())

    office = [asyncio.create_task(decide(number)) for number in range(4)]
    office.append(asyncio.create_task(upload()))
    async with asyncio.timeout(60):
        await enough.wait()
    await served.kill()
    ended = await asyncio.gather(*office, return_exceptions=True)
    assert all(isinstance(one, httpx.TransportError) for one in ended), ended
    await served.start()
    found = (await served.api("GET", "devices?limit=1000"))["items"]
    states = {one["id"]: one["state"] for one in found}
    order = {"registered": 0, "pending": 0, "approved": 1, "rejected": 1}
    for device_id, state in confirmed.items():
        # A decision may have been made whose answer did not arrive, never the other way round.
        assert order[states[device_id]] >= order[state], device_id
    assert (await served.api("GET", "audit/verify"))["ok"]
    names = {one["name"] for one in await served.api("GET", "boot/profiles/debian/assets")}
    assert names == {"linux", "initrd.gz"}, "half a file is no file"
    assert list((served.data / "assets" / "tmp").glob("*")) == []
    approved = next(one for one in found if one["state"] == "approved")
    assert approved["lease"] is not None


async def test_on_sigterm_it_writes_what_waits_and_ends_by_itself(served: Served):
    await prepare(served)
    for number in range(20):
        await served.http.get(f"/boot/menu.ipxe?mac=52:54:00:00:01:{number:02x}")
    assert await served.stop() == 0, served.log
    assert "Traceback" not in served.log
    await served.start()
    assert (await served.api("GET", "devices"))["total"] == 22


async def test_a_stream_that_is_open_does_not_keep_it_from_ending(served: Served):
    async with served.http.stream("GET", "/api/v1/events") as stream:
        assert stream.status_code == 200
        async with asyncio.timeout(15):
            assert await served.stop() == 0
        with contextlib.suppress(httpx.TransportError):
            async for _ in stream.aiter_bytes():
                pass
