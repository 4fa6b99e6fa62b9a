"""Loaders over HTTP for UEFI HTTP Boot: the same files, by the same names, as TFTP gives away."""

from pathlib import Path
from typing import Any

from starlette.responses import FileResponse

from ktizo.boot.machine.front import NOT_FOUND, Front
from ktizo.core import urls
from ktizo.core.gate import send_text
from ktizo.events.kinds import EventKind
from ktizo.network.place import loader_file


class LoaderRoute:
    """The route /boot/loaders/{file}."""

    def __init__(self, tftp: Path) -> None:
        self._tftp = tftp
        self.front: Front

    async def __call__(self, scope: Any, receive: Any, send: Any, address: str) -> None:
        """Send a loader. Firmware asks HEAD first and needs the length in the answer."""
        name = scope["path"].removeprefix(urls.loader(""))
        path = loader_file(name, self._tftp)
        if path is None:
            # A miss on autoexec.ipxe is normal traffic: every newer iPXE looks for it.
            self.front.note("loader", scope["path"], address, "not_found")
            await send_text(send, 404, NOT_FOUND, head=scope["method"] == "HEAD")
            return
        if scope["method"] == "GET":
            self.front.note(
                "loader",
                scope["path"],
                address,
                "sent",
                kind=EventKind.LOADER_SENT,
                mac=self.front.mac_at(address),
                data=(("file", name),),
            )
        await FileResponse(path, media_type="application/octet-stream")(scope, receive, send)
