"""HostnameConfig: the node's name, or that Talos derives a stable one."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import TEXT, one_of
from ktizo.talos.documents.shape import plain


def _check(body: Body, place: Place) -> None:
    auto, hostname = body.get("auto"), body.get("hostname") or ""
    if auto is None and not hostname:
        place.refuse("either 'auto' or 'hostname' must be set")
    if auto == "stable" and hostname:
        place.at("hostname").refuse(
            "'auto' and 'hostname' cannot be set at the same time; set auto: off beside a hostname"
        )
    if not hostname:
        return
    if len(hostname) > 253:
        place.at("hostname").refuse(f"fqdn is too long: {len(hostname)}")
    first = hostname.partition(".")[0]
    if not 1 <= len(first) <= 63:
        place.at("hostname").refuse(f"invalid hostname {first!r}; its first label has 1 to 63")


KIND = Kind(
    "HostnameConfig",
    "1.12",
    plain(auto=one_of("stable", "off"), hostname=TEXT),
    _check,
    legacy=("machine.network.hostname",),
)


def build(hostname: str | None = None) -> dict[str, str]:
    """Make a HostnameConfig; without a name Talos derives a stable one.

    `auto: off` is written beside a name, so that this document also replaces a generated
    `auto: stable` when it is merged over one.
    """
    return KIND.build(auto="off" if hostname else "stable", hostname=hostname)
