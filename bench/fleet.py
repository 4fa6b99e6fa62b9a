"""The machines of the benchmark, and the database and files they meet."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from ktizo.boot import store
from ktizo.boot.keep import keep
from ktizo.boot.profile import Profile, ProfileType
from ktizo.boot.tables import AssignmentRow
from ktizo.core import sqlite
from ktizo.core.clock import utc_now
from ktizo.core.db import BOOT_VERSION, AsyncSession, Database
from ktizo.core.settings import Settings
from ktizo.core.shelf import Shelf
from ktizo.devices.lifecycle import State
from ktizo.devices.tables import Device, DeviceMac, Lease

LOADED = 16_000  # machines of the request-rate sections
CROWD = 500  # machines that arrive at once, and as many that boot all the way
ARRIVING = range(LOADED, LOADED + CROWD)
BOOTING = range(LOADED + CROWD, LOADED + 2 * CROWD)
APPROVED_OF_TEN = 7  # the rest is known and waits for approval

PROFILE = "bench"
KERNEL, INITRD = "vmlinuz", "initrd.img"
KERNEL_BYTES, INITRD_BYTES = 10 * 1024 * 1024, 40 * 1024 * 1024
BIG, BIG_BYTES = "big.img", 100 * 1000 * 1000
CONFIG = "answers.cfg"
# The length of a real one: Talos' has about 400 bytes.
CMDLINE = (
    "console=tty0 console=ttyS0 init_on_alloc=1 slab_nomerge pti=on consoleblank=0"
    " nvme_core.io_timeout=4294967295 printk.devkmsg=on hostname={{ hostname }}"
    " bench.config={{ config_url }}"
)
CONFIG_TEMPLATE = "hostname: {{ hostname }}\nmac: {{ mac }}\nserial: {{ serial }}\n" + (
    "# as long as a short preseed\n" * 40 + "done: {{ done_url }}\n"
)


@dataclass(frozen=True)
class Machine:
    """One simulated machine."""

    index: int

    @property
    def mac(self) -> str:
        digits = f"{0x525400000000 + self.index:012x}"
        return ":".join(digits[i : i + 2] for i in range(0, 12, 2))

    @property
    def uuid(self) -> str:
        return str(UUID(bytes=hashlib.sha256(b"%d" % self.index).digest()[:16], version=4))

    @property
    def serial(self) -> str:
        return f"BENCH{self.index:06d}"

    @property
    def address(self) -> str:
        """Its own address on loopback."""
        return f"127.{1 + self.index // 62_500}.{self.index // 250 % 250}.{1 + self.index % 250}"

    @property
    def approved(self) -> bool:
        return self.index >= LOADED or self.index % 10 < APPROVED_OF_TEN

    @property
    def file_name(self) -> str:
        """What nginx finds in $arg_mac."""
        return self.mac.replace(":", "-")

    @property
    def question(self) -> str:
        """What iPXE asks on its behalf: every field of boot/render.py's ALL_FIELDS."""
        return (
            f"/boot/menu.ipxe?mac={self.file_name}&macs={self.file_name},,,&uuid={self.uuid}"
            f"&serial_hex={self.serial.encode().hex()}&vendor_hex={b'Bench Inc.'.hex()}"
            f"&product_hex={b'Rack Server 1'.hex()}&asset_hex=&arch=x86_64&platform=efi"
        )


class Appliance:
    """The database of a running appliance, looked at from outside."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "ktizo.db"

    def _run(self, sql: str, *values: object) -> list[tuple[int]]:
        connection = sqlite.module.connect(self._path, timeout=10, isolation_level=None)
        try:
            found: list[tuple[int]] = connection.execute(sql, values).fetchall()
            return found
        finally:
            connection.close()

    def rewind(self) -> None:
        """Put back the database as `keep` found it. Nothing may have it open."""
        for end in ("-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        shutil.copyfile(self._path.with_name("seeded.db"), self._path)

    def keep(self) -> None:
        """Put a copy of the database aside."""
        self._run("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self._path, self._path.with_name("seeded.db"))

    def forget(self) -> None:
        """Make it throw away the answers it keeps in memory, as every decision does."""
        self._run("UPDATE core_meta SET value = value + 1 WHERE key = ?", BOOT_VERSION)

    def installed(self, indexes: range) -> int:
        """Return how many of these machines are recorded as installed."""
        query = "SELECT count(*) FROM devices WHERE state = ? AND id BETWEEN ? AND ?"
        found = self._run(query, State.INSTALLED.value, indexes.start + 1, indexes.stop)
        return found[0][0]


async def seed(data_dir: Path) -> None:
    """Make the database of an appliance that knows every machine of the benchmark."""
    database = Database(Settings(data_dir=data_dir))
    try:
        await database.migrate()
        async with database.write() as session:
            wanted = Profile(
                id=0,
                name=PROFILE,
                type=ProfileType.CUSTOM,
                kernel=KERNEL,
                initrds=(INITRD,),
                cmdline=CMDLINE,
                config_template=CONFIG_TEMPLATE,
                config_name=CONFIG,
            )
            profile = await store.save_profile(session, None, wanted)
            shelf = Shelf(data_dir)
            for name, size in ((KERNEL, KERNEL_BYTES), (INITRD, INITRD_BYTES), (BIG, BIG_BYTES)):
                incoming = shelf.receive(size, size)
                incoming.write(os.urandom(size))
                incoming.finish(None, size)
                await keep(session, shelf, profile.id, name, incoming)
            await _insert(session, profile.id)
    finally:
        await database.close()


async def _insert(session: AsyncSession, profile_id: int) -> None:
    now = utc_now()
    until = now + timedelta(days=1)
    machines = [Machine(index) for index in range(BOOTING.stop)]
    approved = [machine for machine in machines if machine.approved]
    devices: list[dict[str, object]] = [
        {
            "id": machine.index + 1,
            "state": State.APPROVED if machine.approved else State.PENDING,
            "uuid": machine.uuid,
            "serial": machine.serial,
            "hostname": f"node-{machine.index}",
            "tags": [],
            "notes": "",
            "handover": "sanboot",
            "created_at": now,
            "updated_at": now,
        }
        for machine in machines
    ]
    macs = [{"mac": machine.mac, "device_id": machine.index + 1} for machine in machines]
    leases = [
        {
            "device_id": machine.index + 1,
            "reason": "approval",
            "granted_by": "bench",
            "granted_at": now,
            "expires_at": until,
            "offers": 0,
        }
        for machine in approved
    ]
    assignments = [
        {
            "device_id": machine.index + 1,
            "profile_id": profile_id,
            "parameters": {},
            "created_at": now,
            "updated_at": now,
        }
        for machine in approved
    ]
    for table, rows in (
        (Device, devices),
        (DeviceMac, macs),
        (Lease, leases),
        (AssignmentRow, assignments),
    ):
        await session.execute(sa.insert(table), rows)
