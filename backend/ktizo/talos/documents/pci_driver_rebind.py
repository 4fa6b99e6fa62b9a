"""PCIDriverRebindConfig: give a PCI device to another driver. The name is the PCI id."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import required
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    required(body, place, "name", "targetDriver")


KIND = Kind("PCIDriverRebindConfig", "1.10", plain(name=NAME, targetDriver=kept(TEXT)), _check)
build = KIND.build
