"""LinkConfig: a physical network interface."""

from typing import Any

from ktizo.talos.documents.kind import NAME, Kind
from ktizo.talos.documents.link_parts import COMMON, check_link, other_link_kinds
from ktizo.talos.documents.shape import plain

KIND = Kind(
    "LinkConfig",
    "1.12",
    plain({"name": NAME, **COMMON}),
    check_link,
    clashes_with=other_link_kinds("LinkConfig"),
)


def build(
    name: str, *, addresses: tuple[str, ...] = (), gateway: str | None = None, **more: Any
) -> dict[str, Any]:
    """Make a LinkConfig with static addresses (`192.0.2.5/24`) and a default route."""
    return KIND.build(
        name=name,
        addresses=[{"address": address} for address in addresses],
        routes=[{"gateway": gateway}] if gateway else None,
        **more,
    )
