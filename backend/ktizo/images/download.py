"""Fetching one file, over as many connections as it takes.

What is there stays when a connection breaks or Ktizo stops, and is gone on from where the server
lets us be sure that it still is the same file: by a strong ETag (If-Range, RFC 9110 13.1.5), or
because the checksum of the whole is known. Otherwise it begins anew. Stores behind the factory
have an ETag; the factory itself, when it sends a file, has neither ETag nor Range.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from ktizo.core.errors import TooLarge
from ktizo.core.http import Http, Stream
from ktizo.core.parts import Part, open_part
from ktizo.core.shelf import CHUNK, ChecksumMismatch, Shelf, need_room
from ktizo.core.upload import Progress
from ktizo.core.upstream import UpstreamAway, UpstreamBroken
from ktizo.images.factory import Place

FIRST_BYTE_S = 600.0  # a first build takes minutes, in which the factory says nothing
IDLE_TRIES = 4  # connections in a row that brought nothing
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
Tell = Callable[[int, int | None], None]  # bytes so far, bytes in all if known


@dataclass(frozen=True)
class Wanted:
    """What is to be fetched. `name` of the part on disk; `expected`: SHA-256; `limit` in bytes."""

    name: str
    place: Place
    limit: int
    expected: str | None = None


class Claims:
    """Who wants how many bytes more of the disk, so that no two count on the same free ones."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._claims: dict[str, int] = {}

    def claim(self, name: str, size: int) -> None:
        """Want `size` bytes more for `name`; raises InsufficientStorage."""
        others = sum(more for who, more in self._claims.items() if who != name)
        need_room(self._shelf.parts, size + others)
        self._claims[name] = size

    def reached(self, name: str, left: int) -> None:
        """Note that `name` wants only `left` bytes more."""
        if name in self._claims:
            self._claims[name] = max(0, left)

    def release(self, name: str) -> None:
        """Note that `name` wants no more."""
        self._claims.pop(name, None)


async def fetch(http: Http, shelf: Shelf, wanted: Wanted, claims: Claims, tell: Tell) -> Part:
    """Return the whole file, verified; the caller puts it in place, or discards it.

    Raises UpstreamAway when no connection brings any more; what is there then waits for the next
    call. Raises ChecksumMismatch, TooLarge, InsufficientStorage and the errors of core/http.
    """
    part = await asyncio.to_thread(open_part, shelf, wanted.name, wanted.limit)
    try:
        fetch = _Fetch(http, wanted, claims, tell, part)
        await fetch.to_the_end()
        try:
            await asyncio.to_thread(part.finish, wanted.expected)
        except ChecksumMismatch:
            if not fetch.gone_on:
                raise
            # Its first half may have been another file's: once more, from the beginning.
            await asyncio.to_thread(part.begin, "")
            await fetch.to_the_end()
            await asyncio.to_thread(part.finish, wanted.expected)
    except (ChecksumMismatch, TooLarge):
        part.discard()
        raise
    except BaseException:
        part.leave()
        raise
    finally:
        claims.release(wanted.name)
    return part


@dataclass
class _Fetch:
    http: Http
    wanted: Wanted
    claims: Claims
    tell: Tell
    part: Part
    gone_on: bool = False  # with what an earlier connection left

    async def to_the_end(self) -> None:
        idle = 0
        while True:
            before = self.part.size
            try:
                if await self._one_connection():
                    return
            except UpstreamAway:
                await asyncio.to_thread(self.part.keep)  # the next connection may be far off
                idle = 0 if self.part.size > before else idle + 1
                if idle >= IDLE_TRIES:
                    raise

    async def _one_connection(self) -> bool:
        """Go on with the part; True when all of it is there."""
        place = self.wanted.place
        headers = {**place.headers, **self._from_here()}
        async with self.http.stream(place.url, headers=headers, read_s=FIRST_BYTE_S) as answer:
            total = _total(answer)
            if answer.status == 416:  # nothing beyond what we have: it is whole, or another file
                if total == self.part.size:
                    return True
                await asyncio.to_thread(self.part.begin, "")
                return False
            await self._place_in(answer)
            self._room_for(total, answer.host)
            await self._take(answer, total)
            if total is not None and self.part.size < total:
                raise UpstreamAway(f"{answer.host} broke off after {self.part.size} bytes")
            if self.part.size == 0:
                raise UpstreamBroken(f"{answer.host} sends an empty file")
            return True

    def _from_here(self) -> dict[str, str]:
        part = self.part
        if not part.size:
            return {}
        here = {"Range": f"bytes={part.size}-"}
        if part.of.startswith('"'):
            return {**here, "If-Range": part.of}
        return here if part.of and part.of == self.wanted.expected else {}

    async def _place_in(self, answer: Stream) -> None:
        """See to it that the next byte of `answer` is the next one of the part."""
        etag = answer.headers.get("etag", "")
        etag = etag if etag.startswith('"') else ""  # a weak one does not name the bytes
        part = self.part
        if answer.status != 206:
            await asyncio.to_thread(part.begin, etag or self.wanted.expected or "")
            return
        found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
        if found is None or found[1] is None or int(found[1]) != part.size:
            raise UpstreamBroken(f"{answer.host} sends another part than was asked for")
        self.gone_on = True
        if part.of.startswith('"') and etag and etag != part.of:
            await asyncio.to_thread(part.begin, "")
            raise UpstreamAway(f"{answer.host} has another file now")

    def _room_for(self, total: int | None, host: str) -> None:
        if total is None:
            if self.wanted.expected is None:
                raise UpstreamBroken(f"{host} says neither how long the file is nor its checksum")
            return
        if total > self.wanted.limit:
            raise TooLarge(f"a file may have {self.wanted.limit} bytes; see KTIZO_MAX_ASSET_GIB")
        self.claims.claim(self.wanted.name, total - self.part.size)

    async def _take(self, answer: Stream, total: int | None) -> None:
        progress = Progress(lambda size: self.tell(size, total), total)
        waiting = bytearray()
        try:
            async for chunk in answer.chunks():
                waiting += chunk
                if len(waiting) >= CHUNK:
                    await self._write(waiting, answer.host)
                    progress.reached(self.part.size)
                    if total is not None:
                        self.claims.reached(self.wanted.name, total - self.part.size)
        finally:
            await self._write(waiting, answer.host)

    async def _write(self, waiting: bytearray, host: str) -> None:
        data = bytes(waiting)
        waiting.clear()
        if data and self.part.size == 0:
            _refuse_page(data, host)
        if data:
            await asyncio.to_thread(self.part.write, data)


def _total(answer: Stream) -> int | None:
    """Return the size of the whole file, when the server says it."""
    found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    if found is not None:
        return int(found[2]) if found[2].isdecimal() else None
    length = answer.headers.get("content-length", "")
    return int(length) if answer.status == 200 and length.isdecimal() else None


def _refuse_page(data: bytes, host: str) -> None:
    """Refuse what a login page or a proxy puts in a file's place, with 200."""
    if data[:256].lstrip()[:1] in {b"<", b"{"}:
        raise UpstreamBroken(f"{host} sends a page in place of the file")
