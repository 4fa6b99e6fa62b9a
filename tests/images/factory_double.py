"""A stateful Image Factory, its store of built images, and a place of releases, as one ASGI app.

It answers as reference talos.md 9 and image-factory internal/frontend/http say: the host tells who
is asked. The store knows Range, ETag and If-Range; the factory itself does not.
"""

import asyncio
import hashlib
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from images.wire import CutOff

VANILLA = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
VERSION = "v1.12.11"
FACTORY, STORE, RELEASES = "factory.test", "store.test", "releases.test"
LINE = (
    "talos.platform=metal console=tty0 init_on_alloc=1 slab_nomerge pti=on consoleblank=0"
    " nvme_core.io_timeout=4294967295 printk.devkmsg=on selinux=1 module.sig_enforce=1"
)
SIZES = {"kernel": 400_000, "vmlinuz": 400_000, "initramfs": 1_500_000, "metal": 2_000_000}
PIECE = 100_000


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def content(*place: str) -> bytes:
    """Return what a build's file holds: always the same, and another for another build."""
    name = place[-1]
    if name.startswith("cmdline"):
        return LINE.encode()
    size = SIZES.get(re.split(r"[-.]", name)[0], 50_000)
    # A kernel is the release's own, whatever the schematic is.
    seed = "/".join(place[1:] if name.startswith("kernel") else place)
    return b"\x7f" + random.Random(seed).randbytes(size - 1)


@dataclass
class Fault:
    """What goes wrong with one request, once. Without a path: whatever the next one asks."""

    status: int | None = None
    retry_after: str = ""
    refuse: bool = False  # no connection at all
    cut_after: int | None = None  # bytes of the body, then the connection ends
    body: bytes | None = None  # sent in place of the right one
    length: bool = True  # say how long the body is


@dataclass
class Asked:
    """A request that came."""

    method: str
    host: str
    path: str
    headers: dict[str, str]


@dataclass
class FactoryDouble:
    """The app, what it knows, and what it was asked."""

    versions: list[str] = field(default_factory=lambda: ["v1.11.6", VERSION, "v1.13.9", "nightly"])
    known: dict[str, str] = field(default_factory=lambda: {VANILLA: "customization: {}\n"})
    owner: str = ""
    token: str = ""  # Authorization it insists on
    gives_checksums: bool = False  # as only private factories do
    redirects: bool = True
    etags: bool = True
    ranges: bool = True
    away: bool = False
    faults: dict[str, list[Fault]] = field(default_factory=dict)  # by `host/name`
    altered: dict[str, bytes] = field(default_factory=dict)  # other content, by name
    asked: list[Asked] = field(default_factory=list)
    built: set[str] = field(default_factory=set)
    # Every first build waits for this; set, it is quick.
    may_build: asyncio.Event = field(default_factory=asyncio.Event)
    building: int = 0  # first builds asked for so far
    hosts: dict[str, str] = field(
        default_factory=lambda: {FACTORY: "http://factory.test", STORE: "http://store.test"}
    )

    def __post_init__(self) -> None:
        self.may_build.set()
        self._changed = asyncio.Condition()

    async def until_building(self, count: int = 1) -> None:
        """Wait until so many first builds were asked for."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.building >= count)

    def fault(self, host: str, name: str, *faults: Fault) -> None:
        self.faults[f"{host}/{name}"] = list(faults)

    def gets(self, host: str, name: str = "") -> list[Asked]:
        return [
            one
            for one in self.asked
            if one.host == host and one.method == "GET" and one.path.endswith(name)
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        host = headers["host"]
        host = next((name for name, url in self.hosts.items() if url.endswith(f"//{host}")), host)
        asked = Asked(scope["method"], host, scope["path"], headers)
        self.asked.append(asked)
        answer = _Answer(send, asked)
        waiting = self.faults.get(f"{host}/{asked.path.rpartition('/')[2]}", [])
        answer.fault = waiting.pop(0) if waiting else Fault()
        if self.away or answer.fault.refuse:
            raise CutOff
        if answer.fault.status is not None:
            extra = {"retry-after": answer.fault.retry_after} if answer.fault.retry_after else {}
            await answer.text(answer.fault.status, "not now\n", **extra)
            return
        body = (await receive())["body"]
        serve: Callable[..., Any] = {FACTORY: self._factory, STORE: self._store}.get(
            host, self._releases
        )
        await serve(answer, asked, body)

    async def _factory(self, answer: "_Answer", asked: Asked, body: bytes) -> None:
        path = asked.path
        if self.token and asked.headers.get("authorization") != self.token:
            await answer.text(401, "unauthorized\n")
        elif path == "/versions":
            await answer.json(200, self.versions)
        elif path == "/schematics" and asked.method == "POST":
            await self._create(answer, body.decode())
        elif found := re.fullmatch(r"/version/(v[^/]+)/(extensions|overlays)/official", path):
            await self._official(answer, found[1], found[2])
        elif found := re.fullmatch(r"/image/([0-9a-f]{64})/(v[^/]+)/([^/]+)", path):
            await self._image(answer, asked, found[1], found[2], found[3])
        else:
            await answer.text(404, "not found\n")

    async def _create(self, answer: "_Answer", document: str) -> None:
        if "nonsense" in document:
            await answer.text(400, "yaml: unmarshal errors: field nonsense not found\n")
            return
        document = f"owner: {self.owner}\n{document}" if self.owner else document
        made = sha256(document.encode())
        self.known[made] = document
        await answer.json(201, {"id": made, "schematic": document})

    async def _official(self, answer: "_Answer", version: str, kind: str) -> None:
        if version not in self.versions:
            await answer.text(404, "version not found\n")
        elif kind == "extensions":
            ref = "ghcr.io/siderolabs/drbd:9.2.14"
            one = {"name": "siderolabs/drbd", "ref": ref, "digest": "sha256:ab", "author": "S"}
            await answer.json(200, [{**one, "description": "[v1] drbd\n", "new": True}])
        else:
            image = "siderolabs/sbc-raspberrypi"
            await answer.json(200, [{"name": "rpi_generic", "image": image, "ref": "r"}])

    async def _image(
        self, answer: "_Answer", asked: Asked, schematic: str, version: str, name: str
    ) -> None:
        if schematic not in self.known:
            await answer.text(404, f"schematic {schematic} not found\n")
            return
        if name.endswith(".sha256"):
            await self._checksum(answer, schematic, version, name.removesuffix(".sha256"))
            return
        if asked.path not in self.built:
            async with self._changed:
                self.building += 1
                self._changed.notify_all()
            await self.may_build.wait()
            self.built.add(asked.path)
        if self.redirects and asked.method == "GET":
            place = f"{self.hosts[STORE]}/{schematic}/{version}/{name}?signature=abc"
            await answer.text(302, "", location=place)
            return
        await answer.file(self.content(schematic, version, name))

    async def _checksum(self, answer: "_Answer", schematic: str, version: str, name: str) -> None:
        if self.gives_checksums:
            await answer.text(200, f"{sha256(content(schematic, version, name))}  {name}\n")
        else:
            await answer.text(402, "enterprise feature\n")

    def content(self, *place: str) -> bytes:
        return self.altered.get(place[-1], content(*place))

    async def _store(self, answer: "_Answer", asked: Asked, _: bytes) -> None:
        data = self.content(*asked.path.strip("/").split("/"))
        etag = f'"{hashlib.md5(data).hexdigest()}"' if self.etags else ""
        headers = {"etag": etag} if etag else {}
        found = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        same = asked.headers.get("if-range", etag) == etag
        if not (found and self.ranges and same):
            await answer.file(data, **headers)
        elif (begin := int(found[1])) >= len(data):
            await answer.text(416, "", **{"content-range": f"bytes */{len(data)}"})
        else:
            shown = f"bytes {begin}-{len(data) - 1}/{len(data)}"
            await answer.file(data[begin:], 206, **headers, **{"content-range": shown})

    async def _releases(self, answer: "_Answer", asked: Asked, _: bytes) -> None:
        version, _, name = asked.path.strip("/").partition("/")
        names = ["vmlinuz-amd64", "initramfs-amd64.xz", "talosctl-linux-amd64"]
        if version != VERSION:
            await answer.text(404, "Not Found")
        elif name == "sha256sum.txt":
            lines = [f"{sha256(content(RELEASES, version, each))}  {each}\n" for each in names]
            await answer.text(200, "".join(lines))
        elif name in names:
            await answer.file(self.content(RELEASES, version, name))
        else:
            await answer.text(404, "Not Found")


@dataclass
class _Answer:
    send: Any
    asked: Asked
    fault: Fault = field(default_factory=Fault)

    async def json(self, status: int, value: Any) -> None:
        await self.text(status, json.dumps(value), **{"content-type": "application/json"})

    async def text(self, status: int, text: str, **headers: str) -> None:
        await self.file(text.encode(), status, **headers)

    async def file(self, data: bytes, status: int = 200, **headers: str) -> None:
        data = data if self.fault.body is None else self.fault.body
        if self.fault.length:
            headers["content-length"] = str(len(data))
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": raw})
        if self.asked.method == "HEAD":
            data = b""
        end = len(data) if self.fault.cut_after is None else self.fault.cut_after
        for at in range(0, end, PIECE):
            piece = {"body": data[at : min(at + PIECE, end)], "more_body": True}
            await self.send({"type": "http.response.body", **piece})
        if end < len(data):
            raise CutOff
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})
