from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from ktizo.clusters import store as clusters
from ktizo.clusters.tables import ServedRow
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.devices import store as devices
from ktizo.devices.tables import Device
from ktizo.events import store as events
from ktizo.events.kinds import Event, EventKind
from ktizo.images import store as images
from ktizo.images.image import RELEASE, Arch, Image, Part
from ktizo.images.mirror import Reached

pytestmark = pytest.mark.anyio

K = EventKind


async def machine(db: Database, number: int, state: str, **more: Any) -> int:
    now = utc_now()
    mac = f"52:54:00:00:00:{number:02x}"
    row = Device(state=state, boot_mac=mac, created_at=now, updated_at=now, first_seen=now)
    for name, value in more.items():
        setattr(row, name, value)
    async with db.write() as session:
        return (await devices.add(session, row, [mac])).id


async def overview(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/api/v1/overview")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_new_appliance_has_nothing_to_say(client: httpx.AsyncClient):
    found = await overview(client)
    assert found["by_state"] == {}
    assert found["lan"] == {
        "set_up": False,
        "enabled": False,
        "running": False,
        "restarts": 0,
        "last_error": None,
    }
    assert found["history"]["healthy"]
    assert found["mirror"] == {"stored": 0, "coming": [], "failed": []}
    assert found["clusters"] == 0


async def test_machines_that_need_somebody_come_by_name_the_longest_waiting_first(
    client: httpx.AsyncClient, db: Database
):
    old = utc_now() - timedelta(days=3)
    await machine(db, 1, "pending", vendor="Dell", product="R640")
    await machine(db, 2, "pending", first_seen=old)
    await machine(db, 3, "boot_loop", hostname="node-3")
    for number in range(4, 12):
        await machine(db, number, "lapsed")
    found = await overview(client)
    names = [one["name"] for one in found["pending"]["machines"]]
    assert names == ["52:54:00:00:00:02", "Dell R640"]
    assert found["boot_loops"]["machines"][0]["name"] == "node-3"
    assert found["lapsed"]["total"] == 8
    assert len(found["lapsed"]["machines"]) == 6
    assert found["contested"]["total"] == 0


async def served(db: Database, device_id: int, sha256: str) -> None:
    now = utc_now()
    row = ServedRow(
        device_id=device_id,
        cluster_id=1,
        cluster_version=1,
        role="worker",
        lease_id=1,
        sha256=sha256,
        size=1,
        config="sealed",
        at=now,
        last_at=now,
    )
    async with db.write() as session:
        await clusters.add_served(session, row, keep=20)


async def test_an_installed_machine_that_would_get_another_config_has_drifted(
    client: httpx.AsyncClient, db: Database, app: FastAPI
):
    same, moved, fresh, gone = [
        await machine(db, n, "running" if n < 3 else "installing") for n in range(1, 5)
    ]
    for one in (same, moved, fresh, gone):
        await served(db, one, "a" * 64)
        await served(db, one, "b" * 64)
    app.state.regenerator.checksums = {same: "b" * 64, moved: "c" * 64, fresh: "c" * 64}
    drifted = (await overview(client))["drifted"]
    assert [one["id"] for one in drifted["machines"]] == [moved]


async def test_files_on_their_way_say_how_far_they_are(
    client: httpx.AsyncClient, db: Database, app: FastAPI
):
    async with db.write() as session:
        rows = [
            await images.wish(
                session, Image(schematic=RELEASE, version="v1.12.0", arch=arch, part=Part.KERNEL)
            )
            for arch in Arch
        ]
        rows[1].given_up, rows[1].problem = True, "not found"
    app.state.images.mirror.reached = {rows[0].id: Reached(10, 100)}
    mirror = (await overview(client))["mirror"]
    assert [(one["size"], one["total"]) for one in mirror["coming"]] == [(10, 100)]
    assert [one["problem"] for one in mirror["failed"]] == ["not found"]


async def test_history_that_cannot_be_written_shows(client: httpx.AsyncClient, app: FastAPI):
    app.state.writer.healthy, app.state.writer.last_error = False, "the disk is full"
    history = (await overview(client))["history"]
    assert (history["healthy"], history["last_error"]) == (False, "the disk is full")


async def boot(db: Database, device_id: int | None, mac: str, *kinds: EventKind) -> None:
    start = utc_now() - timedelta(hours=3)
    said = {"action": "boot", "rule": "approved", "profile": "debian"}
    told = [
        Event(
            0,
            start + timedelta(seconds=number),
            kind,
            mac,
            device_id,
            data=said if kind is K.DECIDED else {},
        )
        for number, kind in enumerate(kinds)
    ]
    async with db.write() as session:
        await events.insert(session, told)


WAY = (K.DHCP_OFFER, K.TFTP_SENT, K.SCRIPT_ASKED, K.DECIDED, K.KERNEL_SENT, K.INITRD_SENT)


async def test_analytics_speak_of_machines_by_name(client: httpx.AsyncClient, db: Database):
    known = await machine(db, 1, "installed", hostname="node-1")
    await boot(db, known, "52:54:00:00:00:01", *WAY, K.CONFIG_SENT, K.DONE)
    await boot(db, 99, "52:54:00:00:00:63", *WAY, K.CONFIG_SENT, K.DONE)
    await boot(db, known, "52:54:00:00:00:02", *WAY)
    boots = (await client.get("/api/v1/analytics/boots?days=2")).json()
    assert (boots["reached"], boots["failed"], boots["success_rate"]) == (2, 1, 0.6667)
    assert len(boots["days"]) == 2
    slow = (await client.get("/api/v1/analytics/slowest")).json()["machines"]
    assert {(one["name"], one["device_id"]) for one in slow} == {
        ("node-1", known),
        ("52:54:00:00:00:63", None),
    }
    steps = (await client.get("/api/v1/analytics/steps")).json()["steps"]
    assert [one["step"] for one in steps] == [
        "loader",
        "script",
        "kernel",
        "initrd",
        "config",
        "done",
        "done",
    ]
    assert steps[-1]["p50_ms"] == 7_000
    failures = (await client.get("/api/v1/analytics/failures")).json()["failures"]
    assert [(one["cause"], one["boots"]) for one in failures] == [("stopped_after_initrd", 1)]


@pytest.mark.parametrize("query", ["boots?days=0", "boots?days=366", "slowest?limit=0"])
async def test_a_span_without_end_is_refused(client: httpx.AsyncClient, query: str):
    assert (await client.get(f"/api/v1/analytics/{query}")).status_code == 422
