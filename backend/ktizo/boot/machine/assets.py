"""Kernels, initrds and other files, of a profile or of the mirror, sent to machines.

Whole files leave by the server's own sendfile where it offers one (`http.response.pathsend`, which
granian does: about nginx's throughput); a part goes through Python in pieces.
"""

from typing import Any

from starlette.responses import FileResponse

from ktizo.boot.assets import AssetFile, Assets
from ktizo.boot.machine.front import Front
from ktizo.core.errors import KtizoError
from ktizo.core.gate import send_text
from ktizo.events.kinds import EventKind

KINDS = {"kernel": EventKind.KERNEL_SENT, "initrd": EventKind.INITRD_SENT}
ASSETS = "/boot/assets/"
IMAGES = "/boot/images/"
NOT_ALLOWED = b"method_not_allowed: files are asked for with GET or HEAD\n"


class _Response(FileResponse):
    chunk_size = 256 * 1024


class AssetRoute:
    """The routes /boot/assets/{profile}/{file} and /boot/images/{schematic}/{version}/{file}."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self.front: Front

    async def __call__(self, scope: Any, receive: Any, send: Any, address: str) -> None:
        """Send a file, or say in one line why not."""
        head = scope["method"] == "HEAD"
        of, _, file = scope["path"].rpartition("/")
        try:
            if of.startswith(IMAGES):
                of = of.removeprefix(IMAGES)
                schematic, _, version = of.partition("/")
                found = await self._assets.find_image(schematic, version, file)
            else:
                of = of.removeprefix(ASSETS)
                found = await self._assets.find(of, file)
        except KtizoError as error:
            # iPXE takes every refusal the same way: the command fails, and the script goes on.
            self.front.note("asset", scope["path"], address, error.code)
            await send_text(
                send, error.status, f"{error.code}: {error.message}\n".encode(), head=head
            )
            return
        if scope["method"] == "GET":
            self._note(scope, address, of, file, found)
        await send_asset(scope, receive, send, found)

    def _note(self, scope: Any, address: str, of: str, file: str, found: AssetFile) -> None:
        kind = "build" if scope["path"].startswith(IMAGES) else "profile"
        self.front.note(
            "asset",
            scope["path"],
            address,
            "sent",
            kind=KINDS.get(found.part, EventKind.FILE_SENT),
            mac=self.front.mac_at(address),
            data=((kind, of), ("file", file), ("bytes", found.size)),
        )


async def send_asset(scope: Any, receive: Any, send: Any, file: AssetFile) -> None:
    """Send `file`: HEAD, ranges, 304 and all, as ASGI."""
    if scope["method"] not in {"GET", "HEAD"}:
        await send_text(send, 405, NOT_ALLOWED, ((b"allow", b"GET, HEAD"),))
        return
    # A name can be given new content, so a cache must ask; the tag names the content, so a 304
    # costs nothing.
    headers = {"etag": file.etag, "cache-control": "no-cache"}
    if _unchanged(scope, file.etag):
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 304, "headers": raw})
        await send({"type": "http.response.body", "body": b""})
        return
    response = _Response(
        file.path, headers=headers, media_type="application/octet-stream", stat_result=file.stat
    )
    await response(scope, receive, send)


def _unchanged(scope: Any, etag: str) -> bool:
    """Say whether the caller has this content (If-None-Match, RFC 9110 13.1.2: weak comparison)."""
    given = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    tags = {tag.strip().removeprefix("W/") for tag in given.decode("latin-1").split(",")}
    return "*" in tags or etag in tags
