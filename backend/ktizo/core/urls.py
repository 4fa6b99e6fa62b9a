"""The paths machines use. One table, so that what is advertised and what is served agree."""

# A file machines ask for. It stands in URLs, in iPXE scripts and in `initrd=`, so it needs no
# quoting.
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$"

BOOT_PREFIX = "/boot/"
DOOR_PREFIX = "/boot/at/"
BOOT_SCRIPT = "/boot/boot.ipxe"
MENU = "/boot/menu.ipxe"


# Behind a nonce in place of a token: Ktizo's own question whether its public address leads here.
REACHED = "/boot/reached"


def door(token: str) -> str:
    """Return where the boot path of one rented server begins; every machine path follows it."""
    return f"{DOOR_PREFIX}{token}"


def profile_script(profile: str) -> str:
    """Return the path of a profile's own script."""
    return f"/boot/{profile}.ipxe"


def asset(profile: str, file: str) -> str:
    """Return the path of a kernel, initrd or other file of a profile."""
    return f"/boot/assets/{profile}/{file}"


def image(schematic: str, version: str, file: str) -> str:
    """Return the path of a file of the mirror: one build's kernel, initramfs and so on."""
    return f"/boot/images/{schematic}/{version}/{file}"


def loader(file: str) -> str:
    """Return the path of a loader, for UEFI HTTP Boot."""
    return f"/boot/loaders/{file}"


def config(token: str, file: str) -> str:
    """Return the path of a machine's own installer config."""
    return f"/boot/configs/{token}/{file}"


def done(token: str) -> str:
    """Return the path a machine calls to prove that it runs."""
    return f"/boot/done/{token}"
