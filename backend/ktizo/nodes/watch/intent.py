"""What a member of a cluster should run, as its cluster says now."""

import logging

from ktizo.clusters import serve
from ktizo.clusters.build import of_machine
from ktizo.core.bootdb import BootReader
from ktizo.core.errors import Conflict, Invalid
from ktizo.core.seal import Sealer
from ktizo.images.image import RELEASE
from ktizo.nodes.watch.drift import Intended

log = logging.getLogger(__name__)


async def intended(reader: BootReader, sealer: Sealer, device_id: int) -> Intended | None:
    """Return what a machine should run; None when that cannot be made: the cluster page says why.

    Raises Unavailable when the database is away.
    """
    try:
        config = await serve.machine_config(reader, sealer, device_id)
    except (Conflict, Invalid) as error:  # no secrets, another role
        log.debug("machine %d has no intended config: %s", device_id, error.message)
        return None
    build = await of_machine(reader, device_id)
    if config is None or build is None:
        return None
    schematic = "" if build[0] == RELEASE else build[0]
    return Intended(build[1], schematic, config.body.decode(), config.sha256)
