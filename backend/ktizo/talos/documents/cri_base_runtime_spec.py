"""CRIBaseRuntimeSpecConfig: what every container's OCI specification starts from."""

from ktizo.talos.documents.kind import Kind
from ktizo.talos.documents.shape import Unstructured, plain

KIND = Kind(
    "CRIBaseRuntimeSpecConfig",
    "1.14",
    plain(overrides=Unstructured()),
    legacy=("machine.baseRuntimeSpecOverrides",),
)
build = KIND.build
