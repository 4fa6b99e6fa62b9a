"""Version, configs, power and disks of a simulated node."""

import difflib
import gzip
import io
import tarfile
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from google.protobuf.timestamp_pb2 import Timestamp
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from ktizo.core.errors import KtizoError
from ktizo.nodes.simulated.asked import Asked
from ktizo.nodes.simulated.machine_config import MachineConfig, read
from ktizo.nodes.wire import envelope_pb2 as envelope
from ktizo.nodes.wire import machine_pb2 as wire
from ktizo.nodes.wire import storage_pb2 as storage

if TYPE_CHECKING:
    from ktizo.nodes.simulated.node import SimulatedNode

_Mode = wire.ApplyConfigurationRequest
_DRIVES = {"nvme": storage.Disk.NVME}


async def version(asked: Asked[Any]) -> wire.VersionResponse:
    """Say what runs."""
    found = wire.Version(
        version=wire.VersionInfo(tag=asked.node.version, sha="simulated", os="linux", arch="amd64"),
        platform=wire.PlatformInfo(name="metal", mode="metal"),
        features=wire.FeaturesInfo(rbac=True),
    )
    return wire.VersionResponse(messages=[found])


async def apply(asked: Asked[wire.ApplyConfigurationRequest]) -> wire.ApplyConfigurationResponse:
    """Take a config; in maintenance mode a complete one starts the installation."""
    mode = _mode(asked.node, asked.request.mode)
    try:
        config = read(asked.request.data)
    except (KtizoError, UnicodeDecodeError, ValueError) as error:
        # The maintenance service up to 1.12 gives no code to what it cannot parse.
        old = asked.node.in_maintenance and asked.node.minor < (1, 13)
        status = Status.UNKNOWN if old else Status.INVALID_ARGUMENT
        raise GRPCError(status, f"failed to parse config: {error}") from error
    details = "Applied configuration without a reboot"
    if asked.request.dry_run:
        details = _difference(asked.node, config)
    else:
        asked.node.order("ApplyConfiguration", mode=_Mode.Mode.Name(mode))
        if mode in (_Mode.REBOOT, _Mode.AUTO) and asked.node.in_maintenance:
            details = "Applied configuration with a reboot"
        asked.node.take_config(
            config, _Mode.Mode.Name(mode), asked.request.try_mode_timeout.ToTimedelta()
        )
    found = wire.ApplyConfiguration(mode=mode, mode_details=details)
    return wire.ApplyConfigurationResponse(messages=[found])


def _mode(node: "SimulatedNode", mode: "wire.ApplyConfigurationRequest.Mode") -> Any:
    """Return the mode Talos uses for the one asked for."""
    if node.in_maintenance and node.minor < (1, 13):
        if mode in (_Mode.NO_REBOOT, _Mode.STAGED):
            name = _Mode.Mode.Name(mode).lower().replace("_", "-")
            raise GRPCError(
                Status.UNIMPLEMENTED,
                f"apply configuration --mode='{name}' is not supported in maintenance mode",
            )
        return mode
    if node.in_maintenance and mode == _Mode.REBOOT:
        return _Mode.NO_REBOOT
    if mode == _Mode.AUTO and not node.in_maintenance:
        return _Mode.REBOOT if node.auto_reboots else _Mode.NO_REBOOT
    return mode


def _difference(node: "SimulatedNode", config: MachineConfig) -> str:
    if node.config is None:
        return (
            "Dry run summary:\nNode is running in maintenance mode and does not have a config yet."
        )
    old, new = node.config.text.splitlines(), config.text.splitlines()
    lines = difflib.unified_diff(old, new, "a", "b", lineterm="", n=2)
    return "Dry run summary:\nApplied configuration without a reboot.\n" + "\n".join(lines)


async def kubeconfig(asked: Asked[Any]) -> AsyncGenerator[envelope.Data, None]:
    """Give an admin kubeconfig as a gzipped tar, in pieces."""
    if not asked.node.is_control_plane:
        raise GRPCError(Status.UNIMPLEMENTED, "kubeconfig is only available on control plane nodes")
    text = asked.node.kubeconfig.encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("kubeconfig")
        entry.size, entry.mode = len(text), 0o600
        archive.addfile(entry, io.BytesIO(text))
    data = gzip.compress(packed.getvalue())
    for begin in range(0, len(data), 100):
        yield envelope.Data(content=data[begin : begin + 100])


async def reset(asked: Asked[wire.ResetRequest]) -> wire.ResetResponse:
    """Wipe, then reboot or go off."""
    labels = tuple(one.label for one in asked.request.system_partitions_to_wipe if one.wipe)
    actor = asked.node.order(
        "Reset", graceful=asked.request.graceful, reboot=asked.request.reboot, labels=labels
    )
    system = asked.request.mode in (wire.ResetRequest.ALL, wire.ResetRequest.SYSTEM_DISK)
    asked.node.wipe(
        graceful=asked.request.graceful, reboot=asked.request.reboot, labels=labels, system=system
    )
    return wire.ResetResponse(messages=[wire.Reset(actor_id=actor)])


async def reboot(asked: Asked[wire.RebootRequest]) -> wire.RebootResponse:
    """Start anew after the answer."""
    actor = asked.node.order("Reboot", mode=wire.RebootRequest.Mode.Name(asked.request.mode))
    asked.node.reboot_after_answer()
    return wire.RebootResponse(messages=[wire.Reboot(actor_id=actor)])


async def shutdown(asked: Asked[wire.ShutdownRequest]) -> wire.ShutdownResponse:
    """Go off after the answer."""
    actor = asked.node.order("Shutdown", force=asked.request.force)
    asked.node.go_off_after_answer()
    return wire.ShutdownResponse(messages=[wire.Shutdown(actor_id=actor)])


async def services(asked: Asked[Any]) -> wire.ServiceListResponse:
    """List Talos's own services."""
    found = [
        wire.ServiceInfo(
            id=name,
            state="Running" if up else "Preparing",
            health=wire.ServiceHealth(
                unknown=not up, healthy=up, last_change=_moment(asked.node.kubelet_since)
            ),
        )
        for name, up in asked.node.services.items()
    ]
    return wire.ServiceListResponse(messages=[wire.ServiceList(services=found)])


def _moment(at: datetime) -> Timestamp:
    moment = Timestamp()
    moment.FromDatetime(at)
    return moment


async def disks(asked: Asked[Any]) -> storage.DisksResponse:
    """List the disks."""
    found = [
        storage.Disk(
            size=disk.size_bytes,
            model=disk.model,
            device_name=disk.path,
            serial=disk.serial,
            wwid=disk.wwid,
            type=_DRIVES.get(
                disk.transport, storage.Disk.HDD if disk.rotational else storage.Disk.SSD
            ),
            system_disk=disk.name == asked.node.system_disk,
            subsystem="/sys/class/block",
        )
        for disk in asked.node.hardware.disks
    ]
    return storage.DisksResponse(messages=[storage.Disks(disks=found)])
