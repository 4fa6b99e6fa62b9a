"""One call a simulated node has received."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from ktizo.nodes.simulated.node import SimulatedNode

Request = TypeVar("Request")


@dataclass(frozen=True, slots=True)
class Asked(Generic[Request]):
    """Who was asked what, by somebody with which roles."""

    node: "SimulatedNode"
    request: Request
    roles: frozenset[str]
