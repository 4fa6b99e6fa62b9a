"""What this room needs while Ktizo runs, and going on with what was under way."""

import asyncio
import logging
from dataclasses import dataclass

from ktizo.core.db import Database
from ktizo.core.errors import KtizoError
from ktizo.core.http import Http, Sleep
from ktizo.core.settings import Settings
from ktizo.core.shelf import Shelf
from ktizo.core.verify import Verifier
from ktizo.core.writer import Writer
from ktizo.images.catalog import Catalog
from ktizo.images.factory import Factory
from ktizo.images.keep import InUse
from ktizo.images.mirror import Mirror

log = logging.getLogger(__name__)

GIB = 1024**3


@dataclass(frozen=True)
class Images:
    """The room, as `app.state.images`."""

    http: Http
    shelf: Shelf
    verifier: Verifier
    factory: Factory
    catalog: Catalog
    mirror: Mirror
    in_use: InUse

    async def start(self) -> None:
        """Go on with what was under way, once the tables are there; never raises ours."""
        try:
            await self.mirror.start()
        except KtizoError as error:
            log.error("the mirror does not go on: %s", error.message)

    async def stop(self) -> None:
        """Stop; what is half there is gone on with at the next start."""
        await self.mirror.stop()
        await self.http.close()


def open_images(
    settings: Settings,
    database: Database,
    writer: Writer,
    in_use: InUse,
    *,
    http: Http | None = None,
    sleep: Sleep = asyncio.sleep,
) -> Images:
    """Return the room; nothing runs yet.

    `in_use` asks the rooms that boot machines or make clusters; see keep.InUse. `http` and `sleep`
    are for tests.
    """
    http = http or Http()
    shelf = Shelf(settings.data_dir)
    factory = Factory(http, settings)
    limit = settings.max_asset_gib * GIB
    return Images(
        http=http,
        shelf=shelf,
        verifier=Verifier(shelf),
        factory=factory,
        catalog=Catalog(database, factory),
        mirror=Mirror(database, writer, shelf, factory, http, limit, sleep),
        in_use=in_use,
    )
