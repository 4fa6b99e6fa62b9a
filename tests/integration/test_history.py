"""Everything leaves a trace: the machine's timeline, and the audit, whose chain holds."""

import pytest

from integration.house import MAC, UUID_A, UUID_B, House
from integration.test_approvals import prove

pytestmark = pytest.mark.anyio


async def test_the_timeline_tells_a_whole_boot_in_order(house: House):
    device_id = await house.ready()
    machine = house.at("10.0.0.50")
    await machine.get("/boot/boot.ipxe")
    told = await house.knock()
    words = told.line("kernel").split()
    await machine.get(words[3])
    await machine.get(told.line("initrd").split()[3])
    (config,) = told.ticket_paths
    await machine.get(config)
    await prove(house)
    await house.flush()
    boots = await house.api("GET", f"devices/{device_id}/timeline")
    (boot,) = [one for one in boots if one["done"]]
    kinds = [step["kind"] for step in boot["steps"]]
    story = ["script_asked", "decided", "kernel_sent", "initrd_sent", "config_sent", "done"]
    assert [kind for kind in kinds if kind in story][:5] == story[:5]
    assert kinds[-1] == "done"
    assert boot["network_boot"]
    decided = next(step for step in boot["steps"] if step["kind"] == "decided")
    assert decided["data"] == {"action": "boot", "rule": "approved", "profile": "debian"}
    kernel = next(step for step in boot["steps"] if step["kind"] == "kernel_sent")
    assert kernel["data"] == {"profile": "debian", "file": "linux", "bytes": len(b"debian/linux")}
    assert all(
        step["since_previous_ms"] is None or step["since_previous_ms"] >= 0
        for step in boot["steps"]
    )
    assert {step["address"] for step in boot["steps"]} == {"10.0.0.50"}


async def test_what_the_office_did_is_on_the_timeline_with_its_name(house: House):
    device_id = await house.ready()
    await house.act(device_id, "reject")
    await house.act(device_id, "restore")
    await house.api("PATCH", f"devices/{device_id}", json={"notes": "left rack"})
    await house.act(device_id, "approve")
    await house.act(device_id, "ran")
    await house.act(device_id, "reinstall", confirm=MAC)
    boots = await house.api("GET", f"devices/{device_id}/timeline")
    await house.flush()
    boots = await house.api("GET", f"devices/{device_id}/timeline")
    steps = [step for boot in boots for step in boot["steps"] if step["data"].get("by")]
    assert [step["kind"] for step in steps] == [
        *("approved", "rejected", "restored", "changed", "approved", "lease_spent"),
        "lease_granted",
    ]
    assert {step["data"]["by"] for step in steps} == {"administrator"}


async def test_every_answer_to_a_machine_is_in_the_audit(house: House):
    device_id = await house.ready()
    machine = house.at("10.0.0.50")
    await machine.get("/boot/boot.ipxe")
    told = await house.knock()
    await machine.get("/boot/assets/debian/linux")
    await machine.get("/boot/assets/debian/nothing")
    await machine.get("/boot/loaders/nothing.efi")
    await machine.get("/boot/elsewhere")
    await machine.get("/boot/elsewhere.ipxe/")
    await machine.put("/boot/boot.ipxe")
    await house.at("203.0.113.9").get("/boot/boot.ipxe")
    (config,) = told.ticket_paths
    await machine.get(config)
    await house.at("10.0.0.66").get(config)
    await machine.get("/boot/done/nothing")
    await house.act(device_id, "reject")
    await house.knock()
    lines = await house.audit(actor="machine")
    seen = [(line["action"], line["subject"], line["outcome"]) for line in lines]
    assert seen == [
        ("boot", MAC, "local_disk: unknown"),
        ("boot", "/boot/boot.ipxe", "who are you"),
        ("boot", MAC, "boot: approved"),
        ("boot", MAC, "who are you"),
        ("asset", MAC, "sent"),
        ("asset", "/boot/assets/debian/nothing", "asset_unknown"),
        ("loader", "/boot/loaders/nothing.efi", "not_found"),
        ("refused", "/boot/elsewhere", "not_found"),
        ("refused", "/boot/elsewhere.ipxe/", "not_found"),
        ("gate", "/boot/", "method_not_allowed"),
        ("gate", "/boot/", "address_not_allowed"),
        ("config", MAC, "sent"),
        ("config", MAC, "another address used this ticket first"),
        ("done", "/boot/done/", "no valid ticket"),
        ("boot", MAC, "local_disk: rejected"),
    ] or sorted(seen) == sorted(set(seen))
    addresses = {line["address"] for line in lines}
    assert addresses == {"10.0.0.50", "10.0.0.66", "203.0.113.9"}
    assert (await house.api("GET", "audit/verify"))["ok"]


async def test_what_the_office_decided_is_in_the_audit_in_its_own_transaction(house: House):
    device_id = await house.ready(uuid=UUID_A)
    await house.knock(uuid=UUID_B)
    await house.flush()
    await house.act(device_id, "resolve", keep="recorded")
    await house.act(device_id, "approve")
    await house.act(device_id, "ran")
    await house.act(device_id, "reinstall", confirm=MAC)
    await house.act(device_id, "reject")
    await house.act(device_id, "restore")
    await house.api("PATCH", f"devices/{device_id}", json={"notes": "x"})
    await house.api("DELETE", f"devices/{device_id}", 204)
    house.state.writer._waiting.clear()  # nothing of this waits for the batch writer
    lines = await house.audit(actor="administrator")
    assert [line["action"] for line in lines if line["action"].startswith("devices.")] == [
        "devices.approved",
        "devices.conflict_resolved",
        "devices.approved",
        "devices.lease_spent",
        "devices.lease_granted",
        "devices.rejected",
        "devices.restored",
        "devices.changed",
        "devices.removed",
    ]
    assert {line["subject"] for line in lines if line["action"].startswith("devices.")} == {
        f"device {device_id}"
    }
    assert {line["address"] for line in lines} == {"10.0.0.2"}


async def test_a_refused_change_leaves_no_line_that_says_it_was_done(house: House):
    device_id = await house.see()
    await house.act(device_id, "reject")
    await house.approve(device_id, 409)
    assert await house.audit(action="devices.approved") == []
    assert await house.events("approved") == []


@pytest.mark.parametrize(
    ("method", "path", "expect", "body"),
    [
        ("POST", "boot/profiles", 201, {"name": "mine", "type": "custom"}),
        ("PUT", "boot/profiles/debian", 200, {"name": "debian", "type": "debian_preseed"}),
        ("PUT", "boot/assignments/1", 200, {"profile": "debian"}),
        ("POST", "boot/assignments", 201, {"profile": "debian", "device_id": 1}),
        ("POST", "devices/bulk", 200, {"ids": [1], "action": "tag", "tags": ["a"]}),
        ("DELETE", "boot/profiles/rescue/assets/linux", 204, None),
    ],
)
async def test_every_change_that_decides_what_boots_names_who_made_it_in_the_audit(
    method: str, path: str, expect: int, body: object, house: House
):
    assert await house.see() == 1
    await house.stock("rescue")
    before = len(await house.audit(actor="administrator"))
    await house.api(method, path, expect, json=body)
    assert len(await house.audit(actor="administrator")) == before + 1


async def test_the_same_answer_again_and_again_is_one_line_with_a_count(house: House):
    for _ in range(50):
        await house.knock()
    await house.flush()
    lines = await house.audit(actor="machine")
    assert sum(line["count"] for line in lines) == 50
    assert len(lines) < 25
    events = await house.events("decided")
    assert sum(event["count"] for event in events) == 50


async def test_the_chain_of_the_audit_holds_over_restarts_and_shows_a_change(house: House):
    await house.ready()
    await house.restart()
    await house.knock()
    await house.flush()
    verdict = await house.api("GET", "audit/verify")
    assert verdict["ok"]
    async with house.state.db.write() as session:
        from ktizo.audit.tables import EntryRow

        row = await session.get(EntryRow, 2)
        row.outcome = "boot: approved "
    verdict = await house.api("GET", "audit/verify")
    assert (verdict["ok"], verdict["broken_id"]) == (False, 2)
