"""Taking turns with everything else the process does: intake never has more than its share."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

PERIOD_S = 0.01


class Turns:
    """Work in slices of `share` of PERIOD_S; who comes when a slice is used up waits for the next.

    A rack that boots sends a hundred thousand lines at once; the machines that ask for their boot
    script meanwhile do not wait for them.
    """

    def __init__(self, share: float) -> None:
        self._slice_s = share * PERIOD_S
        self._worked_s = 0.0
        self._waiting: deque[Callable[[], None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    def run(self, work: Callable[[], None]) -> bool:
        """Run `work` now, or when it is its turn; say whether it has run. It must not raise."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PERIOD_S, self._next)
        if self._waiting or self._worked_s >= self._slice_s:
            self._waiting.append(work)
            return False
        self._do(work)
        return True

    def _do(self, work: Callable[[], None]) -> None:
        began = time.perf_counter()
        work()
        self._worked_s += time.perf_counter() - began

    def _next(self) -> None:
        # What ran over its slice is paid back before the next one.
        self._worked_s = max(0.0, self._worked_s - self._slice_s)
        while self._waiting and self._worked_s < self._slice_s:
            self._do(self._waiting.popleft())
        busy = self._waiting or self._worked_s > 0
        self._timer = asyncio.get_running_loop().call_later(PERIOD_S, self._next) if busy else None

    def close(self) -> None:
        """Forget what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiting.clear()
