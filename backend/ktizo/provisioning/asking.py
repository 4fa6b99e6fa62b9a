"""How a server is, as its provider tells it now. Nobody writes anything here."""

from datetime import datetime, timedelta

from ktizo.providers.base import Client, Server, Status
from ktizo.providers.errors import Gone, NotYet
from ktizo.providers.stages import Stage
from ktizo.providers.store import Rented

# So long a provider may not know yet, everywhere, what it has just taken an order for.
YOUNG = timedelta(minutes=10)


async def asked(client: Client, row: Rented, now: datetime) -> Server:
    """Return a server; one that the provider does not know any more has the status GONE.

    What is gone is not looked at again, and may be forgotten: so one "not found" is not enough
    where nobody gave it back. It must not be in the provider's list either, and not be young.
    Raises NotYet for the latter.
    """
    try:
        return await client.get_server(row.vendor_id or "")
    except Gone as error:
        if Stage(row.stage) is not Stage.ENDING:
            for one in await client.list_servers():
                if one.id == row.vendor_id or row.tag in one.tags:
                    return one
            if now - row.created_at < YOUNG:
                raise NotYet(
                    "its provider does not know it yet, or lost it; asking again"
                ) from None
        return Server(
            id=row.vendor_id or "", name=row.name, status=Status.GONE, raw_status=error.code
        )
