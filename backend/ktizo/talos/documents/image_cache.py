"""ImageCacheConfig: container images kept on the node itself."""

from ktizo.talos.documents.kind import Kind
from ktizo.talos.documents.scalars import BOOL
from ktizo.talos.documents.shape import plain

KIND = Kind(
    "ImageCacheConfig",
    "1.14",
    plain(local=plain(enabled=BOOL)),
    legacy=("machine.features.imageCache",),
)
build = KIND.build
