"""The dashboard's files, as `npm run build` left them: one process, one port.

Plain ASGI, in front of the router: these files are open to everybody and hold no secret. All of
them are kept in memory (a few MB), so a path is a key of a dictionary and can climb nowhere.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BUILT = Path(__file__).parents[3] / "frontend" / "dist"
NOT_OURS = ("/api", "/boot")  # whole path segments
HASHED = "/assets/"  # Vite puts a hash of the content into every name there
ENCODINGS = {"br": ".br", "gzip": ".gz"}  # best first
TYPES = {".js": "text/javascript; charset=utf-8", ".html": "text/html; charset=utf-8"}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
GUARDS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
NOT_BUILT = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Ktizo</title>
<h1>Ktizo runs. Its dashboard is not built.</h1>
<p>On this machine, in Ktizo's folder, with Node.js 20 or newer:</p>
<pre>make setup</pre>
<p>then load this page again. Everything works without it: <code>ktizo --help</code>.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    kind: str
    etag: str
    packed: Mapping[str, bytes] = field(default_factory=dict)


def _read(path: Path) -> _File:
    body = path.read_bytes()
    packed = {
        encoding: path.with_name(path.name + suffix).read_bytes()
        for encoding, suffix in ENCODINGS.items()
        if path.with_name(path.name + suffix).exists()
    }
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return _File(body, kind or "application/octet-stream", etag, packed)


def _read_all(folder: Path) -> dict[str, _File]:
    found = {}
    for path in folder.rglob("*"):
        place = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in place.parts)
        if path.is_file() and not hidden and path.suffix not in ENCODINGS.values():
            found[f"/{place.as_posix()}"] = _read(path)
    return found


class Spa:
    """ASGI middleware: GET and HEAD outside /api and /boot are the dashboard's."""

    def __init__(self, app: Any, folder: Path) -> None:
        self._app = app
        self._folder = folder
        self._files: dict[str, _File] = {}
        self._seen: tuple[int, ...] = ()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] != "http" or not _ours(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        asked = {name: value.decode("latin-1") for name, value in scope["headers"]}
        status, headers, body = self._answer(scope["path"], asked)
        headers = [*headers, *GUARDS]
        if status != 304:
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        head = scope["method"] == "HEAD"
        await send({"type": "http.response.body", "body": b"" if head else body})

    def _answer(
        self, path: str, asked: Mapping[bytes, str]
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        self._refresh()
        file = self._files.get(path)
        if file is None and path.startswith(HASHED):
            # Of an older build. The page would take index.html for a broken script.
            return 404, [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")], b""
        if file is None and "text/html" not in asked.get(b"accept", ""):
            # Only a browser is given a page for a path that is none: an iPXE sent to a wrong
            # address takes any 200 for a script, and some then hang (measured on BIOS).
            return 404, [(b"content-type", b"text/plain")], b"not_found: pages are for browsers\n"
        file = file or self._files.get("/index.html")
        if file is None:
            plain = [(b"content-type", TYPES[".html"].encode()), (b"cache-control", b"no-store")]
            return 200, plain, NOT_BUILT
        keep = "public, max-age=31536000, immutable" if path.startswith(HASHED) else "no-cache"
        headers = [
            (b"content-type", file.kind.encode()),
            (b"cache-control", keep.encode()),
            (b"etag", file.etag.encode()),
            (b"vary", b"accept-encoding"),
        ]
        if file.etag in asked.get(b"if-none-match", ""):
            return 304, headers, b""
        for encoding in file.packed:
            if _takes(asked.get(b"accept-encoding", ""), encoding):
                return (
                    200,
                    [*headers, (b"content-encoding", encoding.encode())],
                    file.packed[encoding],
                )
        return 200, headers, file.body

    def _refresh(self) -> None:
        """Read the folder anew when a build has changed it; three stat calls otherwise."""
        places = (self._folder, self._folder / "index.html", self._folder / "assets")
        try:
            seen = tuple(place.stat().st_mtime_ns for place in places)
        except OSError:  # not built, or a build is just emptying it
            self._files, self._seen = {}, ()
            return
        if seen != self._seen:
            self._files, self._seen = _read_all(self._folder), seen


def _ours(method: str, path: str) -> bool:
    if method not in {"GET", "HEAD"}:
        return False
    return not any(path == start or path.startswith(f"{start}/") for start in NOT_OURS)


def _takes(accepted: str, encoding: str) -> bool:
    for offer in accepted.split(","):
        name, _, quality = offer.strip().partition(";")
        if name.strip() == encoding:
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
