"""An approved machine gets its config through its own API, once, and only if it is the machine."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from grpclib.const import Status

from core.databases import KINDS, fresh_database
from ktizo.boot import store as boot
from ktizo.clusters import create
from ktizo.core import yaml
from ktizo.core.clock import utc_now
from ktizo.devices import approval
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import State
from ktizo.devices.register import resolve
from ktizo.nodes import handover
from ktizo.nodes.handover import GRACE_S, PATIENCE_S, Outcome
from ktizo.nodes.simulated import Hardware, SimulatedDisk, SimulatedNode, Stage, disks
from ktizo.nodes.words import without_secrets
from ktizo.talos.secrets import Bundle
from nodes.approving import LIMIT, House
from nodes.conftest import NEW, OLD, VERSIONS, Fleet

pytestmark = pytest.mark.anyio

GIVEN, NOT_DUE, REFUSED = Outcome.GIVEN, Outcome.NOT_DUE, Outcome.REFUSED
KEPT = disks.ceph("sda", 1)
WANTED = disks.numbered("sdb", 2)
PINNED = f"wwid:{WANTED.wwid}"


@pytest.fixture(params=KINDS)
async def house(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    bundle: Bundle,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[House]:
    async def same(talos_version: str) -> Bundle:
        return bundle

    monkeypatch.setattr(create, "fresh_bundle", same)
    async with fresh_database(request.param, tmp_path) as database:
        house = House(database)
        yield house
        house.close()


class Waiting:
    """A machine in maintenance mode, with the key Ktizo has recorded."""

    def __init__(self, house: House, fleet: Fleet, node: SimulatedNode) -> None:
        self.house, self.fleet, self.node = house, fleet, node
        self.device_id = 0
        self.pin = ""

    async def run(self, pin: str | None = None) -> handover.Handed:
        """Hand over, by a line that trusts the recorded key alone."""
        client = self.fleet.maintenance(self.node, pin or self.pin)
        return await self.house.handover.run(self.device_id, client)

    @property
    def applied(self) -> int:
        """How many configs the machine was sent."""
        return self.node.calls["ApplyConfiguration"]

    async def untouched(self) -> None:
        """See that nothing was sent and nothing written."""
        assert self.applied == 0
        assert self.node.wiped == []
        assert self.node.orders == []


async def node_with(fleet: Fleet, *which: SimulatedDisk, version: str = OLD) -> SimulatedNode:
    hardware = replace(Hardware.number(len(fleet.nodes) + 1), disks=which)
    node = SimulatedNode(version=version, hardware=hardware, lan=fleet.lan)
    fleet.nodes.append(node)
    await node.power_on()
    return node


async def waiting(
    house: House,
    fleet: Fleet,
    install_disk: str | None = PINNED,
    version: str = OLD,
    *,
    node: SimulatedNode | None = None,
    **marks: Any,
) -> Waiting:
    """An approved machine that was inspected: what is kept on sda, and sdb to install on."""
    node = node or await node_with(fleet, KEPT, WANTED, version=version)
    found = Waiting(house, fleet, node)
    found.pin = await fleet.maintenance(node).connect()
    await house.make_cluster(version)
    found.device_id = await house.ready(node, install_disk, **marks)
    return found


# What goes well -----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_approved_machine_is_installed_on_its_pinned_disk(
    house: House, fleet: Fleet, version: str
):
    machine = await waiting(house, fleet, version=version)
    handed = await machine.run()
    assert handed.outcome is GIVEN, handed
    await machine.node.until_boot(2)
    assert machine.node.wiped == ["sdb"], "nothing is wiped that was kept"
    assert machine.node.hardware.disks[0] == KEPT
    device = await house.device(machine.device_id)
    assert device.state == State.INSTALLING
    held = await house.lease(machine.device_id)
    assert held is not None
    assert held.offers == 1
    assert await house.served(machine.device_id) == [machine.node.host]
    (told,) = await house.events("handed_over")
    assert told["answered"] is True
    assert await house.audited() == ["sent"]
    assert await house.events("node_trouble") == []


@pytest.mark.parametrize(
    "install_disk",
    [f"serial:{WANTED.serial}", "/dev/sdb", f"/dev/disk/by-id/wwn-{WANTED.wwid}"],
)
async def test_a_disk_may_be_named_by_serial_or_by_path(
    house: House, fleet: Fleet, install_disk: str
):
    machine = await waiting(house, fleet, install_disk)
    assert (await machine.run()).outcome is GIVEN


async def test_a_uuid_read_with_swapped_bytes_is_the_same(house: House, fleet: Fleet):
    machine = await waiting(house, fleet, uuid="44454c4c-0000-0010-8000-000000000001")
    assert (await machine.run()).outcome is GIVEN


async def test_a_board_without_dmi_is_known_by_its_card(house: House, fleet: Fleet):
    machine = await waiting(house, fleet)
    state = machine.node.state
    state.keep_only([key for key in state._kept if key[0] != "hardware"])
    assert (await machine.run()).outcome is GIVEN


# What is not permitted ----------------------------------------------------------------------------


async def test_a_machine_nobody_approved_gets_nothing(house: House, fleet: Fleet):
    node = await node_with(fleet, KEPT, WANTED)
    machine = Waiting(house, fleet, node)
    machine.pin = await fleet.maintenance(node).connect()
    await house.make_cluster()
    machine.device_id = await house.record(node)
    await house.join(machine.device_id, PINNED)
    assert (await machine.run()).outcome is NOT_DUE
    await house.approve(machine.device_id)
    async with house.db.write() as session:
        device = await devices.get(session, machine.device_id)
        await approval.reject(session, device, now=utc_now())
    assert (await machine.run()).outcome is NOT_DUE
    machine.device_id = 999
    assert (await machine.run()).outcome is NOT_DUE
    await machine.untouched()


async def test_without_a_live_lease_nothing_is_sent(house: House, fleet: Fleet):
    machine = await waiting(house, fleet)
    await house.expire(machine.device_id)
    handed = await machine.run()
    assert (handed.outcome, "run out" in handed.reason) == (NOT_DUE, True)
    await machine.untouched()


async def test_a_lease_gives_only_so_many_configs_and_then_the_machine_is_held(
    house: House, fleet: Fleet
):
    machine = await waiting(house, fleet)
    lost = (Status.DEADLINE_EXCEEDED, "too slow")
    machine.node.faults.answers["ApplyConfiguration"] = [lost] * (LIMIT + 1)
    for _ in range(LIMIT):
        assert (await machine.run()).outcome is GIVEN
        house.now_s += GRACE_S
    for _ in range(2):
        assert (await machine.run()).outcome is REFUSED
    assert machine.applied == LIMIT
    assert await house.writer.flush()
    assert (await house.device(machine.device_id)).state == State.BOOT_LOOP
    assert await house.lease(machine.device_id) is None
    assert [kind for kind, _, _ in house.told] == ["boot_loop"]
    assert len(await house.events("node_trouble")) == 1, "told once"


async def test_what_the_boot_path_has_offered_counts_too(house: House, fleet: Fleet):
    machine = await waiting(house, fleet)
    held = await house.lease(machine.device_id)
    assert held is not None
    for _ in range(LIMIT):
        house.counter.add(held.id, 0)
    assert (await machine.run()).outcome is REFUSED
    await machine.untouched()


async def test_while_history_cannot_be_written_nothing_is_sent(house: House, fleet: Fleet):
    machine = await waiting(house, fleet)
    house.writer.healthy = False
    assert (await machine.run()).outcome is NOT_DUE
    await machine.untouched()


async def test_a_machine_of_no_cluster_or_of_another_profile_gets_nothing(
    house: House, fleet: Fleet
):
    machine = await waiting(house, fleet)
    async with house.db.write() as session:
        rescue = await boot.profile(session, "rescue")
        await boot.assign(session, machine.device_id, rescue.id, {})
    handed = await machine.run()
    assert (handed.outcome, "rescue is not Talos" in handed.reason) == (NOT_DUE, True)
    loner = Waiting(house, fleet, await node_with(fleet, WANTED))
    loner.pin = await fleet.maintenance(loner.node).connect()
    loner.device_id = await house.record(loner.node)
    await house.approve(loner.device_id)
    assert "no cluster" in (await loner.run()).reason
    await machine.untouched()
    await loner.untouched()


async def test_a_machine_with_two_roles_is_refused_with_the_reason(house: House, fleet: Fleet):
    machine = await waiting(house, fleet)
    async with house.db.write() as session:
        (await devices.get(session, machine.device_id)).role = "worker"
    handed = await machine.run()
    assert (handed.outcome, "is a worker" in handed.reason) == (REFUSED, True)
    (told,) = await house.events("node_trouble")
    assert told["code"] == "role_differs"
    await machine.untouched()


# Who answers there --------------------------------------------------------------------------------


async def test_another_key_than_the_recorded_one_gets_nothing(house: House, fleet: Fleet):
    machine = await waiting(house, fleet)
    machine.node.crash()
    await machine.node.until_boot(2)
    handed = await machine.run()
    assert handed.outcome is REFUSED
    (told,) = await house.events("node_trouble")
    assert told["code"] == "wrong_key"
    await machine.untouched()


async def test_whoever_answers_first_is_not_trusted(house: House, fleet: Fleet):
    machine = await waiting(house, fleet)
    handed = await house.handover.run(machine.device_id, fleet.maintenance(machine.node))
    assert (handed.outcome, "not on record" in handed.reason) == (REFUSED, True)
    await machine.untouched()


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        ({"uuid": "5f3c1d2e-0000-4000-8000-00000000000a"}, "its UUID is"),
        ({"macs": ["52:54:00:ff:ff:01"]}, "no network card on record"),
        ({"uuid": None, "macs": ["52:54:00:ff:ff:01"]}, "no network card on record"),
    ],
)
async def test_another_machine_at_the_address_gets_nothing(
    house: House, fleet: Fleet, marks: dict[str, Any], reason: str
):
    machine = await waiting(house, fleet, **marks)
    handed = await machine.run()
    assert (handed.outcome, reason in handed.reason) == (REFUSED, True)
    assert (await house.device(machine.device_id)).state == State.APPROVED
    await machine.untouched()


@pytest.mark.parametrize("version", [OLD, NEW])
async def test_talos_is_never_installed_beside_another_one(
    house: House, fleet: Fleet, version: str
):
    node = await node_with(fleet, disks.talos("sda", 1), WANTED, version=version)
    machine = await waiting(house, fleet, version=version, node=node)
    handed = await machine.run()
    assert handed.reason.startswith("Talos is installed on /dev/sda already")
    assert handed.outcome is REFUSED
    await machine.untouched()


# The disk -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [OLD, "v1.14.0-rc.1"])
@pytest.mark.parametrize("install_disk", ["wwid:naa.gone", "serial:GONE", "/dev/nvme0n1"])
async def test_a_machine_without_its_disk_is_held_and_gets_nothing(
    house: House, fleet: Fleet, install_disk: str, version: str
):
    machine = await waiting(house, fleet, install_disk, version)
    before = await house.version()
    assert (await machine.run()).outcome is NOT_DUE, "its controller may be slow"
    house.now_s += PATIENCE_S - 1
    assert (await machine.run()).outcome is NOT_DUE
    assert await house.lease(machine.device_id) is not None
    house.now_s += 1
    handed = await machine.run()
    assert handed.outcome is REFUSED
    assert install_disk in handed.reason
    device = await house.device(machine.device_id)
    assert device.state == State.CONFLICT
    assert device.state_before == State.APPROVED
    assert device.conflict is not None
    assert device.conflict["why"] == handed.reason
    assert device.conflict["disks"] == ["/dev/sda", "/dev/sdb"]
    assert await house.lease(machine.device_id) is None
    assert await house.version() > before
    (told,) = await house.events("disk_missing")
    assert told == {"disk": install_disk, "disks": ["/dev/sda", "/dev/sdb"]}
    assert await house.events("node_trouble") == []
    assert await house.audited() == ["disk_missing"]
    await machine.untouched()
    assert (await machine.run()).outcome is NOT_DUE
    async with house.db.write() as session:
        device = await devices.get(session, machine.device_id)
        await resolve(session, device, "recorded", utc_now())
        assert device.state == State.PENDING, "it has to be approved again"


async def test_a_read_only_disk_is_as_good_as_missing(house: House, fleet: Fleet):
    node = await node_with(fleet, KEPT, replace(WANTED, readonly=True))
    machine = await waiting(house, fleet, node=node)
    await machine.run()
    house.now_s += PATIENCE_S
    await machine.run()
    assert (await house.device(machine.device_id)).state == State.CONFLICT
    await machine.untouched()


async def test_two_disks_with_the_pinned_mark_are_one_too_many(house: House, fleet: Fleet):
    node = await node_with(fleet, replace(KEPT, wwid=WANTED.wwid), WANTED)
    machine = await waiting(house, fleet, node=node)
    handed = await machine.run()
    assert (handed.outcome, "2 disks are" in handed.reason) == (REFUSED, True)
    await machine.untouched()


@pytest.mark.parametrize(
    "patch",
    [
        {"machine": {"install": {"diskSelector": {"wwid": KEPT.wwid}}}},
        {"machine": {"install": {"diskSelector": {"type": "ssd"}}}},
    ],
)
async def test_a_patch_cannot_turn_the_config_to_another_disk(
    house: House, fleet: Fleet, patch: dict[str, Any]
):
    machine = await waiting(house, fleet)
    await house.join(machine.device_id, PINNED, patches=[yaml.dump(patch)])
    handed = await machine.run()
    assert (handed.outcome, "and a patch selects" in handed.reason) == (REFUSED, True)
    await machine.untouched()


# What changes meanwhile ---------------------------------------------------------------------------


async def meanwhile(
    monkeypatch: pytest.MonkeyPatch, machine: Waiting, what: Any
) -> handover.Handed:
    """Hand over, and let `what` happen after the machine was looked at."""
    real = handover.look

    async def look(client: Any) -> Any:
        found = await real(client)
        await what
        return found

    monkeypatch.setattr(handover, "look", look)
    return await machine.run()


async def test_a_lease_that_ends_between_check_and_sending_stops_it(
    house: House, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
):
    machine = await waiting(house, fleet)
    handed = await meanwhile(monkeypatch, machine, house.expire(machine.device_id))
    assert (handed.outcome, "ended meanwhile" in handed.reason) == (NOT_DUE, True)
    await machine.untouched()
    assert (await house.device(machine.device_id)).state == State.APPROVED


async def test_a_rejection_between_check_and_sending_stops_it(
    house: House, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
):
    machine = await waiting(house, fleet)
    handed = await meanwhile(monkeypatch, machine, house.revoke(machine.device_id))
    assert (handed.outcome, "became lapsed" in handed.reason) == (NOT_DUE, True)
    await machine.untouched()


@pytest.mark.parametrize("disk", ["/dev/sda", "wwid:naa.gone"])
async def test_another_disk_chosen_meanwhile_is_not_ignored(
    house: House, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, disk: str
):
    machine = await waiting(house, fleet, disk)
    handed = await meanwhile(monkeypatch, machine, house.join(machine.device_id, PINNED))
    why = "config changed" if disk == "/dev/sda" else "looking again"
    assert (handed.outcome, why in handed.reason) == (NOT_DUE, True)
    await machine.untouched()
    assert (await house.device(machine.device_id)).state == State.APPROVED
    monkeypatch.undo()
    assert (await machine.run()).outcome is GIVEN
    await machine.node.until_boot(2)
    assert machine.node.wiped == ["sdb"]


# What breaks --------------------------------------------------------------------------------------


async def test_a_node_that_dies_while_it_is_read_gets_nothing(house: House, fleet: Fleet):
    machine = await waiting(house, fleet)
    machine.node.faults.crashes_before = {"List"}
    assert (await machine.run()).outcome is NOT_DUE
    assert (await house.device(machine.device_id)).state == State.APPROVED
    await machine.untouched()


async def test_an_answer_that_is_lost_counts_as_given(house: House, fleet: Fleet):
    machine = await waiting(house, fleet)
    machine.node.faults.drop_after = {"ApplyConfiguration": 0}
    handed = await machine.run()
    assert (handed.outcome, "may have been done" in handed.reason) == (GIVEN, True)
    (told,) = await house.events("handed_over")
    assert told["answered"] is False
    assert await house.audited() == ["unknown"]
    assert len(await house.served(machine.device_id)) == 1
    await machine.node.until_boot(2)
    assert (await machine.run()).outcome is not GIVEN, "it has another key, or none for us"
    assert (machine.applied, machine.node.wiped) == (1, ["sdb"])


async def test_a_node_that_died_before_it_took_the_config_gets_it_under_its_new_key(
    house: House, fleet: Fleet
):
    machine = await waiting(house, fleet)
    machine.node.faults.crashes_before = {"ApplyConfiguration"}
    assert (await machine.run()).outcome is GIVEN, "nobody can know"
    await machine.node.until_boot(2)
    machine.node.faults.crashes_before = set()
    assert (await machine.run()).outcome is REFUSED, "the old key is not there any more"
    pin = await fleet.maintenance(machine.node).connect()
    assert (await machine.run(pin)).outcome is GIVEN
    await machine.node.until_boot(3)
    assert machine.node.wiped == ["sdb"]


async def test_two_runs_at_once_send_one_config(house: House, fleet: Fleet):
    machine = await waiting(house, fleet)
    machine.node.faults.answers["ApplyConfiguration"] = [(Status.DEADLINE_EXCEEDED, "slow")]
    one, two = await asyncio.gather(machine.run(), machine.run())
    assert {one.outcome, two.outcome} == {GIVEN, NOT_DUE}
    assert machine.applied == 1


async def test_a_machine_that_waits_on_is_given_it_again_after_a_while_only(
    house: House, fleet: Fleet
):
    machine = await waiting(house, fleet)
    machine.node.faults.answers["ApplyConfiguration"] = [(Status.DEADLINE_EXCEEDED, "slow")]
    assert (await machine.run()).outcome is GIVEN
    house.now_s += GRACE_S - 1
    handed = await machine.run()
    assert (handed.outcome, "a moment ago" in handed.reason) == (NOT_DUE, True)
    house.now_s += 1
    assert (await machine.run()).outcome is GIVEN
    await machine.node.until_boot(2)
    assert (machine.applied, machine.node.wiped) == (2, ["sdb"])


async def test_killed_between_intent_and_sending_it_is_given_after_the_restart(
    house: House, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
):
    machine = await waiting(house, fleet)

    async def killed(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(house.handover, "_send", killed)
        with pytest.raises(asyncio.CancelledError):
            await machine.run()
    assert (await house.device(machine.device_id)).state == State.INSTALLING
    await machine.untouched()
    house.handover = house.restarted()
    assert (await machine.run()).outcome is GIVEN
    await machine.node.until_boot(2)
    assert machine.node.wiped == ["sdb"]


async def test_stopped_while_sending_it_is_noted_and_not_sent_again(house: House, fleet: Fleet):
    machine = await waiting(house, fleet)
    machine.node.faults.hangs = {"ApplyConfiguration"}
    running = asyncio.create_task(machine.run())
    while not machine.applied:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (told,) = await house.events("handed_over")
    assert told["answered"] is False
    machine.node.faults.hangs = set()
    assert (await machine.run()).outcome is NOT_DUE
    assert machine.applied == 1


@pytest.mark.parametrize("status", [Status.INVALID_ARGUMENT, Status.UNKNOWN])
async def test_a_config_the_node_refuses_is_not_sent_again_before_it_changes(
    house: House, fleet: Fleet, bundle: Bundle, status: Status
):
    machine = await waiting(house, fleet)
    words = f"failed to parse config: unknown key at {bundle.trustd_token}"
    machine.node.faults.answers["ApplyConfiguration"] = [(status, words)]
    first = await machine.run()
    assert first.outcome is REFUSED
    assert "unknown key at (secret)" in first.reason
    assert await machine.run() == first
    assert machine.applied == 1
    (told,) = await house.events("node_trouble")
    assert told["message"] == first.reason
    assert await house.audited() == ["rejected"]
    assert machine.node.stage is Stage.MAINTENANCE
    await house.join(machine.device_id, f"serial:{WANTED.serial}")
    assert (await machine.run()).outcome is GIVEN


async def test_a_node_that_is_busy_is_asked_again(house: House, fleet: Fleet):
    machine = await waiting(house, fleet)
    machine.node.faults.answers["ApplyConfiguration"] = [(Status.UNAVAILABLE, "not now")]
    assert (await machine.run()).outcome is NOT_DUE
    assert (await machine.run()).outcome is GIVEN


async def test_while_the_database_is_away_nothing_is_sent(
    house: House, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
):
    machine = await waiting(house, fleet)

    async def away(*_: object, **__: object) -> None:
        raise handover.Unavailable("the database does not answer")

    monkeypatch.setattr(handover.permit, "use", away)
    assert (await machine.run()).outcome is NOT_DUE
    await machine.untouched()


def test_secrets_a_node_quotes_are_hidden_wherever_they_stand_in_its_words():
    machine = {"token": "abcdef.0123456789abcdef", "files": [{"content": "a\npass=hunter2\n"}]}
    config = yaml.dump({"machine": machine}).encode()
    words = "line 2: abcdef.0123456789abcdef; line 5: pass=hunter2; line 9: machine"
    assert without_secrets(words, config) == "line 2: (secret); line 5: (secret); line 9: machine"
