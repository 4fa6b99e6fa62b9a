"""The mirror at work: files that are wished for are brought, a few at a time, until they are there.

What is wished for is in the database, so a restart goes on where it was. A file whose place is away
is tried again, less and less often; one that cannot be had (unknown, refused, another checksum) is
given up until somebody asks for it again.
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.errors import InsufficientStorage, KtizoError, Unavailable
from ktizo.core.http import Http, Sleep
from ktizo.core.parts import Part, sweep_parts
from ktizo.core.shelf import Shelf
from ktizo.core.upstream import UpstreamHasNot
from ktizo.core.writer import Writer
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.images import store
from ktizo.images.download import Claims, Wanted, fetch
from ktizo.images.factory import Factory
from ktizo.images.image import RELEASE, Image
from ktizo.images.keep import Source, keep
from ktizo.images.register import Known, register
from ktizo.images.tables import FileRow

log = logging.getLogger(__name__)

AT_ONCE = 3
AGAIN_S = (30.0, 120.0, 600.0)  # then always the last
FOR_NOW = (Unavailable, InsufficientStorage)  # faults that end by themselves, or by making room


@dataclass(frozen=True)
class Reached:
    """How far a file is. `size`, `total` in bytes; `total` None while nobody has said it."""

    size: int
    total: int | None


@dataclass(frozen=True)
class _Order:
    image: Image
    expected: str | None
    source: Source


@dataclass
class Mirror:
    """Brings files. `sleep` is for tests."""

    database: Database
    writer: Writer
    shelf: Shelf
    factory: Factory
    http: Http
    limit: int  # bytes a file may have
    sleep: Sleep = asyncio.sleep
    reached: dict[int, Reached] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._claims = Claims(self.shelf)
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Go on with what was under way; the tables must be there."""
        async with self.database.read() as session:
            ids = [row.id for row in await store.unfinished(session)]
        await self.sweep()
        self.bring(ids)

    async def sweep(self) -> None:
        """Remove what is half there of files nobody wishes for any more."""
        async with self.database.read() as session:
            wanted = {_part_name(store.image_of(row)) for row in await store.unfinished(session)}
        await asyncio.to_thread(sweep_parts, self.shelf, wanted)

    def bring(self, ids: Iterable[int]) -> None:
        """Begin with these files; what is on its way already is left alone."""
        for file_id in ids:
            if file_id not in self._tasks:
                task = asyncio.create_task(self._until_there(file_id), name=f"image {file_id}")
                self._tasks[file_id] = task
                task.add_done_callback(partial(self._done, file_id))

    def _done(self, file_id: int, _task: asyncio.Task[None]) -> None:
        self._tasks.pop(file_id, None)
        self.reached.pop(file_id, None)

    async def at_once(self, ids: Iterable[int]) -> None:
        """Begin with these files now, also those that wait to be tried again."""
        waiting = [each for each in ids if each not in self.reached]
        await self.let_go(waiting)
        self.bring(waiting)

    async def let_go(self, ids: Iterable[int]) -> None:
        """Stop bringing these files."""
        tasks = [self._tasks[each] for each in ids if each in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Stop everything; parts stay for the next start."""
        await self.let_go(list(self._tasks))

    async def settled(self) -> None:
        """Wait until nothing is on its way."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _until_there(self, file_id: int) -> None:
        tried = 0
        while True:
            async with self._slots:
                self.reached[file_id] = Reached(0, None)
                again_s = AGAIN_S[min(tried, len(AGAIN_S) - 1)]
                if await self._try(file_id, again_s):
                    return
            self.reached.pop(file_id, None)
            tried += 1
            await self.sleep(again_s)

    async def _try(self, file_id: int, again_s: float) -> bool:
        """Bring a file; True when there is nothing left to do about it."""
        try:
            await self._bring(file_id)
        except store.FileNotInMirror:
            return True  # somebody changed their mind
        except FOR_NOW as error:
            await self._note_problem(file_id, error.message, again_s)
            return False
        except KtizoError as error:
            await self._note_problem(file_id, error.message, None)
        except Exception:
            log.exception("image %s cannot be brought", file_id)
            await self._note_problem(file_id, "a fault of Ktizo itself; its log says more", None)
        return True

    async def _bring(self, file_id: int) -> None:
        order = await self._order(file_id)
        if order is None:
            return
        part = await self._fetch(file_id, order)
        try:
            row = await keep(self.database, self.shelf, file_id, part, order.source)
        finally:
            await asyncio.to_thread(part.discard)
        self.tell_stored(row)

    def tell_stored(self, row: FileRow) -> None:
        """Let everyone know that a file is in the mirror."""
        data = {**_named(store.image_of(row)), "sha256": row.sha256, "bytes": row.size}
        record(self.writer, EventKind.IMAGE_STORED, data=data)

    def tell_progress(self, image: Image, size: int, total: int | None) -> None:
        """Let everyone know how far a file is, in bytes."""
        data = {**_named(image), "bytes": size, "total": total}
        record(self.writer, EventKind.IMAGE_PROGRESS, data=data)

    async def _order(self, file_id: int) -> _Order | None:
        async with self.database.read() as session:
            row = await store.file(session, file_id)
            if row.sha256 is not None:
                return None
            image, expected = store.image_of(row), row.expected
            source = Source(row.expected_from) if expected else Source.FIRST
        await self._introduce(image, again=False)
        if expected is None:
            expected = await self.factory.checksum(image)
            source = Source.LISTED if expected else Source.FIRST
        return _Order(image, expected, source)

    async def _fetch(self, file_id: int, order: _Order) -> Part:
        try:
            return await self._fetch_once(file_id, order)
        except UpstreamHasNot:  # a factory that has lost it, or another one than before
            if not await self._introduce(order.image, again=True):
                raise
        return await self._fetch_once(file_id, order)

    async def _fetch_once(self, file_id: int, order: _Order) -> Part:
        def tell(size: int, total: int | None) -> None:
            self.reached[file_id] = Reached(size, total)
            self.tell_progress(order.image, size, total)

        place = self.factory.place_of(order.image)
        wanted = Wanted(_part_name(order.image), place, self.limit, order.expected)
        return await fetch(self.http, self.shelf, wanted, self._claims, tell)

    async def _introduce(self, image: Image, *, again: bool) -> bool:
        """Tell the factory of the image's schematic when it may not know it; True when told."""
        if image.schematic == RELEASE:
            return False
        async with self.database.read() as session:
            row = await store.find_schematic(session, image.schematic)
        if row is None or (row.registered_at is not None and not again):
            return False
        await register(self.factory, Known(row.schematic_id, row.document))
        async with self.database.write() as session:
            await store.registered(session, row.schematic_id, utc_now())
        return True

    async def _note_problem(self, file_id: int, reason: str, again_s: float | None) -> None:
        try:
            async with self.database.write() as session:
                row = await store.file(session, file_id)
                row.problem, row.given_up = reason, again_s is None
                image = store.image_of(row)
        except KtizoError as error:
            log.warning("image %s: %s; and not noted: %s", file_id, reason, error.message)
            return
        data = {**_named(image), "reason": reason, "again_s": again_s}
        record(self.writer, EventKind.IMAGE_FAILED, data=data)


def _part_name(image: Image) -> str:
    return hashlib.sha256(f"{image.build}/{image.name}".encode()).hexdigest()


def _named(image: Image) -> dict[str, str]:
    return {"schematic": image.schematic, "version": image.version, "file": image.name}
