"""KubeExternalManifestConfig: Kubernetes manifests fetched from a URL."""

from typing import Any

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import manifest_name
from ktizo.talos.documents.scalars import TEXT, URL
from ktizo.talos.documents.shape import MapOf, kept, plain


def _check(body: Body, place: Place) -> None:
    manifest_name(body, place)
    text, here = body.get("url"), place.at("url")
    if not text:
        here.refuse("manifest URL is required")
    elif (scheme := addresses.url(text).scheme) not in ("http", "https"):
        here.refuse(f"scheme must be http or https: {scheme!r}")


KIND = Kind(
    "KubeExternalManifestConfig",
    "1.14",
    plain(name=NAME, headers=MapOf(TEXT), url=kept(URL)),
    _check,
)


def build(name: str, *, url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Make a KubeExternalManifestConfig."""
    return KIND.build(name=name, headers=headers, url=url)
