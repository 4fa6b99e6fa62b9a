"""Look before you wipe: Talos in memory, and nothing of the machine is written."""

import asyncio
from typing import Any

import pytest

from images.factory_double import LINE, VANILLA, VERSION, sha256
from integration import ipxe
from integration.conftest import Clock, OpenHouse
from integration.house import BASE, MAC, OTHER_MAC, UUID_A, UUID_B, House, Told, until
from integration.test_clusters import FILES, IMAGES, cluster, imported
from ktizo import app
from ktizo.boot.tickets import INSPECT
from ktizo.core.clock import utc_now
from ktizo.core.tokens import sign
from ktizo.devices import inspection
from ktizo.nodes.inspect import keep
from ktizo.nodes.inspect.found import Found, FoundDisk

pytestmark = pytest.mark.anyio

HOME, ELSEWHERE = "10.0.0.50", "10.0.0.66"
REFUSED = "forbidden: this is not for you; an operator can see why in the audit log\n"
CONFIG = """\
apiVersion: v1alpha1
kind: EventSinkConfig
endpoint: ktizo.test:8081
---
apiVersion: v1alpha1
kind: KmsgLogConfig
name: ktizo
url: tcp://ktizo.test:8082
"""


async def ask(house: House, device_id: int, expect: int = 200, **body: Any) -> Any:
    return await house.act(device_id, "inspect", expect, **body)


async def shown(house: House, device_id: int) -> Any:
    return await house.api("GET", f"devices/{device_id}/inspection")


async def asked(house: House, mac: str = MAC, **fields: str) -> int:
    """Bring a machine to where its next boot is the inspection; returns its number."""
    await imported(house, FILES)
    device_id = await house.see(mac, **fields)
    await ask(house, device_id)
    return device_id


def inspected(told: Told) -> bool:
    return told.installer and told.first_word == "inspection"


def config_path(told: Told) -> str:
    assert inspected(told), told.text
    (path,) = told.ticket_paths
    assert path.endswith("/inspect.yaml")
    return path


async def refused(house: House, path: str, address: str = HOME) -> None:
    answer = await house.at(address).get(path)
    assert (answer.status_code, answer.text) == (403, REFUSED), path


# The story


async def test_a_held_machine_is_looked_at_and_nobody_has_approved_it(opened: OpenHouse):
    async with opened(unknown_machines="hold") as house:
        await imported(house, FILES)
        device_id = await house.see()
        assert (await house.knock()).first_word == "hold"
        assert (await shown(house, device_id))["state"] == "none"
        made = await ask(house, device_id)
        assert (made["state"], made["boots"], made["findings"]) == ("asked", 0, None)
        assert (made["schematic"], made["version"]) == (VANILLA, VERSION)
        told = await house.knock()  # it polls, and hears of it at once
        assert inspected(told)
        assert f" {BASE}{IMAGES}/kernel-amd64 " in told.line("kernel")
        assert f" {BASE}{IMAGES}/initramfs-amd64.xz " in told.line("initrd")
        words = set(told.line("kernel").split())
        assert set(LINE.split()) <= words
        assert {
            "talos.events.sink=ktizo.test:8081",
            "talos.logging.kernel=tcp://ktizo.test:8082",
            "talos.halt_if_installed=1",
            f"talos.config={BASE}{config_path(told)}",
        } <= words
        assert ipxe.ends_on_disk(told.text)
        await house.flush()
        assert (await shown(house, device_id))["state"] == "booting"
        config = await house.at(HOME).get(config_path(told))
        assert (config.status_code, config.text) == (200, CONFIG)
        assert config.headers["cache-control"] == "no-store"
        await house.flush()
        now = await shown(house, device_id)
        assert (now["state"], now["boots"]) == ("looking", 1)
        device = await house.device()
        assert (device["state"], device["lease"]) == ("pending", None)


async def test_what_was_found_stays_until_it_is_looked_at_again(house: House):
    device_id = await asked(house)
    none = dict.fromkeys(("manufacturer", "product", "serial", "uuid", "system_disk"), "")
    disk = FoundDisk("/dev/sda", 10**12, wwid="naa.1", install_disk="wwid:naa.1", holds=("LVM",))
    found = Found(pin="key", talos_version=VERSION, cpus=(), cores=2, memory_mib=4096, cards=(),
                  disks=(disk,), **none)  # fmt: skip
    async with house.state.db.write() as session:
        await inspection.end(session, device_id, "done", utc_now())
        await keep.save(session, device_id, found, address=HOME, pin="key", at=utc_now())
    assert (await house.knock()).disk.rule == "not_approved"
    now = await shown(house, device_id)
    assert (now["state"], now["findings"]["address"]) == ("done", HOME)
    (seen,) = now["findings"]["disks"]
    assert (seen["install_disk"], seen["holds"]) == ("wwid:naa.1", ["LVM"])
    again = await ask(house, device_id)
    assert (again["state"], again["findings"]) == ("asked", now["findings"])
    await house.approve(device_id, profile="debian")
    assert (await shown(house, device_id))["state"] == "done"


async def test_the_timeline_and_the_audit_tell_it(house: House):
    device_id = await asked(house)
    await house.at(HOME).get(config_path(await house.knock()))
    await house.flush()
    await house.api("DELETE", f"devices/{device_id}/inspection")
    kinds = ("inspection_asked", "decided", "config_sent", "inspection_ended")
    events = [one for one in await house.events(*kinds) if one["data"].get("rule") != "unknown"]
    assert [one["kind"] for one in events] == list(kinds)
    assert all(one["device_id"] == device_id for one in events)
    assert events[0]["data"]["by"] == "administrator"
    assert events[0]["data"]["build"] == f"{VANILLA}/{VERSION}"
    build = f"mirror, build {VANILLA}/{VERSION}"
    assert events[1]["data"] == {"action": "inspect", "rule": "inspection", "boots": build}
    assert events[2]["data"] == {"file": "inspect.yaml"}
    assert events[3]["data"] == {"by": "administrator", "how": "cancelled"}
    actions = [line["action"] for line in await house.audit(actor="administrator")]
    assert "devices.inspection_asked" in actions
    assert "devices.inspection_ended" in actions


async def test_explain_gives_the_very_script_and_a_viewer_no_ticket(house: House):
    device_id = await asked(house)
    found = await house.explain()
    told = await house.knock()
    assert (found["rule"], found["action"], found["script"]) == ("inspection", "inspect", told.text)
    assert found["summary"].startswith("boot Talos in memory to be looked at; no disk is written")
    assert found["boots_from"] == f"mirror, build {VANILLA}/{VERSION}"
    assert found["command_line"] in told.text
    await house.flush()
    for _ in range(9):
        await house.explain()
    await house.flush()
    assert (await shown(house, device_id))["boots"] == 1, "explaining counts no boot"
    made = await house.api("POST", "tokens", 201, json={"name": "v", "scope": "viewer"})
    headers = {"Authorization": f"Bearer {made['token']}"}
    path = "/api/v1/boot/explain"
    seen = await house.at("10.0.0.9").get(
        path, params={"mac": MAC, "arch": "x86_64"}, headers=headers
    )
    ticket = config_path(told).split("/")[3]
    assert ticket not in seen.text
    assert "/boot/configs/TICKET/inspect.yaml" in seen.text


async def test_rehearsing_an_approval_ends_no_inspection(house: House):
    await house.stock()
    device_id = await asked(house)
    body = {"device_id": device_id, "profile": "debian"}
    tried = await house.api("POST", "boot/rehearse", json=body)
    assert tried["explanation"]["rule"] == "approved"
    assert inspected(await house.knock())
    assert not await house.events("inspection_ended")


async def test_a_machine_entered_by_hand_is_looked_at_at_its_first_knock(house: House):
    await imported(house, FILES)
    device_id = (await house.api("POST", "devices", 201, json={"mac": MAC}))["id"]
    await ask(house, device_id)
    assert inspected(await house.knock())


async def test_a_plain_release_boots_with_the_profiles_own_line(house: House):
    release = {"vmlinuz-amd64": b"kernel", "initramfs-amd64.xz": b"initramfs"}
    folder = house.settings.data_dir / "import" / "release"
    folder.mkdir(parents=True)
    for name, data in release.items():
        (folder / name).write_bytes(data)
    sums = "".join(f"{sha256(data)}  {name}\n" for name, data in release.items())
    (folder / "SHA256SUMS").write_text(sums)
    body = {"path": "release", "schematic": "release", "version": VERSION}
    await house.api("POST", "images/mirror/import", json=body)
    device_id = await house.see()
    assert (await ask(house, device_id))["schematic"] == "release"
    words = (await house.knock()).line("kernel").split()
    assert f"{BASE}/boot/images/release/{VERSION}/vmlinuz-amd64" in words
    assert {"talos.platform=metal", "slab_nomerge", "pti=on"} <= set(words)
    assert sum(word.startswith("talos.config=") for word in words) == 1


async def test_without_sinks_the_config_is_still_none_that_installs(opened: OpenHouse):
    async with opened(event_sink_port=0, kernel_log_port=0) as house:
        device_id = await asked(house)
        told = await house.knock()
        assert "talos.events.sink" not in told.text
        assert "talos.logging.kernel" not in told.text
        config = await house.at(HOME).get(config_path(told))
        assert config.text == (
            "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: accept\n"
        )
        await house.flush()
        assert (await shown(house, device_id))["state"] == "looking", "so it can be found"


# Who may not


async def test_time_passes_and_the_machine_is_as_before(
    opened: OpenHouse, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(app, "HOUSEKEEPING_S", 0.05)
    async with opened() as house:
        device_id = await asked(house)
        told = await house.knock()
        clock.forward(minutes=60)
        assert (await house.knock()).disk.rule == "not_approved"
        await refused(house, config_path(told))
        assert (await shown(house, device_id))["state"] == "none"
        (event,) = await until("housekeeping", lambda: house.events("inspection_ended"))
        assert (event["data"], event["device_id"]) == ({"how": "expired"}, device_id)


@pytest.mark.parametrize("what", ["cancel", "reject", "approve", "forget", "conflict"])
async def test_what_is_decided_meanwhile_ends_it_at_once(what: str, house: House):
    own = {"uuid": UUID_A}
    await house.stock()
    device_id = await asked(house, **own)
    told = await house.knock(**own)
    path = config_path(told)
    assert (await house.at(HOME).get(path)).status_code == 200
    await house.flush()
    expected = {"reject": "rejected", "forget": "unknown", "conflict": "identity_contested"}
    match what:
        case "cancel":
            await house.api("DELETE", f"devices/{device_id}/inspection")
        case "reject":
            await house.act(device_id, "reject")
        case "approve":
            await house.approve(device_id, profile="debian")
        case "forget":
            await house.api("DELETE", f"devices/{device_id}", 204)
        case _:
            await house.knock(uuid=UUID_B)
            await house.flush()
    again = await house.knock(**own)
    if what == "approve":
        assert again.first_word == "debian"
    else:
        assert again.disk.rule == expected.get(what, "not_approved")
    await refused(house, path)
    (event,) = await house.events("inspection_ended")
    assert event["data"]["how"] == ("cancelled" if what == "cancel" else "decided")
    (denied,) = await house.events("config_refused")
    assert denied["data"] == {"reason": "its inspection is over"}
    assert denied["device_id"] == (None if what == "forget" else device_id)


async def test_the_ticket_of_an_inspection_never_opens_the_config_of_an_approval(house: House):
    """Approved between its script and its config: it is refused, and a reboot sets it right."""
    await house.stock("talos-worker")
    await imported(house, FILES)
    await cluster(house)
    device_id = await house.see()
    await ask(house, device_id)
    old = config_path(await house.knock())
    await house.approve(device_id, role="worker", cluster="lab")
    for path in (old, old.replace("inspect.yaml", "config.yaml")):
        await refused(house, path)
    told = await house.knock()
    (new,) = told.ticket_paths
    answer = await house.at(HOME).get(new)
    assert (answer.status_code, "machine:" in answer.text) == (200, True)
    assert (await house.at(HOME).get(new.replace("config.yaml", "inspect.yaml"))).status_code == 404
    await refused(house, old)


async def test_a_copied_ticket_is_of_no_use_to_another_address(house: House):
    await asked(house)
    path = config_path(await house.knock())
    addresses = [f"10.0.1.{last}" for last in range(8)]
    answers = await asyncio.gather(*(house.at(one).get(path) for one in addresses))
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 7
    (first,) = [a for a, b in zip(addresses, answers, strict=True) if b.status_code == 200]
    await house.flush()
    await house.restart()
    await refused(house, path, ELSEWHERE)
    assert (await house.at(first).get(path)).status_code == 200


async def test_tickets_that_were_changed_or_made_for_something_else_open_nothing(house: House):
    device_id = await asked(house)
    path = config_path(await house.knock())
    number, held, signature = path.split("/")[3].split("~")
    key = house.state.sealer.subkey("tickets")
    wrong = [
        f"{number}~{int(held) + 1}~{signature}",
        f"{int(number) + 1}~{held}~{signature}",
        f"{number}~{held}~0~{signature}",
        f"{number}~{held}~{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        sign(key, INSPECT, device_id, int(held) + 1),
        sign(key, INSPECT, device_id + 7, int(held)),
        sign(key, INSPECT, device_id, int(held), 0),
        sign(b"\0" * 32, INSPECT, device_id, int(held)),
    ]
    for one in wrong:
        await refused(house, f"/boot/configs/{one}/inspect.yaml")
    for file in ("config.yaml", "user-data", "inspect.yml"):
        answer = await house.at(HOME).get(path.replace("inspect.yaml", file))
        assert answer.status_code == 404, file
    assert (await house.at(HOME).post(path.replace("configs", "done"))).status_code in {403, 404}
    ticket = path.split("/")[3]
    assert (await house.at(HOME).post(f"/boot/done/{ticket}")).status_code == 403
    head = await house.at(HOME).head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert (await house.at(HOME).get(path)).text == CONFIG


async def test_a_machine_that_only_boots_again_and_again_is_left_to_its_disk(house: House):
    """As an installed Talos does: it halts, and reboots after a while."""
    device_id = await asked(house)
    for _ in range(5):
        path = config_path(await house.knock())
    assert (await house.knock()).disk.rule == "inspection_used_up"
    assert (await house.at(HOME).get(path)).status_code == 200, "the fifth boot is still good"
    assert (await house.explain())["rule"] == "inspection_used_up"
    await house.flush()
    assert (await shown(house, device_id))["boots"] == 5
    await house.restart()
    assert (await house.knock()).disk.rule == "inspection_used_up"
    assert (await house.device())["state"] == "pending"
    await ask(house, device_id)  # the way out
    assert inspected(await house.knock())


async def test_a_restart_in_between_loses_nothing(house: House):
    device_id = await asked(house)
    path = config_path(await house.knock())
    await house.flush()
    await house.restart()
    assert (await house.at(HOME).get(path)).text == CONFIG
    assert inspected(await house.knock())
    await house.flush()
    assert (await shown(house, device_id))["boots"] == 2


async def test_an_unknown_machine_and_the_neighbour_are_not_looked_at(house: House):
    device_id = await asked(house)
    assert (await house.knock(OTHER_MAC)).disk.rule == "unknown"
    await house.flush()
    assert (await house.knock(OTHER_MAC)).disk.rule == "not_approved"
    assert (await ask(house, 9999, 404))["code"] == "device_not_found"
    assert inspected(await house.knock())
    assert (await shown(house, device_id))["asked_by"] == "administrator"


async def test_whoever_leaves_out_the_marks_or_shows_others_is_not_looked_at(house: House):
    own = {"uuid": UUID_A, "serial_hex": b"SN-1".hex()}
    await asked(house, **own)
    assert (await house.knock()).disk.rule == "identity_unproven"
    assert (await house.knock(uuid=UUID_A)).disk.rule == "identity_unproven"
    assert inspected(await house.knock(**own))
    assert (await house.knock(uuid=UUID_B, serial_hex=own["serial_hex"])).disk.rule == (
        "identity_contested"
    )


async def test_while_the_database_is_away_the_machine_boots_from_its_disk(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    from ktizo.core.errors import Unavailable

    await asked(house)
    path = config_path(await house.knock())

    async def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("the database does not answer")

    for name in ("rows", "version", "version_this_turn"):
        monkeypatch.setattr(house.state.reader, name, away)
    assert (await house.knock()).disk.rule == "database_down"
    assert (await house.at(HOME).get(path)).status_code == 503


async def test_when_history_cannot_be_kept_nobody_is_looked_at(house: House):
    await asked(house)
    assert inspected(await house.knock())
    house.state.writer.healthy = False
    assert (await house.knock()).disk.rule == "cannot_record"
    house.state.writer.healthy = True
    assert inspected(await house.knock())


async def test_a_build_that_is_not_there_is_said_and_the_machine_boots_its_disk(house: House):
    await asked(house)
    told = await house.knock(arch="arm64")  # entered as one, it says now it is another
    assert told.disk.rule == "inspection_impossible"
    assert "the mirror lacks kernel-arm64" in told.disk.reason
    explained = await house.explain(arch="arm64")
    assert "the mirror lacks kernel-arm64" in explained["profile_problem"]
    assert (await house.knock(arch="i386")).disk.rule == "inspection_impossible"
    assert inspected(await house.knock())


async def test_what_an_inspection_boots_is_not_cleared_away(house: House):
    device_id = await asked(house)
    body = {"older_than_days": 0, "dry_run": True}
    assert (await house.api("POST", "images/mirror/prune", json=body))["files"] == []
    await house.api("DELETE", f"devices/{device_id}/inspection")
    assert len((await house.api("POST", "images/mirror/prune", json=body))["files"]) == 3


# Asking for it


@pytest.mark.parametrize(
    ("arch", "body", "status", "code", "said"),
    [
        ("x86_64", {}, 409, "not_mirrored", "get one with `ktizo images mirror add`"),
        ("i386", {}, 409, "not_mirrored", "Talos does not run on i386"),
        ("x86_64", {"version": "1.13.0"}, 409, "not_mirrored", "no build of v1.13.0"),
        ("x86_64", {"schematic": "nothing"}, 404, "schematic_not_found", "nothing"),
        ("x86_64", {"minutes": 1}, 422, "validation_failed", "minutes"),
        ("x86_64", {"minuts": 10}, 422, "validation_failed", "minuts"),
    ],
)
async def test_what_cannot_be_booted_is_refused_with_the_way_out(
    arch: str, body: dict[str, Any], status: int, code: str, said: str, opened: OpenHouse
):
    async with opened() as house:
        device_id = await house.see(arch=arch)
        answer = await ask(house, device_id, status, **body)
        assert (answer["code"], said in answer["message"]) == (code, True), answer
        assert (await shown(house, device_id))["state"] == "none"
        assert (await house.knock(arch=arch)).disk.rule == "not_approved"


async def test_the_build_for_the_machines_processor_is_chosen(house: House):
    await imported(house, FILES)
    device_id = await house.see(arch="arm64")
    assert (await ask(house, device_id, 409))["code"] == "not_mirrored"
    other = await house.see(OTHER_MAC)
    named = await ask(house, other, version=VERSION.removeprefix("v"), schematic=VANILLA, minutes=5)
    assert (named["schematic"], named["version"]) == (VANILLA, VERSION)


async def test_a_decided_machine_is_refused_and_an_inspection_taken_back_twice_is_none(
    house: House,
):
    device_id = await asked(house)
    for _ in range(2):
        gone = await house.api("DELETE", f"devices/{device_id}/inspection")
        assert gone["state"] == "none"
    assert len(await house.events("inspection_ended")) == 1
    await house.approve(device_id, profile="debian")
    said = await ask(house, device_id, 409)
    assert said["code"] == "wrong_state"
    assert "reject and restore it first" in said["message"]


# Pinned disks

PIN = "wwid:naa.5002538e40b5cc1a"


async def test_a_machine_with_a_pinned_disk_gets_its_config_only_through_its_own_api(
    house: House,
):
    await imported(house, FILES)
    await cluster(house)
    device_id = await house.see()
    await house.approve(device_id, role="worker", cluster="lab", install_disk=PIN)
    (joined,) = await house.api("GET", "clusters/lab/members")
    assert joined["install_disk"] == PIN
    told = await house.knock()
    assert "talos.halt_if_installed" not in told.text, "it may be installed over"
    assert "talos.events.sink=ktizo.test:8081" in told.line("kernel").split()
    (path,) = told.ticket_paths
    answer = await house.at(HOME).get(path)
    assert (answer.status_code, answer.text) == (200, CONFIG)
    (event,) = await house.events("config_sent")
    assert event["data"] == {"file": "config.yaml", "held_back": "the install disk is pinned"}
    assert await house.api("GET", f"clusters/devices/{device_id}/history") == []
    await refused(house, path, ELSEWHERE)
    preview = await house.api(
        "POST", f"clusters/devices/{device_id}/preview", params={"reason": "compare"}
    )
    assert "diskSelector:\n            wwid: naa.5002538e40b5cc1a\n" in preview["config"]
    assert (await house.device())["state"] == "installing"


async def test_unpinned_again_the_whole_config_comes_by_ticket(house: House):
    await imported(house, FILES)
    await cluster(house)
    device_id = await house.see()
    await house.approve(device_id, role="worker", cluster="lab", install_disk=PIN)
    body = {"role": "worker", "install_disk": "/dev/vda"}
    await house.api("PUT", f"clusters/lab/members/{device_id}", json=body)
    (path,) = (await house.knock()).ticket_paths
    answer = await house.at(HOME).get(path)
    assert (answer.status_code, "disk: /dev/vda" in answer.text) == (200, True)


async def test_a_cluster_as_a_whole_pins_no_disk(house: House):
    body = {
        "name": "lab",
        "endpoint": "https://10.0.0.10:6443",
        "talos_version": VERSION,
        "install_disk": PIN,
    }
    refusal = await house.api("POST", "clusters", 422, json=body)
    assert refusal["code"] == "validation_failed"
