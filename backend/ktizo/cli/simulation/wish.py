"""What is to be played."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """A fleet, and how the story goes."""

    control_planes: int = 3
    workers: int = 20
    version: str = "v1.12.11"
    inspect: bool = False  # look at every machine before approving it
    speed: float = 1.0  # 1: for watching; 10: ten times as fast
    kill: Sequence[str] = ()  # phases of killing.PHASES, or `all`
    cluster: str = "simulated"
    prefix: str = ""  # of every hostname
    first: int = 1  # number of the first machine
