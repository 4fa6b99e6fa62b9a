"""HCloudVIPConfig: a shared address moved by the Hetzner Cloud API."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import address_name, required
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    address_name(body, place)
    required(body, place, "link", "apiToken")


KIND = Kind(
    "HCloudVIPConfig",
    "1.12",
    plain(name=NAME, link=kept(TEXT), apiToken=kept(TEXT)),
    _check,
)
build = KIND.build
