"""A server that was written from an image never asks: Ktizo goes and looks who waits there.

Its Talos is in maintenance mode, where anybody may read what the machine is. What it shows is noted
as if it had asked under its boot path, so the rest of its story is the same: approval, a lease,
and its config through its own API.
"""

from urllib.parse import urlencode

from ktizo.nodes.client import Maintenance
from ktizo.nodes.errors import NodeError
from ktizo.nodes.inspect.look import look
from ktizo.providers import store
from ktizo.providers.doors import DoorFacts
from ktizo.providers.store import Rented
from ktizo.provisioning.site import Site


async def meet(site: Site, row: Rented) -> str:
    """Look for the machine at the server's addresses; returns what goes on, in words."""
    door = await store.door(site.reader, row.tag, row.door)
    if door is None:
        return ""
    said = "waiting for Talos to answer at its address"
    for address in row.addresses[:4]:
        client = site.reach.client(address, Maintenance(None))
        try:
            found = await look(client)
        except NodeError as error:
            said = f"waiting for Talos at {address}: {error.message}"
            continue
        finally:
            await client.hang_up()
        cards = [card.mac for card in found.cards if card.up] or sorted(found.macs)
        if not cards:
            return f"the machine at {address} shows no network card"
        asked = {"mac": cards[0], "uuid": found.uuid, "serial": found.serial, "arch": "x86_64"}
        query = urlencode({name: text for name, text in asked.items() if text})
        base = site.doors.base(row.tag, row.door)
        await site.front.asked(query.encode(), address, DoorFacts(door.server_id, (), base))
        return f"Talos waits at {address}"
    return said
