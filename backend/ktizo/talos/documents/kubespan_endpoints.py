"""KubeSpanEndpointsConfig: further addresses other nodes may find this one at."""

from ktizo.talos.documents.kind import Kind
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import ListOf, plain

KIND = Kind("KubeSpanEndpointsConfig", "1.9", plain(extraAnnouncedEndpoints=ListOf(TEXT)))
build = KIND.build
