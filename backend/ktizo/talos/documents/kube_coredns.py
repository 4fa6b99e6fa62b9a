"""KubeCoreDNSConfig: whether Talos deploys CoreDNS, and which."""

from ktizo.talos.documents.kind import Kind
from ktizo.talos.documents.scalars import BOOL, TEXT
from ktizo.talos.documents.shape import plain

KIND = Kind(
    "KubeCoreDNSConfig",
    "1.14",
    plain(enabled=BOOL, image=TEXT),
    legacy=("cluster.coreDNS",),
    control_plane_only=True,
)
build = KIND.build
