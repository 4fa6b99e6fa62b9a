"""What the real dnsmasq says, with the file we render, is what `explain` says it says."""

import asyncio
from pathlib import Path

import pytest

from ktizo.network.lan import Lan as LanSettings
from ktizo.network.lan import Mode, UefiLoader
from ktizo.network.loaders import ARCHITECTURES, CANDIDATES
from ktizo.network.plan import Places, http_base
from ktizo.network.reply import Via, reply_for
from ktizo.network.supervise import Supervisor, Wanted
from lab.net import Lan
from lab.packets import ROUTER, VENDOR_CLASS, DhcpAnswer, PxeClient

from .samples import DEBIAN_12, EVERY_LOADER, a_full_lan, a_lan, adverts, rendered
from .wire import Told, ask_boot_server, discover, told

UNKNOWN_TO_US = 27  # RISC-V 64
CODES = [*(one.code for one in ARCHITECTURES), UNKNOWN_TO_US]
HTTP_CODES = {15, 16, 19}
DNS = 6  # DHCP option


def wanted(settings: LanSettings, available: frozenset[str], places: Places) -> Wanted:
    conf = rendered(settings, available, places=places, user="root")
    return Wanted(conf, str(settings.server_address), "lan0", settings.mode)


SETTINGS = {
    "proxy": (a_lan(), DEBIAN_12),
    "proxy, every loader, snponly": (a_lan(uefi_loader=UefiLoader.SNPONLY), EVERY_LOADER),
    "full": (a_full_lan(), DEBIAN_12),
    "full, every loader": (a_full_lan(), EVERY_LOADER),
}


@pytest.mark.anyio
@pytest.mark.parametrize("name", SETTINGS)
async def test_every_architecture_is_told_what_explain_says(
    name: str, lan: Lan, tmp_path: Path
) -> None:
    settings, available = SETTINGS[name]
    full = settings.mode is Mode.FULL
    places = Places(tmp_path / "compiled", tmp_path / "data")
    places.tftp.mkdir(parents=True)
    supervisor = Supervisor(places, grace_s=0.05)
    await supervisor.apply(wanted(settings, available, places))

    real, explained = {}, {}
    try:
        for arch in CODES:
            for ipxe in (False, True):
                client = PxeClient(arch, ipxe=ipxe, http_boot=arch in HTTP_CODES and not ipxe)
                real[arch, ipxe] = await asyncio.to_thread(told, lan, client, full=full)
                reply = reply_for(
                    settings,
                    adverts(settings, available),
                    http_base(settings, 8000, None),
                    arch=arch,
                    ipxe=ipxe,
                )
                explained[arch, ipxe] = Told(reply.next_server, reply.filename, reply.via)
    finally:
        await supervisor.stop()

    assert real == explained
    tftp_names = {one.filename for one in real.values() if one.filename and ":" not in one.filename}
    assert tftp_names <= set(CANDIDATES)


@pytest.mark.anyio
async def test_details_that_firmware_insists_on(lan: Lan, tmp_path: Path) -> None:
    places = Places(tmp_path / "compiled", tmp_path / "data")
    places.tftp.mkdir(parents=True)
    supervisor = Supervisor(places, grace_s=0.05)
    uefi = PxeClient(7)
    http = PxeClient(16, http_boot=True)
    bare_ipxe = PxeClient(7, ipxe=True, vendor_class="PXEClient")

    async def offer(client: PxeClient) -> DhcpAnswer:
        answer = await asyncio.to_thread(discover, lan, client)
        assert answer is not None
        return answer

    await supervisor.apply(wanted(a_lan(), DEBIAN_12, places))
    by_proxy, http_by_proxy = await offer(uefi), await offer(http)
    chained = await asyncio.to_thread(told, lan, bare_ipxe, full=False)
    second = await asyncio.to_thread(ask_boot_server, lan, uefi)
    await supervisor.apply(wanted(a_full_lan(gateway=None, dns=()), DEBIAN_12, places))
    by_full, http_by_full = await offer(uefi), await offer(http)
    await supervisor.stop()

    # UEFI: no file yet, but our address, or the firmware would not come back on port 4011.
    assert (by_proxy.boot_file, by_proxy.next_server) == ("", "10.77.0.2")
    assert second.boot_file == "ipxe.efi"
    # UEFI HTTP Boot: its own vendor class must come back, in both modes.
    assert http_by_proxy.options[VENDOR_CLASS] == b"HTTPClient"
    assert http_by_full.options[VENDOR_CLASS] == b"HTTPClient"
    # iPXE loaded by another program sends "PXEClient" and no architecture in it.
    assert chained == Told("10.77.0.2", "http://10.77.0.2:8000/boot/boot.ipxe", Via.OFFER)
    # Without a gateway we do not become one; without DNS servers none is named.
    assert not {ROUTER, DNS} & set(by_full.options)
