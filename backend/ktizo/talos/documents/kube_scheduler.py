"""KubeSchedulerConfig: kube-scheduler's image, flags and configuration."""

from ktizo.talos.documents.kind import Kind
from ktizo.talos.documents.kube_parts import ARGUMENTS, RESOURCES, check_program
from ktizo.talos.documents.scalars import BOOL, TEXT
from ktizo.talos.documents.shape import MapOf, Unstructured, kept, plain

KIND = Kind(
    "KubeSchedulerConfig",
    "1.14",
    plain(
        enabled=BOOL,
        image=kept(TEXT),
        config=kept(Unstructured()),
        extraArgs=ARGUMENTS,
        env=MapOf(TEXT),
        resources=RESOURCES,
    ),
    check_program,
    legacy=("cluster.scheduler", "machine.controlPlane.scheduler"),
    control_plane_only=True,
)
build = KIND.build
