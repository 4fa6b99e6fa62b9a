"""Each machine's live console: its last lines, numbered, in bounded memory, for who watches."""

import asyncio
import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ktizo.core.clock import utc_now
from ktizo.nodes.live.limits import Limits

LINE_BYTES = 4096  # of UTF-8; what is longer is cut
LAST = 200  # lines for who asks without a number
MOST = 500  # lines of one answer
WAITING = 500  # who may wait at the same time; the next is answered at once
_OVERHEAD = 200  # bytes of a line besides its text
HIDDEN = "(hidden)"
# Tokens of boot paths, and tickets of configs and proofs.
_OPENS = re.compile(r"(?<=/boot/at/)[\w.~-]+|(?<=/boot/configs/)[\w.~-]+|(?<=/boot/done/)[\w.~-]+")
_SPACES = {"\n": " ", "\r": " ", "\t": " "}

Source = Literal["kernel", "event"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is shown; `number` grows by one, and by more where lines were lost."""

    number: int
    at: datetime  # by our clock: a node's own may be years off
    source: Source
    level: str  # debug, info, warn, error
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """Lines in order; ask with `next` the next time. `lost`: went by between, or were too many."""

    lines: list[Line]
    next: int
    lost: int


class _Ring:
    __slots__ = ("lines", "newest", "size")

    def __init__(self) -> None:
        self.lines: deque[Line] = deque()
        self.newest = 0
        self.size = 0

    def drop_oldest(self) -> int:
        gone = _size(self.lines.popleft())
        self.size -= gone
        return gone


def _size(line: Line) -> int:
    return line.text.__sizeof__() + _OVERHEAD


def printable(text: str) -> str:
    """Return one line of at most LINE_BYTES; control characters may not drive a terminal.

    A machine's own words may quote its command line, and with it what opens its config.
    """
    text = text[:LINE_BYTES].strip()
    if "/boot/" in text:
        text = _OPENS.sub(HIDDEN, text)
    if not text.isprintable():
        text = "".join(
            one if one.isprintable() else _SPACES.get(one, "\N{REPLACEMENT CHARACTER}")
            for one in text
        )
    if text.isascii():
        return text
    return text.encode()[:LINE_BYTES].decode(errors="ignore")


class Consoles:
    """The consoles of all machines. Nothing is written to disk."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._rings: OrderedDict[int, _Ring] = OrderedDict()  # silent longest first
        self._size = 0
        self._news: dict[int, asyncio.Event] = {}
        self._waiting = 0
        self.closed = False

    def __len__(self) -> int:
        return len(self._rings)

    @property
    def bytes_kept(self) -> int:
        """What all lines together take."""
        return self._size

    def add(
        self, device_id: int, source: Source, level: str, text: str, at: datetime | None = None
    ) -> None:
        """Add a line, made fit to be shown."""
        ring = self._ring(device_id)
        ring.newest += 1
        line = Line(ring.newest, at or utc_now(), source, level, printable(text))
        ring.lines.append(line)
        size = _size(line)
        ring.size += size
        self._size += size
        most, limits = ring.lines, self._limits
        while len(most) > limits.console_lines or ring.size > limits.console_bytes:
            self._size -= ring.drop_oldest()
        self._make_room()
        news = self._news.pop(device_id, None)
        if news is not None:
            news.set()

    def lose(self, device_id: int, count: int = 1) -> None:
        """Count lines that were too many to keep; who watches is told."""
        self._ring(device_id).newest += count

    def _ring(self, device_id: int) -> _Ring:
        ring = self._rings.get(device_id)
        if ring is None:
            ring = self._rings[device_id] = _Ring()
        else:
            self._rings.move_to_end(device_id)
        return ring

    def _make_room(self) -> None:
        limits = self._limits
        while len(self._rings) > limits.machines or (
            self._size > limits.all_bytes and len(self._rings) > 1
        ):
            _, gone = self._rings.popitem(last=False)
            self._size -= gone.size

    def after(self, device_id: int, number: int, limit: int = MOST) -> Told:
        """Return the lines after `number`; -1: the last 200.

        A number that was never given (Ktizo began anew since) stands for the beginning.
        """
        ring = self._rings.get(device_id)
        if ring is None:
            return Told([], 0, 0)
        if number < 0:
            lines = list(ring.lines)[-min(LAST, limit) :]
            return Told(lines, ring.newest, 0)
        number = number if number <= ring.newest else 0
        newer = [line for line in ring.lines if line.number > number]
        lines = newer[:limit]
        upto = lines[-1].number if len(newer) > limit else ring.newest
        return Told(lines, upto, upto - number - len(lines))

    async def wait(self, device_id: int, after: int, timeout_s: float) -> None:
        """Return when there is something after `after`, time is up, or Ktizo shuts down."""
        if self.closed or self._waiting >= WAITING or self._has_news(device_id, after):
            return
        news = self._news.setdefault(device_id, asyncio.Event())
        self._waiting += 1
        try:
            async with asyncio.timeout(timeout_s):
                await news.wait()
        except TimeoutError:
            return
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._news.clear()

    def _has_news(self, device_id: int, after: int) -> bool:
        ring = self._rings.get(device_id)
        if ring is None:
            return False
        return bool(ring.lines) if after < 0 else after != ring.newest

    def close(self) -> None:
        """Answer whoever waits, now and from now on; a server that stops waits for them."""
        self.closed = True
        for news in self._news.values():
            news.set()
        self._news.clear()
