"""The same yard as the works have."""

from nodes.work.conftest import _quick, kind, yard

__all__ = ["_quick", "kind", "yard"]
