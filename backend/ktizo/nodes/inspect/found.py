"""What an inspection found: plain, frozen values. Texts are short and printable."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoundVolume:
    """A partition, a file system on a whole disk, or one on what lies on top (LVM, RAID)."""

    name: str  # sda1
    filesystem: str  # as Talos's block discovery names it; empty: nothing known
    label: str
    partition_label: str
    size_bytes: int
    partition_type: str = ""  # GPT type, lower case


@dataclass(frozen=True, slots=True)
class FoundDisk:
    """A disk. `install_disk`: what pins it (`wwid:...`, `serial:...`); None: nothing can."""

    name: str  # /dev/sda
    size_bytes: int
    model: str = ""
    serial: str = ""
    wwid: str = ""
    transport: str = ""  # nvme, sata, usb, virtio; empty: Talos cannot select it by a mark
    rotational: bool = False
    readonly: bool = False
    symlinks: tuple[str, ...] = ()  # /dev/disk/by-id/...
    volumes: tuple[FoundVolume, ...] = ()
    unread_partitions: bool = False  # the kernel sees partitions and Talos reads none (MBR)
    install_disk: str | None = None
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundCard:
    """A physical network card. `mac` is the one it was made with, `current` the one it uses."""

    name: str
    mac: str
    up: bool
    speed_mbit: int | None
    driver: str
    current: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One machine. Empty texts and zeros: it did not say (a board without DMI)."""

    pin: str  # base64 SHA-256 of the key it showed
    talos_version: str
    manufacturer: str
    product: str
    serial: str
    uuid: str
    cpus: tuple[str, ...]
    cores: int
    memory_mib: int
    cards: tuple[FoundCard, ...]
    disks: tuple[FoundDisk, ...]
    system_disk: str  # /dev/sda where Talos is installed; empty: nowhere
    warnings: tuple[str, ...] = ()

    @property
    def macs(self) -> frozenset[str]:
        """Every MAC of its cards."""
        return frozenset(mac for card in self.cards for mac in (card.mac, card.current) if mac)
