"""What LAN settings would mean on this box: the file, the offers and the faults."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from ktizo.core import urls
from ktizo.core.files import ensure_dir
from ktizo.core.settings import Settings
from ktizo.network import loaders, place, privileges
from ktizo.network.faults import Finding, faults
from ktizo.network.interfaces import interfaces
from ktizo.network.lan import Lan
from ktizo.network.loaders import Advert
from ktizo.network.plan import Places, http_base, plan, render
from ktizo.network.supervise import Wanted


@dataclass(frozen=True, slots=True)
class Offered:
    """What machines on the LAN are offered; `found`: loader name -> the file it comes from."""

    base: str
    adverts: tuple[Advert, ...]
    found: dict[str, Path]


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that follows from the settings."""

    lan: Lan
    offered: Offered
    wanted: Wanted
    findings: tuple[Finding, ...]


def places_of(settings: Settings) -> Places:
    """Return where this Ktizo keeps its files."""
    return Places(settings.compiled_dir, settings.data_dir)


async def offered(lan: Lan, settings: Settings) -> Offered:
    """Return what `lan` offers with the loaders there are now; nothing is changed."""
    found = await asyncio.to_thread(loaders.find, settings.loaders_dir)
    return Offered(
        base=http_base(lan, settings.port, settings.base_url),
        adverts=loaders.advertise(found, lan.uefi_loader),
        found=found,
    )


async def draft(lan: Lan, settings: Settings) -> Draft:
    """Work out what `lan` means here and now; makes the TFTP folder, changes nothing else."""
    places = places_of(settings)
    offer = await offered(lan, settings)
    await asyncio.to_thread(ensure_dir, places.tftp)
    run_as = await asyncio.to_thread(privileges.run_as, places.tftp)
    conf = render(plan(lan, offer.adverts, places, base=offer.base, user=run_as.user))
    own = await asyncio.to_thread(interfaces)
    return Draft(
        lan=lan,
        offered=offer,
        wanted=Wanted(conf, str(lan.server_address), lan.interface, lan.mode, (run_as.why,)),
        findings=tuple(faults(lan, own, offer.adverts, offer.base)),
    )


async def place_loaders(offer: Offered, settings: Settings) -> None:
    """Write the loaders and autoexec.ipxe where TFTP and HTTP give them away."""
    url = offer.base + urls.BOOT_SCRIPT
    await asyncio.to_thread(place.place, offer.found, places_of(settings).tftp, url)
