"""Where builds come from: an Image Factory, and the assets of Talos' own releases.

Facts: image-factory docs/api.md and internal/frontend/http (read 2026-08), reference talos.md 9.
A GET of an image is answered 302 to a store that knows Range and ETag, or with the file itself,
which then has neither; the first request for a build may take minutes, for it is built meanwhile.
"""

import base64
from dataclasses import dataclass
from http import HTTPMethod
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from ktizo.core.errors import KtizoError
from ktizo.core.http import Http
from ktizo.core.importing import checksums_in
from ktizo.core.settings import Settings
from ktizo.core.upstream import UpstreamHasNot, UpstreamRefused, UpstreamRejected
from ktizo.images import wire
from ktizo.images.image import RELEASE, Image

SUMS = "sha256sum.txt"  # of a release
REGISTER_S = 20.0  # a person is waiting


@dataclass(frozen=True)
class Place:
    """Where a file is fetched from, and what has to be said there."""

    url: str
    headers: dict[str, str]


class Factory:
    """Client of one Image Factory and of one place of releases. Holds no state and no loops."""

    def __init__(self, http: Http, settings: Settings) -> None:
        self._http = http
        self.url = settings.factory_url.rstrip("/")
        self._releases = settings.releases_url.rstrip("/")
        token = settings.factory_token
        self._headers = _authorization(token.get_secret_value()) if token is not None else {}

    @property
    def host(self) -> str:
        """Return host, and port if any, as installer images are named after it."""
        return urlsplit(self.url).netloc

    async def versions(self) -> list[str]:
        """Return the versions the factory builds, in its order (oldest first)."""
        said = await self._get("/versions")
        return wire.parse(wire.Versions, {"versions": said}, self.host).versions

    async def extensions(self, version: str) -> list[wire.Extension]:
        """Return the official system extensions for `version`."""
        said = await self._get(f"/version/{version}/extensions/official")
        return wire.parse(list[wire.Extension], said, self.host)

    async def overlays(self, version: str) -> list[wire.Overlay]:
        """Return the official overlays for `version`."""
        said = await self._get(f"/version/{version}/overlays/official")
        return wire.parse(list[wire.Overlay], said, self.host)

    async def create_schematic(self, document: str) -> wire.Created:
        """Tell the factory of a schematic. Telling it twice is harmless, yet we do not repeat."""
        answer = await self._http.ask(
            HTTPMethod.POST,
            f"{self.url}/schematics",
            headers={**self._headers, "Content-Type": "application/yaml"},
            content=document.encode(),
            total_s=REGISTER_S,
        )
        return wire.parse(wire.Created, answer.json(), self.host)

    async def _get(self, path: str) -> Any:
        answer = await self._http.ask(
            HTTPMethod.GET, f"{self.url}{path}", headers=dict(self._headers)
        )
        return answer.json()

    def place_of(self, image: Image) -> Place:
        """Return where `image` is fetched."""
        if image.schematic == RELEASE:
            return Place(f"{self._releases}/{image.version}/{image.name}", {})
        path = PurePosixPath("/image", image.schematic, image.version, image.name)
        return Place(f"{self.url}{path}", dict(self._headers))

    async def checksum(self, image: Image) -> str | None:
        """Return the SHA-256 the place itself gives for `image`; None where it gives none.

        A release lists them. Of factories only private ones do; the public one answers 402.
        """
        if image.schematic == RELEASE:
            answer = await self._http.ask(
                HTTPMethod.GET, f"{self._releases}/{image.version}/{SUMS}"
            )
            return checksums_in(SUMS, answer.text).get(image.name)
        place = self.place_of(image)
        try:
            answer = await self._http.ask(
                HTTPMethod.GET, f"{place.url}.sha256", headers=place.headers
            )
        except (UpstreamRefused, UpstreamHasNot, UpstreamRejected) as error:
            if _means_none(error):
                return None
            raise
        return wire.checksum(answer.text)


def _means_none(error: KtizoError) -> bool:
    return error.detail.get("status") not in {401, 403}


def _authorization(token: str) -> dict[str, str]:
    """Return the header for a token, or for `user:password` (image-factory authentication.md)."""
    if ":" in token:
        return {"Authorization": f"Basic {base64.b64encode(token.encode()).decode()}"}
    return {"Authorization": f"Bearer {token}"}
