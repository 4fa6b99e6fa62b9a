"""Ten thousand machines, put into a data folder by the program's own writer of sightings."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.settings import Settings
from ktizo.devices.identity import Claim
from ktizo.devices.sighting import Sighting, SightingSink

from .fleet import MAKES

MANY = 10_000


def claim(number: int) -> Claim:
    """Return what machine `number` says of itself."""
    vendor, product, card, serial = MAKES[number % len(MAKES)]
    return Claim(
        mac=f"{card}:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
        serial=serial.format(0x100000 + number),
        vendor=vendor,
        product=product,
        firmware="uefi",
        arch="x86_64",
        address=f"10.{30 + (number >> 16)}.{number >> 8 & 255}.{number & 255}",
    )


async def _fill(data: Path) -> None:
    database = Database(Settings(data_dir=data))

    async def bump(_: object) -> None:
        """Nobody listens yet."""

    sink = SightingSink(lambda *_: None, bump, MANY)
    began = utc_now() - timedelta(days=2)
    try:
        await database.migrate()
        async with database.write() as session:
            seen = [Sighting(claim(n), began + timedelta(seconds=n)) for n in range(MANY)]
            await sink.write(session, seen)
    finally:
        await database.close()


def fill(data: Path) -> None:
    """Write the database of a Ktizo that knows MANY machines, all pending."""
    data.mkdir(parents=True, exist_ok=True)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(_fill(data))
        except BaseException as error:  # noqa: BLE001 - told to the test, below
            failed.append(error)

    # Playwright keeps an event loop in the tests' own thread.
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
