"""Who may call what on a simulated node: Talos's own rules, by role, mode and version.

Source: talos.md §7 for maintenance up to 1.12 (a service of its own, few calls); `rules` in
siderolabs/talos services/machined.go for roles, which from 1.13 on hold in maintenance mode too,
where everybody is a reader.
"""

from typing import TYPE_CHECKING

from grpclib.const import Status
from grpclib.exceptions import GRPCError

if TYPE_CHECKING:
    from ktizo.nodes.simulated.node import SimulatedNode

ADMIN, OPERATOR, READER, BACKUP = "os:admin", "os:operator", "os:reader", "os:etcd:backup"
_MACHINE, _COSI = "/machine.MachineService/", "/cosi.resource.State/"
_OLD_MAINTENANCE = {
    f"{_MACHINE}ApplyConfiguration",
    "/storage.StorageService/Disks",
    f"{_COSI}Get",
    f"{_COSI}List",
    f"{_COSI}Watch",
}
_READERS = {
    f"{_MACHINE}{name}"
    for name in ("Version", "ServiceList", "Dmesg", "Logs", "Events", "EtcdMemberList")
} | {f"{_MACHINE}EtcdStatus", f"{_MACHINE}ApplyConfiguration"}
_READERS |= _OLD_MAINTENANCE
_OPERATORS = {f"{_MACHINE}{name}" for name in ("Reboot", "Shutdown", "EtcdSnapshot")} | {
    "/machine.ImageService/Pull"
}
_BACKUPS = {f"{_MACHINE}{name}" for name in ("EtcdMemberList", "EtcdStatus", "EtcdSnapshot")}
_SENSITIVE = ("MachineConfigs.config.talos.dev", "VolumeConfigs.block.talos.dev")


def check(node: "SimulatedNode", path: str, roles: frozenset[str]) -> None:
    """Refuse a call as Talos would."""
    if node.in_maintenance and node.minor < (1, 13):
        if path not in _OLD_MAINTENANCE:
            raise GRPCError(Status.UNIMPLEMENTED, "API is not implemented in maintenance mode")
        return
    if not _allowed(path, roles):
        raise GRPCError(Status.PERMISSION_DENIED, "not authorized")
    if path.endswith("/ApplyConfiguration") and not node.in_maintenance and ADMIN not in roles:
        raise GRPCError(Status.PERMISSION_DENIED, "not authorized")


def check_type(kind: str, roles: frozenset[str]) -> None:
    """Refuse a resource only an administrator may read."""
    if ADMIN not in roles and (kind in _SENSITIVE or kind.endswith(".secrets.talos.dev")):
        raise GRPCError(Status.PERMISSION_DENIED, "no access is permitted")


def _allowed(path: str, roles: frozenset[str]) -> bool:
    if ADMIN in roles:
        return True
    if OPERATOR in roles and path in _READERS | _OPERATORS:
        return True
    if BACKUP in roles and path in _BACKUPS:
        return True
    return READER in roles and path in _READERS
