"""What an OVHcloud server boots: a script of ours over the network, or its disk.

PUT /dedicated/server/{s} {"bootScript"} is the way since 2025; ipxeCustomerScript and
/me/ipxeScript are gone from the spec (OpenAPI 2025-10). The script stays for every boot until a
bootId is set, and the network stays first in the boot order (OVHcloud's boot guide, 2026-02).
"""

from http import HTTPMethod
from typing import Any

from ktizo.core.errors import KtizoError
from ktizo.providers import fields
from ktizo.providers.errors import OrderUnknown, Rejected
from ktizo.providers.http import Api
from ktizo.providers.ovh import ask

# A UEFI server starts its disk through OVHcloud's iPXE, by this path (Talos's). Not checked live.
TALOS_LOADER = r"\EFI\boot\bootx64.efi"


def script(boot_url: str) -> str:
    """Return an iPXE script that goes on at `boot_url`."""
    return f"#!ipxe\nchain {boot_url}\n"


async def set_script(api: Api, name: str, boot_url: str) -> None:
    """Let every boot of a server run our script."""
    if any(not one.isprintable() or one.isspace() for one in boot_url):
        raise Rejected("the boot URL has blanks or line breaks")
    await _put(api, name, {"bootScript": script(boot_url)}, boot_url)


async def set_disk(api: Api, name: str) -> None:
    """Let every boot of a server go to its disk; OVHcloud then forgets the script."""
    found = await ask.ids(api, ask.path("dedicated", "server", name, "boot"), bootType="harddisk")
    number = next((one for one in found if one.isdecimal()), "")
    if not number:
        raise Rejected(f"OVHcloud offers no boot from disk for {name}: set it in its manager")
    body: dict[str, Any] = {"bootId": int(number), "efiBootloaderPath": TALOS_LOADER}
    await _put(api, name, body)


async def reboot(api: Api, name: str) -> str:
    """Reset a server hard; returns the task, as OVHcloud names it. 409: another task runs."""
    answer = await api.order(HTTPMethod.POST, ask.path("dedicated", "server", name, "reboot"))
    try:
        task = answer.json()
    except KtizoError:
        task = None  # it was taken; what its task is called matters little
    told = (fields.text(task, "function"), fields.text(task, "status"))
    return " ".join(filter(None, told)) or "reboot"


async def into_script(api: Api, name: str, boot_url: str) -> str:
    """Boot a server from our script now. A refused reboot leaves no script behind."""
    where = ask.path("dedicated", "server", name)
    before = fields.text((await api.get(where)).json(), "bootId")
    await set_script(api, name, boot_url)
    try:
        return await reboot(api, name)
    except OrderUnknown:
        raise
    except KtizoError:
        if before.isdecimal():
            await ask.tried(_put(api, name, {"bootId": int(before)}))
        raise


async def _put(api: Api, name: str, body: dict[str, Any], *hidden: str) -> None:
    where = ask.path("dedicated", "server", name)
    await api.send(HTTPMethod.PUT, where, json=body, hidden=hidden)
