"""Writing down what an inspection found, and reading it back as people are shown it."""

from datetime import datetime
from typing import Any

from ktizo.core.db import AsyncSession
from ktizo.nodes import schemas, store
from ktizo.nodes.inspect.found import Found, FoundDisk
from ktizo.nodes.inspect.holds import NOTHING
from ktizo.nodes.tables import FindingsRow


async def save(
    session: AsyncSession, device_id: int, found: Found, *, address: str, pin: str, at: datetime
) -> None:
    """Keep what was found in a machine, instead of what the last inspection found."""
    wire = as_wire(found, address=address, pin=pin, at=at)
    row = FindingsRow(
        device_id=device_id,
        at=at,
        address=address,
        pin=pin,
        talos_version=found.talos_version[:40],
        found=wire.model_dump(mode="json"),
    )
    await store.save_findings(session, row)


async def read(session: AsyncSession, device_id: int) -> schemas.Findings | None:
    """Return what the last inspection found; None when there was none."""
    row = await store.findings(session, device_id)
    return None if row is None else schemas.Findings.model_validate(row.found)


def as_wire(found: Found, *, address: str, pin: str, at: datetime) -> schemas.Findings:
    """Return what was found in the shape people are shown."""
    return schemas.Findings(
        at=at,
        address=address,
        pin=pin,
        talos_version=found.talos_version,
        manufacturer=found.manufacturer,
        product=found.product,
        serial=found.serial,
        uuid=found.uuid,
        cpus=list(found.cpus),
        cores=found.cores,
        memory_mib=found.memory_mib,
        cards=[_only(schemas.FoundCard, card) for card in found.cards],
        disks=[_disk(disk) for disk in found.disks],
        warnings=list(found.warnings),
    )


def _disk(disk: FoundDisk) -> schemas.FoundDisk:
    values = {name: getattr(disk, name) for name in schemas.FoundDisk.model_fields}
    values["holds"] = [one for one in disk.holds if one != NOTHING]
    values["volumes"] = [_only(schemas.Volume, one) for one in disk.volumes]
    return schemas.FoundDisk(**values)


def _only(kind: type[Any], found: object) -> Any:
    """Return the fields people are shown."""
    return kind(**{name: getattr(found, name) for name in kind.model_fields})
