"""EtcFileConfig: a file of our own under /etc. The name is its path below /etc."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import required
from ktizo.talos.documents.scalars import MODE, TEXT
from ktizo.talos.documents.shape import plain

_OWNED_FILES = (
    "resolv.conf", "hosts", "machine-id", "extensions.yaml", "localtime", "os-release",
    "xattr.conf", "iscsi/initiatorname.iscsi", "nvme/hostid", "nvme/hostnqn",
)  # fmt: skip
_OWNED_FOLDERS = (
    "cni", "kubernetes", "cri", "apparmor", "apparmor.d", "ca-certificates", "lvm", "pki",
    "selinux", "ssl",
)  # fmt: skip


def _check(body: Body, place: Place) -> None:
    required(body, place, "name")
    path = body.get("name", "")
    if path and (path.startswith((".", "/")) or not _stays_below(path)):
        place.at("name").refuse(f"{path!r} must be a local path")
    if path in _OWNED_FILES or path.partition("/")[0] in _OWNED_FOLDERS:
        place.at("name").refuse(f"{path!r} is managed by Talos")


def _stays_below(path: str) -> bool:
    depth = 0
    for step in path.split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(step, 1)
        if depth < 0:
            return False
    return True


KIND = Kind("EtcFileConfig", "1.14", plain(name=NAME, mode=MODE, contents=TEXT), _check)
build = KIND.build
