"""Where a node's API listens."""

from dataclasses import dataclass

PORT = 50000  # apid; trustd is 50001 (talos.md §7)


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address (or a name) and the port of the Talos API there."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
