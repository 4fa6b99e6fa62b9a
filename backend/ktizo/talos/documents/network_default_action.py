"""NetworkDefaultActionConfig: what the node's firewall does with the rest."""

from typing import Any

from ktizo.talos.documents.kind import Kind
from ktizo.talos.documents.scalars import one_of
from ktizo.talos.documents.shape import kept, plain

KIND = Kind("NetworkDefaultActionConfig", "1.9", plain(ingress=kept(one_of("accept", "block"))))


def build(ingress: str) -> dict[str, Any]:
    """Make a NetworkDefaultActionConfig: `accept` or `block`."""
    return KIND.build(ingress=ingress)
