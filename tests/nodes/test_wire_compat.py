"""Our messages against Talos's own field numbers, version by version.

The reference data (../shared/reference/talos/protos, or KTIZO_SHARED) was read from Talos's
sources; it is skipped where it is not there. There is none for 1.9: §7 of the reference says that
no number changed between 1.9 and main, so 1.9 is held against 1.12's without what came later.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from ktizo.nodes.client import calls
from ktizo.nodes.client.results import ApplyMode, RebootMode, Wipe
from ktizo.nodes.errors import NodeError
from ktizo.nodes.wire import (
    cosi_pb2,
    envelope_pb2,
    etcd_pb2,
    events_pb2,
    lifecycle_pb2,
    machine_pb2,
    sink_pb2,
    storage_pb2,
)
from ktizo.nodes.wire.methods import METHODS, PUBLISH
from ktizo.talos.contracts import contract
from nodes.conftest import NEW, OLD, Fleet, config_for
from nodes.wire_reader import decode
from talos.conftest import REFERENCE

pytestmark = pytest.mark.anyio
# Which file says how Talos of that version numbers its fields.
FILES = {
    "v1.9.6": "talos-v1.12.11.json",
    "v1.12.11": "talos-v1.12.11.json",
    "v1.13.9": "talos-v1.13.9.json",
    "v1.14.0-rc.1": "talos-v1.14.0-rc.1.json",
}
EVERY = pytest.mark.parametrize("version", FILES)
TALOS = (envelope_pb2, machine_pb2, etcd_pb2, events_pb2, lifecycle_pb2, storage_pb2)
# What came with 1.13 and is in none of the older files.
SINCE_1_13 = ("machine.LifecycleService", "machine.ImageService", "machine.InstallArtifactsSource")
SINCE_1_13 += ("machine.InstallDestination", "common.ContainerdInstance")
ALIASES = {("common.Data", "content"): "bytes"}
F = FieldDescriptor
TYPES = {
    F.TYPE_STRING: "string",
    F.TYPE_BYTES: "bytes",
    F.TYPE_BOOL: "bool",
    F.TYPE_INT32: "int32",
    F.TYPE_INT64: "int64",
    F.TYPE_UINT64: "uint64",
}


def before_1_13(version: str) -> bool:
    return contract(version).minor < (1, 13)


def reference(name: str) -> dict[str, Any]:
    path = REFERENCE / "protos" / name
    if not path.is_file():
        pytest.skip(f"no {name} in the reference data")
    return json.loads(path.read_text())


def messages(module: Any) -> Iterator[Descriptor]:
    stack = list(module.DESCRIPTOR.message_types_by_name.values())
    while stack:
        found = stack.pop()
        if not found.GetOptions().map_entry:
            yield found
            stack += found.nested_types


def type_of(field: FieldDescriptor) -> str:
    if field.message_type is not None:
        return field.message_type.full_name
    return field.enum_type.full_name if field.enum_type is not None else TYPES[field.type]


@EVERY
def test_every_field_has_talos_s_number_and_type(version: str):
    known = reference(FILES[version])
    checked = 0
    for module in TALOS:
        for message in messages(module):
            theirs = known["messages"].get(message.full_name)
            if theirs is None:
                assert message.full_name.startswith(SINCE_1_13), message.full_name
                assert before_1_13(version)
                continue
            for field in message.fields:
                name = ALIASES.get((message.full_name, field.name), field.name)
                where = f"{message.full_name}.{name}"
                assert theirs[name]["n"] == field.number, where
                assert theirs[name]["type"] == type_of(field), where
                assert bool(theirs[name].get("rep")) == field.is_repeated, where
                checked += 1
    assert checked > 150


@EVERY
def test_every_enum_has_talos_s_numbers(version: str):
    known = reference(FILES[version])["enums"]
    ours = [enum for module in TALOS for enum in module.DESCRIPTOR.enum_types_by_name.values()]
    ours += [enum for module in TALOS for one in messages(module) for enum in one.enum_types]
    assert len(ours) > 12
    for enum in ours:
        if enum.full_name not in known:
            assert enum.full_name.startswith(SINCE_1_13)
            continue
        for name, value in enum.values_by_name.items():
            assert known[enum.full_name][name] == value.number, f"{enum.full_name}.{name}"


@EVERY
def test_every_method_is_talos_s_own(version: str):
    known = reference(FILES[version])["services"]
    for path, method in METHODS.items():
        _, service, name = path.split("/")
        if service == "cosi.resource.State":
            continue
        if service not in known:
            assert f"{service}".startswith(SINCE_1_13)
            assert before_1_13(version)
            continue
        theirs = known[service][name]
        assert theirs["in"] == method.request.DESCRIPTOR.full_name
        assert theirs["out"] == method.reply.DESCRIPTOR.full_name
        assert bool(theirs.get("server_stream")) == method.streams
        assert not theirs.get("client_stream")


def test_resources_are_numbered_as_cosi_does():
    known = reference("cosi-resource.json")
    for message in messages(cosi_pb2):
        theirs = known["messages"][message.name]
        for field in message.fields:
            assert theirs[field.name]["n"] == field.number, f"{message.name}.{field.name}"
            assert bool(theirs[field.name].get("rep")) == field.is_repeated, field.name
    for enum in cosi_pb2.DESCRIPTOR.enum_types_by_name.values():
        numbers = {name: value.number for name, value in enum.values_by_name.items()}
        assert numbers == known["enums"][enum.name]
    for path, method in METHODS.items():
        if "cosi" in path:
            theirs = known["services"]["cosi.resource.State"][method.name]
            name = method.reply.DESCRIPTOR.name
            assert theirs == [
                method.request.DESCRIPTOR.name,
                f"stream {name}" if method.streams else name,
            ]


def test_the_event_sink_is_numbered_as_talos_does():
    known = reference("siderolink-events.json")
    for message in messages(sink_pb2):
        theirs = known[message.full_name]
        ours = {field.name: f"{field.number}:{type_of(field)}" for field in message.fields}
        assert ours == theirs
    names = [PUBLISH.request.DESCRIPTOR.full_name, PUBLISH.reply.DESCRIPTOR.full_name]
    assert known[PUBLISH.path.removeprefix("/")] == names


@EVERY
async def test_what_the_sink_is_sent_reads_right_with_talos_s_numbers(version: str):
    known = reference(FILES[version])
    payload = events_pb2.MachineStatusEvent(
        stage="RUNNING", status={"ready": True, "unmet_conditions": [{"name": "a", "reason": "b"}]}
    )
    sent = decode(known, "machine.MachineStatusEvent", payload.SerializeToString())
    unmet = [{"name": "a", "reason": "b"}]
    assert sent == {"stage": "RUNNING", "status": {"ready": 1, "unmet_conditions": unmet}}


SENT: dict[str, dict[str, Any]] = {
    "ApplyConfiguration": {"data": b"", "mode": "TRY", "dry_run": 1, "try_mode_timeout": b"\x08Z"},
    "Bootstrap": {},
    "Reset": {
        "graceful": 1,
        "reboot": 1,
        "system_partitions_to_wipe": [{"label": "EPHEMERAL", "wipe": 1}],
        "user_disks_to_wipe": ["/dev/sdb"],
        "mode": "SYSTEM_DISK",
    },
    "Reboot": {"mode": "POWERCYCLE"},
    "Shutdown": {"force": 1},
    "Upgrade": {
        "image": "x:v1.12.11",
        "preserve": 1,
        "stage": 1,
        "force": 1,
        "reboot_mode": "POWERCYCLE",
    },
    "Dmesg": {"tail": 1},
    "Logs": {"namespace": "system", "id": "kubelet", "tail_lines": 7},
    "Events": {"tail_events": 2**64 - 1, "with_actor_id": "actor-1"},
    "EtcdMemberList": {"query_local": 1},
    "EtcdRemoveMemberByID": {"member_id": 2**63 + 5},
    "Version": {},
    "Pull": {"containerd": {"namespace": "NS_SYSTEM"}, "image_ref": "x:v1.13.9"},
    "Install": {
        "containerd": {"namespace": "NS_SYSTEM"},
        "source": {"image_name": "x:v1.13.9"},
        "destination": {"disk": "/dev/sda"},
    },
}


async def drain(stream: Any) -> None:
    async for _ in stream:
        break
    await stream.aclose()


@EVERY
async def test_what_the_client_sends_reads_right_with_talos_s_numbers(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, version: str
):
    known = reference(FILES[version])
    node = await fleet.member(version=version)
    node.service_logs["kubelet"].append(b"line")
    sent: dict[str, tuple[str, bytes]] = {}
    whole = calls.Call.send

    async def send(self: calls.Call[Any, Any], request: Message) -> None:
        name = request.DESCRIPTOR.full_name
        sent.setdefault(self._method.name, (name, request.SerializeToString()))
        # Never carried out: what matters has been seen.
        node.faults.answers[self._method.name] = []
        await whole(self, request)

    monkeypatch.setattr(calls.Call, "send", send)
    client = fleet.client(node)
    wanted = [
        client.version(),
        client.apply_configuration(
            config := config_for(fleet.bundle, version=version),
            mode=ApplyMode.TRY,
            dry_run=True,
            try_for=timedelta(seconds=90),
        ),
        client.bootstrap(),
        client.etcd.members(local=True),
        client.etcd.remove(2**63 + 5),
        drain(client.dmesg(tail=True)),
        drain(client.logs("kubelet", tail=7)),
        drain(client.events(tail=-1, actor_id="actor-1", timeout_s=0.1)),
        client.installing.upgrade(
            "x:v1.12.11", stage=True, force=True, reboot_mode=RebootMode.POWERCYCLE
        ),
        client.shutdown(force=True),
    ]
    if not before_1_13(version):
        wanted += [
            drain(client.installing.pull("x:v1.13.9")),
            drain(client.installing.install("x:v1.13.9", "/dev/sda")),
        ]
    wanted.append(
        client.reset(
            graceful=True,
            reboot=True,
            wipe=Wipe.SYSTEM_DISK,
            partitions=("EPHEMERAL",),
            user_disks=("/dev/sdb",),
        )
    )
    node.go_off_after_answer = lambda: None  # type: ignore[method-assign]
    node.wipe = lambda **_: None  # type: ignore[method-assign]
    node.reboot_after_answer = lambda: None  # type: ignore[method-assign]
    wanted.append(client.reboot(RebootMode.POWERCYCLE))
    for one in wanted:
        with suppress(NodeError):
            await one
    expected = {**SENT, "ApplyConfiguration": {**SENT["ApplyConfiguration"], "data": config}}
    if before_1_13(version):
        del expected["Pull"], expected["Install"]
    got = {
        name: decode(known, message, data)
        for name, (message, data) in sent.items()
        if name in expected
    }
    assert got == expected


def test_the_version_table_is_complete():
    assert {OLD, NEW} < set(FILES)
