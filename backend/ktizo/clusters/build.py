"""Which build of Talos a cluster's machines boot from the network, and are installed from."""

from ktizo.clusters import store
from ktizo.clusters.reading import store as reading
from ktizo.core.bootdb import BootReader
from ktizo.core.db import AsyncSession
from ktizo.images.image import RELEASE, build_key, version_tag


async def of_machine(reader: BootReader, device_id: int) -> tuple[str, str] | None:
    """Return schematic and version, as the mirror names them; None: the machine has no cluster."""
    found = await reading.build(reader, device_id)
    return _named(*found) if found is not None else None


async def in_use(session: AsyncSession) -> set[str]:
    """Return the builds clusters boot, by the mirror's names: they are not to be cleared away."""
    return {build_key(*_named(*found)) for found in await store.builds(session)}


def _named(schematic: str | None, version: str) -> tuple[str, str]:
    return schematic or RELEASE, version_tag(version)
