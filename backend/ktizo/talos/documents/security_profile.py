"""SecurityProfileConfig: how far workloads are kept from the host."""

from ktizo.talos.documents.kind import Kind
from ktizo.talos.documents.scalars import BOOL
from ktizo.talos.documents.shape import plain

KIND = Kind("SecurityProfileConfig", "1.14", plain(workloadIsolation=BOOL))
build = KIND.build
