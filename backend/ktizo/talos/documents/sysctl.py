"""SysctlConfig: kernel parameters under /proc/sys."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import MapOf, plain


def _check(body: Body, place: Place) -> None:
    if "" in (body.get("params") or {}):
        place.at("params").refuse("sysctl key cannot be empty")


KIND = Kind("SysctlConfig", "1.14", plain(params=MapOf(TEXT)), _check)


def build(params: dict[str, str]) -> dict[str, Any]:
    """Make a SysctlConfig."""
    return KIND.build(params=params)
