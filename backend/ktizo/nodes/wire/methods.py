"""Every method of the Talos API Ktizo calls: path, messages, and whether the answer is a stream.

One table for the client and the simulated node; a test holds it against Talos's own services.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from ktizo.nodes.wire import cosi_pb2 as cosi
from ktizo.nodes.wire import envelope_pb2 as envelope
from ktizo.nodes.wire import etcd_pb2 as etcd
from ktizo.nodes.wire import events_pb2 as events
from ktizo.nodes.wire import lifecycle_pb2 as lifecycle
from ktizo.nodes.wire import machine_pb2 as machine
from ktizo.nodes.wire import sink_pb2 as sink
from ktizo.nodes.wire import storage_pb2 as storage

Request = TypeVar("Request", bound=Message)
Reply = TypeVar("Reply", bound=Message)


@dataclass(frozen=True)
class Method(Generic[Request, Reply]):
    """One call: `/<package>.<Service>/<Method>` and the messages that go each way."""

    path: str
    request: type[Request]
    reply: type[Reply]
    streams: bool = False  # many replies; no call of ours sends more than one request
    order: bool = False  # changes the node: never sent twice, and its fate may be unknown

    @property
    def name(self) -> str:
        """The method without its service: `Version`."""
        return self.path.rpartition("/")[2]


_MACHINE = "/machine.MachineService"
_COSI = "/cosi.resource.State"

VERSION = Method(f"{_MACHINE}/Version", Empty, machine.VersionResponse)
APPLY = Method(
    f"{_MACHINE}/ApplyConfiguration",
    machine.ApplyConfigurationRequest,
    machine.ApplyConfigurationResponse,
    order=True,
)
BOOTSTRAP = Method(
    f"{_MACHINE}/Bootstrap", machine.BootstrapRequest, machine.BootstrapResponse, order=True
)
KUBECONFIG = Method(f"{_MACHINE}/Kubeconfig", Empty, envelope.Data, streams=True)
RESET = Method(f"{_MACHINE}/Reset", machine.ResetRequest, machine.ResetResponse, order=True)
REBOOT = Method(f"{_MACHINE}/Reboot", machine.RebootRequest, machine.RebootResponse, order=True)
SHUTDOWN = Method(
    f"{_MACHINE}/Shutdown", machine.ShutdownRequest, machine.ShutdownResponse, order=True
)
UPGRADE = Method(f"{_MACHINE}/Upgrade", machine.UpgradeRequest, machine.UpgradeResponse, order=True)
SERVICES = Method(f"{_MACHINE}/ServiceList", Empty, machine.ServiceListResponse)
DMESG = Method(f"{_MACHINE}/Dmesg", machine.DmesgRequest, envelope.Data, streams=True)
LOGS = Method(f"{_MACHINE}/Logs", machine.LogsRequest, envelope.Data, streams=True)
EVENTS = Method(f"{_MACHINE}/Events", events.EventsRequest, events.Event, streams=True)

ETCD_MEMBERS = Method(
    f"{_MACHINE}/EtcdMemberList", etcd.EtcdMemberListRequest, etcd.EtcdMemberListResponse
)
ETCD_STATUS = Method(f"{_MACHINE}/EtcdStatus", Empty, etcd.EtcdStatusResponse)
ETCD_SNAPSHOT = Method(
    f"{_MACHINE}/EtcdSnapshot", etcd.EtcdSnapshotRequest, envelope.Data, streams=True
)
ETCD_LEAVE = Method(
    f"{_MACHINE}/EtcdLeaveCluster",
    etcd.EtcdLeaveClusterRequest,
    etcd.EtcdLeaveClusterResponse,
    order=True,
)
ETCD_FORFEIT = Method(
    f"{_MACHINE}/EtcdForfeitLeadership",
    etcd.EtcdForfeitLeadershipRequest,
    etcd.EtcdForfeitLeadershipResponse,
    order=True,
)
ETCD_REMOVE = Method(
    f"{_MACHINE}/EtcdRemoveMemberByID",
    etcd.EtcdRemoveMemberByIDRequest,
    etcd.EtcdRemoveMemberByIDResponse,
    order=True,
)

INSTALL_IMAGE = Method(
    "/machine.LifecycleService/Install",
    lifecycle.LifecycleServiceInstallRequest,
    lifecycle.LifecycleServiceInstallResponse,
    streams=True,
    order=True,
)
UPGRADE_IMAGE = Method(
    "/machine.LifecycleService/Upgrade",
    lifecycle.LifecycleServiceUpgradeRequest,
    lifecycle.LifecycleServiceUpgradeResponse,
    streams=True,
    order=True,
)
PULL_IMAGE = Method(
    "/machine.ImageService/Pull",
    lifecycle.ImageServicePullRequest,
    lifecycle.ImageServicePullResponse,
    streams=True,
)

DISKS = Method("/storage.StorageService/Disks", Empty, storage.DisksResponse)

GET = Method(f"{_COSI}/Get", cosi.GetRequest, cosi.GetResponse)
LIST = Method(f"{_COSI}/List", cosi.ListRequest, cosi.ListResponse, streams=True)
WATCH = Method(f"{_COSI}/Watch", cosi.WatchRequest, cosi.WatchResponse, streams=True)

METHODS: dict[str, Method[Any, Any]] = {
    method.path: method for method in list(vars().values()) if isinstance(method, Method)
}

# The other way round: nodes call it, Ktizo serves it (nodes/live).
PUBLISH = Method("/events.EventSinkService/Publish", sink.EventRequest, sink.EventResponse)
