"""Common Expression Language, as far as a disk, volume or link selector needs it.

Talos compiles each selector with cel-go before it believes a machine config; `problem()` says what
that compiler would say. Nothing is evaluated here: a selector meets its disks only on the machine.
"""

from ktizo.talos.cel.check import problem
from ktizo.talos.cel.environment import DISK, LINK, OOM_RANKING, OOM_TRIGGER, VOLUME, Environment

__all__ = ["DISK", "LINK", "OOM_RANKING", "OOM_TRIGGER", "VOLUME", "Environment", "problem"]
