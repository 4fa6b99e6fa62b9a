"""Looking into a machine that waits in memory, because an operator asked to."""

from ktizo.core.clock import utc_now
from ktizo.core.db import Database, bump_boot_version
from ktizo.core.writer import Writer
from ktizo.devices import inspection
from ktizo.devices import store as devices
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.nodes.client import NodeClient
from ktizo.nodes.inspect import keep
from ktizo.nodes.inspect.found import Found
from ktizo.nodes.inspect.look import look

INSTALLED = (
    "it says that Talos is installed on one of its disks, so it halted and shows nothing more; it "
    "may be a node of another cluster. Start it from its own disk, or wipe it there first"
)


class Inspecting:
    """Reads what a machine holds and keeps it; the inspection has ended then."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def look(self, device_id: int, client: NodeClient) -> None:
        """Look once; raises NodeError when the machine cannot be read to the end."""
        found = await look(client)
        await self._keep(device_id, found, client.address.host)

    async def talos_found(self, device_id: int, address: str) -> None:
        """Note that a machine says of itself that Talos is installed on it: so it shows no more.

        Nobody vouches for that, and nothing comes of it but a warning: the inspection is over.
        """
        async with self._database.read() as session:
            device = (await devices.facts_of(session, [device_id])).get(device_id)
            row = (await devices.by_ids(session, [device_id])).get(device_id)
        if device is None or row is None or device.inspection is None:
            return
        found = Found(
            pin="",
            talos_version=device.inspection.version,
            manufacturer=row.vendor or "",
            product=row.product or "",
            serial=row.serial or "",
            uuid=row.uuid or "",
            cpus=(),
            cores=0,
            memory_mib=0,
            cards=(),
            disks=(),
            system_disk="",
            warnings=(INSTALLED,),
        )
        await self._keep(device_id, found, address)

    async def _keep(self, device_id: int, found: Found, address: str) -> None:
        now = utc_now()
        async with self._database.write() as session:
            if not await inspection.end(session, device_id, "done", now=now):
                return  # cancelled or decided meanwhile
            await keep.save(session, device_id, found, address=address, pin=found.pin, at=now)
            await bump_boot_version(session)
        data = {"disks": len(found.disks), "warnings": list(found.warnings)[:10]}
        record(
            self._writer,
            EventKind.INSPECTED,
            device_id=device_id,
            address=address,
            data=data,
        )
