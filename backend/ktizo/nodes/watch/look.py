"""Asking a configured node what it is: a handful of reads over one line."""

import hashlib
from dataclasses import dataclass
from typing import Any

from ktizo.nodes.client import NodeClient
from ktizo.nodes.client.results import Resource
from ktizo.nodes.errors import NoSuchResource
from ktizo.nodes.watch.state import Status, status_of

STATUS = ("runtime", "MachineStatuses.runtime.talos.dev", "machine")
_CONFIG = ("config", "MachineConfigs.config.talos.dev", "v1alpha1")
_SYSTEM_DISK = ("runtime", "SystemDisks.block.talos.dev", "system-disk")
_EXTENSIONS = ("runtime", "ExtensionStatuses.runtime.talos.dev")
SCHEMATIC = "schematic"  # the factory's own entry among the extensions (talos.md §7)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a node showed. `system_disk` is empty until Talos is installed on one."""

    status: Status
    talos_version: str
    schematic: str
    system_disk: str
    config: str  # the text it runs, secrets and all; never stored or shown

    @property
    def config_sha256(self) -> str:
        """The running config's checksum."""
        return hashlib.sha256(self.config.encode()).hexdigest()


async def look(client: NodeClient) -> Shown:
    """Read what the node is; raises NodeError."""
    status = status_of((await client.resources.get(*STATUS)).spec)
    return Shown(
        status=status,
        talos_version=await client.talos_version(),
        schematic=await _schematic(client),
        system_disk=await system_disk(client),
        config=await running_config(client),
    )


async def system_disk(client: NodeClient) -> str:
    """Return the disk Talos is installed on, `/dev/sda`; empty when it is not installed."""
    found = await _spec(client, _SYSTEM_DISK)
    return str(found.get("devPath", "")) if isinstance(found, dict) else ""


async def running_config(client: NodeClient) -> str:
    """Return the machine config a node runs; empty when it has none."""
    found = await _spec(client, _CONFIG)
    return found if isinstance(found, str) else ""


async def _schematic(client: NodeClient) -> str:
    for one in await client.resources.list(*_EXTENSIONS):
        metadata = one.spec.get("metadata") if isinstance(one.spec, dict) else None
        if isinstance(metadata, dict) and metadata.get("name") == SCHEMATIC:
            return str(metadata.get("version", ""))
    return ""


async def _spec(client: NodeClient, which: tuple[str, str, str]) -> Any:
    try:
        found: Resource = await client.resources.get(*which)
    except NoSuchResource:
        return None
    return found.spec
