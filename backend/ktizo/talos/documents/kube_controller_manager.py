"""KubeControllerManagerConfig: kube-controller-manager's image and flags."""

from ktizo.talos.documents.kind import Kind
from ktizo.talos.documents.kube_parts import ARGUMENTS, RESOURCES, check_program
from ktizo.talos.documents.scalars import BOOL, TEXT
from ktizo.talos.documents.shape import MapOf, kept, plain

KIND = Kind(
    "KubeControllerManagerConfig",
    "1.14",
    plain(
        enabled=BOOL, image=kept(TEXT), extraArgs=ARGUMENTS, env=MapOf(TEXT), resources=RESOURCES
    ),
    check_program,
    legacy=("cluster.controllerManager", "machine.controlPlane.controllerManager"),
    control_plane_only=True,
)
build = KIND.build
