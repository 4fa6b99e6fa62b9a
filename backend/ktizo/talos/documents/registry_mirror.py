"""RegistryMirrorConfig: pull images of one registry (`*`: of all) from somewhere else."""

from typing import Any

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.scalars import BOOL, URL
from ktizo.talos.documents.shape import ListOf, kept, plain


def _check(body: Body, place: Place) -> None:
    if not body.get("name"):
        place.at("name").refuse("name must be specified")
    for index, endpoint in enumerate(body.get("endpoints") or ()):
        here = place.at("endpoints", index, "url")
        if not endpoint.get("url"):
            here.refuse("must be specified")
        elif (scheme := addresses.url(endpoint["url"]).scheme) not in ("http", "https"):
            here.refuse(f"has unsupported scheme: {scheme!r}")


KIND = Kind(
    "RegistryMirrorConfig",
    "1.12",
    plain(
        name=NAME,
        endpoints=ListOf(plain(url=kept(URL), overridePath=BOOL)),
        skipFallback=BOOL,
    ),
    _check,
)


def build(
    registry: str, *, endpoints: tuple[str, ...], skip_fallback: bool | None = None
) -> dict[str, Any]:
    """Make a RegistryMirrorConfig; the endpoints are tried in order."""
    return KIND.build(
        name=registry,
        endpoints=[{"url": endpoint} for endpoint in endpoints],
        skipFallback=skip_fallback,
    )
