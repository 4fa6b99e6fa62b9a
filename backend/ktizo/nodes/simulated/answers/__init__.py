"""What a simulated node answers, method by method."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from ktizo.nodes.simulated.answers import etcd, installing, logs, machine, resources
from ktizo.nodes.simulated.asked import Asked

Answer = Callable[[Asked[Any]], Awaitable[Any] | AsyncGenerator[Any, None]]

_MACHINE, _COSI = "/machine.MachineService", "/cosi.resource.State"
_LIFECYCLE = ("/machine.LifecycleService", "/machine.ImageService")
_ANSWERS: dict[str, Answer] = {
    f"{_MACHINE}/Version": machine.version,
    f"{_MACHINE}/ApplyConfiguration": machine.apply,
    f"{_MACHINE}/Bootstrap": etcd.bootstrap,
    f"{_MACHINE}/Kubeconfig": machine.kubeconfig,
    f"{_MACHINE}/Reset": machine.reset,
    f"{_MACHINE}/Reboot": machine.reboot,
    f"{_MACHINE}/Shutdown": machine.shutdown,
    f"{_MACHINE}/Upgrade": installing.upgrade,
    f"{_MACHINE}/ServiceList": machine.services,
    f"{_MACHINE}/Dmesg": logs.dmesg,
    f"{_MACHINE}/Logs": logs.logs,
    f"{_MACHINE}/Events": logs.events,
    f"{_MACHINE}/EtcdMemberList": etcd.members,
    f"{_MACHINE}/EtcdStatus": etcd.status,
    f"{_MACHINE}/EtcdSnapshot": etcd.snapshot,
    f"{_MACHINE}/EtcdLeaveCluster": etcd.leave,
    f"{_MACHINE}/EtcdForfeitLeadership": etcd.forfeit,
    f"{_MACHINE}/EtcdRemoveMemberByID": etcd.remove,
    "/machine.LifecycleService/Install": installing.install,
    "/machine.LifecycleService/Upgrade": installing.install_upgrade,
    "/machine.ImageService/Pull": installing.pull,
    "/storage.StorageService/Disks": machine.disks,
    f"{_COSI}/Get": resources.get,
    f"{_COSI}/List": resources.list_,
    f"{_COSI}/Watch": resources.watch,
}


def of(path: str) -> Answer:
    """Return what answers a path: a coroutine function, or an async generator for a stream."""
    return _ANSWERS[path]


def since(path: str) -> tuple[int, int]:
    """Return the minor version of Talos a path came with."""
    return (1, 13) if path.startswith(_LIFECYCLE) else (1, 9)
