"""From messages of the wire to results; the only direction in which they leave the client."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from ktizo.core import yaml
from ktizo.core.errors import KtizoError
from ktizo.nodes.client import results
from ktizo.nodes.client.payloads import kind_of, name_of, payload_of
from ktizo.nodes.client.results import ApplyMode, Change
from ktizo.nodes.errors import Malformed, NodeError
from ktizo.nodes.wire import cosi_pb2 as cosi
from ktizo.nodes.wire import envelope_pb2 as envelope
from ktizo.nodes.wire import etcd_pb2 as etcd
from ktizo.nodes.wire import events_pb2 as events
from ktizo.nodes.wire import lifecycle_pb2 as lifecycle
from ktizo.nodes.wire import machine_pb2 as machine
from ktizo.nodes.wire import storage_pb2 as storage

MAX_KUBECONFIG = 1 << 20  # bytes, unpacked
Message = TypeVar("Message", bound=Any)


def only(messages: Sequence[Message], name: str) -> Message:
    """Return the one message every unary reply wraps; raise the error it may carry instead."""
    if len(messages) != 1:
        raise Malformed(f"{name} was answered with {len(messages)} messages instead of one")
    check(messages[0].metadata, name)
    return messages[0]


def check(metadata: envelope.Metadata, name: str) -> None:
    """Raise the error a reply carries in its metadata."""
    if metadata.error:
        raise NodeError(f"{name} failed: {metadata.error[:500]}")


def version(found: machine.Version) -> results.NodeVersion:
    """Return what a node runs."""
    info = found.version
    return results.NodeVersion(
        tag=info.tag,
        sha=info.sha,
        built=info.built,
        go_version=info.go_version,
        os=info.os,
        arch=info.arch,
        platform=found.platform.name,
        mode=found.platform.mode,
        rbac=found.features.rbac,
    )


def applied(found: machine.ApplyConfiguration) -> results.Applied:
    """Return what a node did with a config."""
    known = name_of(machine.ApplyConfigurationRequest.Mode, found.mode).replace("_", "-")
    try:
        mode = ApplyMode(known)
    except ValueError:
        raise Malformed(f"the node applied with a mode Ktizo does not know ({known})") from None
    return results.Applied(mode, found.mode_details, tuple(found.warnings))


def service(found: machine.ServiceInfo) -> results.Service:
    """Return one service."""
    health = found.health
    known = found.HasField("health") and not health.unknown
    return results.Service(
        id=found.id,
        state=found.state,
        healthy=health.healthy if known else None,
        health_message=health.last_message,
        health_changed_at=moment(health.last_change) if health.HasField("last_change") else None,
    )


def disk(found: storage.Disk) -> results.Disk:
    """Return one disk."""
    return results.Disk(
        name=found.device_name,
        size_bytes=found.size,
        model=found.model,
        serial=found.serial,
        wwid=found.wwid,
        uuid=found.uuid,
        type=name_of(storage.Disk.DiskType, found.type).upper(),
        bus_path=found.bus_path,
        modalias=found.modalias,
        subsystem=found.subsystem,
        system_disk=found.system_disk,
        readonly=found.readonly,
    )


def etcd_member(found: etcd.EtcdMember) -> results.EtcdMember:
    """Return one member."""
    urls = tuple(found.peer_urls), tuple(found.client_urls)
    return results.EtcdMember(found.id, found.hostname, *urls, found.is_learner)


def etcd_status(found: etcd.EtcdMemberStatus) -> results.EtcdStatus:
    """Return how etcd on one node is."""
    return results.EtcdStatus(
        member_id=found.member_id,
        leader_id=found.leader,
        db_size_bytes=found.db_size,
        db_in_use_bytes=found.db_size_in_use,
        raft_index=found.raft_index,
        raft_term=found.raft_term,
        raft_applied_index=found.raft_applied_index,
        learner=found.is_learner,
        protocol_version=found.protocol_version,
        storage_version=found.storage_version,
        errors=tuple(found.errors),
    )


def resource(found: cosi.Resource) -> results.Resource:
    """Return one resource, its spec parsed."""
    meta = found.metadata
    try:
        spec = yaml.load(found.spec.yaml_spec) if found.spec.yaml_spec else None
    except KtizoError as error:
        raise Malformed(f"the spec of {meta.type} {meta.id} is not YAML: {error}") from error
    return results.Resource(
        namespace=meta.namespace,
        type=meta.type,
        id=meta.id,
        version=meta.version,
        phase=meta.phase,
        owner=meta.owner,
        spec=spec,
        labels=dict(meta.labels),
        annotations=dict(meta.annotations),
        finalizers=tuple(meta.finalizers),
        created_at=moment(meta.created) if meta.HasField("created") else None,
        updated_at=moment(meta.updated) if meta.HasField("updated") else None,
    )


def resource_event(found: cosi.Event) -> results.ResourceEvent:
    """Return one change of a resource."""
    known = name_of(cosi.EventType, found.event_type)
    try:
        change = Change(known)
    except ValueError:
        raise Malformed(f"an event of a kind Ktizo does not know ({known})") from None
    bare = change in (Change.BOOTSTRAPPED, Change.ERRORED, Change.NOOP)
    return results.ResourceEvent(
        change=change,
        resource=None if bare else resource(found.resource),
        old=resource(found.old) if found.HasField("old") else None,
        error=found.error,
    )


def node_event(found: events.Event) -> results.NodeEvent:
    """Return one thing a node says about itself."""
    kind = kind_of(found.data.type_url)
    payload = payload_of(kind, found.data.value)
    return results.NodeEvent(found.id, found.actor_id, kind, payload)


def install_step(found: lifecycle.LifecycleServiceInstallProgress) -> results.InstallStep:
    """Return one line of an installer, or how it ended."""
    if found.WhichOneof("response") == "exit_code":
        return results.InstallStep("", found.exit_code)
    return results.InstallStep(found.message)


def pull_step(found: lifecycle.ImageServicePullResponse) -> results.PullStep:
    """Return how far a pull is."""
    if found.WhichOneof("response") == "name":
        return results.PullStep("", "", 0, 0, image=found.name)
    layer = found.pull_progress.progress
    status = name_of(lifecycle.ImageServicePullLayerProgress.Status, layer.status)
    return results.PullStep(
        found.pull_progress.layer_id, status.replace("_", "-"), layer.offset, layer.total
    )


def kubeconfig(packed: bytes) -> bytes:
    """Return the one file of the gzipped tar a node answers Kubeconfig with."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as unpacked:
            raw = unpacked.read(MAX_KUBECONFIG + 1)
        if len(raw) > MAX_KUBECONFIG:
            raise Malformed(f"the kubeconfig unpacks to more than {MAX_KUBECONFIG} bytes")
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as archive:
            file = archive.extractfile("kubeconfig")
            found = file.read() if file is not None else b""
    except (OSError, EOFError, zlib.error, tarfile.TarError, KeyError) as error:
        raise Malformed("the node's kubeconfig is not a gzipped tar with that file") from error
    if not found:
        raise Malformed("the node's kubeconfig is empty")
    return found


def moment(found: Timestamp) -> datetime | None:
    """Return an aware time in UTC; None for one no calendar has."""
    try:
        return found.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
