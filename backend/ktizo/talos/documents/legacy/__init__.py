"""The fields of the v1alpha1 document: one big mapping without apiVersion and kind.

Talos calls the network, install and Kubernetes parts deprecated since it has documents for them,
and still reads all of it. Its official schema hides the deprecated parts and `persist`.
"""

from ktizo.talos.documents.legacy.cluster import CLUSTER
from ktizo.talos.documents.legacy.machine import MACHINE
from ktizo.talos.documents.scalars import BOOL, TEXT
from ktizo.talos.documents.shape import kept, plain

# What Talos calls this document in its messages.
NAME = "v1alpha1.Config"

FIELDS = plain(
    version=kept(TEXT), debug=BOOL, persist=BOOL, machine=kept(MACHINE), cluster=kept(CLUSTER)
)
