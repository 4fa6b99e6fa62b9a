"""The wall clock of the whole program, moved by hand."""

import sys
from datetime import datetime, timedelta

import pytest

from ktizo.core import clock

REAL_NOW = clock.utc_now


class Clock:
    """Put it in the place of every `utc_now` with `everywhere`."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return REAL_NOW() + self._ahead

    def forward(self, **by: float) -> None:
        """Let time pass: `forward(minutes=10)`."""
        self._ahead += timedelta(**by)

    def everywhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, module in list(sys.modules.items()):
            if name.startswith("ktizo.") and getattr(module, "utc_now", None) is REAL_NOW:
                monkeypatch.setattr(module, "utc_now", self)
