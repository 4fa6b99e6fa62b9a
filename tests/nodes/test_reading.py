"""What comes from a node is read with care: it may be anything."""

import gzip
import io
import subprocess
import tarfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from ktizo.nodes.client import payloads, reading
from ktizo.nodes.client.results import Change
from ktizo.nodes.client.target import Address
from ktizo.nodes.errors import Malformed, NodeError, Rejected
from ktizo.nodes.wire import cosi_pb2 as cosi
from ktizo.nodes.wire import events_pb2 as wire
from ktizo.nodes.wire import machine_pb2 as machine
from nodes.conftest import Fleet

ROOT = Path(__file__).parents[2]


def pairs() -> list[tuple[object, payloads.Payload]]:
    status = wire.MachineStatusEvent(stage=4)
    status.status.unmet_conditions.add(name="time", reason="no")
    failed = wire.SequenceEvent(sequence="boot", action=2)
    failed.error.code, failed.error.message = 1, "busy"
    etcd = wire.ServiceStateEvent(service="etcd", action=6, message="boom")
    etcd.health.last_message = "down"
    kubelet = wire.ServiceStateEvent(service="kubelet", action=3)
    kubelet.health.unknown = True
    return [
        (
            wire.SequenceEvent(sequence="install", action=1),
            payloads.Sequence("install", "start", "", ""),
        ),
        (failed, payloads.Sequence("boot", "stop", "busy", "locked")),
        (wire.PhaseEvent(phase="kexec", action=1), payloads.Phase("kexec", "stop")),
        (wire.TaskEvent(task="runningMaintenance"), payloads.Task("runningMaintenance", "start")),
        (wire.RestartEvent(cmd=7), payloads.Restart(7)),
        (wire.ConfigLoadErrorEvent(error="no"), payloads.ConfigError("no", loaded=False)),
        (wire.ConfigValidationErrorEvent(error="no"), payloads.ConfigError("no", loaded=True)),
        (wire.AddressEvent(hostname="a", addresses=["::1"]), payloads.Addresses("a", ("::1",))),
        (etcd, payloads.ServiceState("etcd", "failed", "boom", healthy=False)),
        (kubelet, payloads.ServiceState("kubelet", "running", "", healthy=None)),
        (status, payloads.MachineStatus("running", ready=False, unmet=(("time", "no"),))),
    ]


@pytest.mark.parametrize("prefix", ["talos/runtime/machine.", "type.googleapis.com/machine."])
def test_every_kind_of_event_is_read_from_the_stream_and_from_the_sink(prefix: str):
    for message, payload in pairs():
        kind = payloads.kind_of(prefix + type(message).__name__)
        assert payloads.payload_of(kind, message.SerializeToString()) == payload


@given(kind=st.sampled_from(sorted(payloads._KINDS)), data=st.binary(max_size=80))
def test_any_bytes_are_an_event_or_malformed(kind: str, data: bytes):
    try:
        found = payloads.payload_of(kind, data)
    except Malformed as error:
        assert kind in str(error)
    else:
        assert found is not None


def test_a_number_talos_adds_later_is_shown_as_it_is():
    later = wire.MachineStatusEvent.FromString(b"\x08\x63")
    assert payloads.payload_of("MachineStatusEvent", later.SerializeToString()).stage == "99"
    with pytest.raises(Malformed, match="mode"):
        reading.applied(machine.ApplyConfiguration.FromString(b"\x18\x63"))
    with pytest.raises(Malformed, match="kind"):
        reading.resource_event(cosi.Event.FromString(b"\x10\x63"))


def test_bare_events_have_no_resource():
    event = reading.resource_event(cosi.Event(event_type=cosi.ERRORED, error="gone"))
    assert (event.change, event.resource, event.error) == (Change.ERRORED, None, "gone")


def test_a_spec_that_is_not_yaml_names_its_resource():
    found = cosi.Resource(metadata=cosi.Metadata(type="Disks", id="sda"))
    found.spec.yaml_spec = "a: [1"
    with pytest.raises(Malformed, match="Disks sda"):
        reading.resource(found)


def test_times_no_calendar_has_are_none():
    assert reading.moment(Timestamp(seconds=2**60)) is None
    assert reading.moment(Timestamp(seconds=0)).year == 1970


def tar(name: str, text: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return gzip.compress(packed.getvalue())


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"not gzip",
        gzip.compress(b"not a tar"),
        tar("other", b"x"),
        tar("kubeconfig", b""),
        tar("kubeconfig", b"apiVersion: v1")[:40],
        gzip.compress(bytes(50 << 20)),
    ],
    ids=["empty", "plain", "no tar", "other file", "empty file", "cut", "bomb"],
)
def test_a_kubeconfig_that_is_none_is_malformed(packed: bytes):
    with pytest.raises(Malformed):
        reading.kubeconfig(packed)
    assert reading.kubeconfig(tar("kubeconfig", b"apiVersion: v1")) == b"apiVersion: v1"


def test_one_reply_wraps_one_message():
    with pytest.raises(Malformed, match="2 messages"):
        reading.only([machine.Reboot(), machine.Reboot()], "Reboot")
    failed = machine.Reboot()
    failed.metadata.error = "no route"
    with pytest.raises(NodeError, match="no route"):
        reading.only([failed], "Reboot")


@pytest.mark.anyio
async def test_a_config_too_long_for_any_node_is_not_sent(fleet: Fleet):
    node = await fleet.machine()
    with pytest.raises(Rejected, match="too long"):
        await fleet.maintenance(node).apply_configuration(b"#" * (33 << 20))
    assert not node.calls["ApplyConfiguration"]


def test_an_ipv6_address_is_written_in_brackets():
    assert str(Address("fd00::1")) == "[fd00::1]:50000"
    assert str(Address("10.0.0.1", 50001)) == "10.0.0.1:50001"


@pytest.mark.skipif(find_spec("grpc_tools") is None, reason="grpcio-tools is not installed")
def test_the_python_side_of_the_messages_is_up_to_date():
    done = subprocess.run(
        [ROOT / "scripts" / "protos.sh", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
