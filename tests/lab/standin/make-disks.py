"""Write disk-bios.img and disk-uefi.img: each says on the console that it was booted.

usage: make-disks.py CACHE    (CACHE/loaders holds ipxe.efi and ipxe-arm64.efi)
"""

import subprocess
import sys
from pathlib import Path

BOOTED = "LOCAL-DISK booted"

# 16-bit code at 0x7C00: print the string at SI with BIOS teletype (INT 10h, AH=0Eh), then halt.
BEFORE_ADDRESS = bytes.fromhex("fc 31c0 8ed8 be")  # cld; xor ax,ax; mov ds,ax; mov si, <imm16>
AFTER_ADDRESS = bytes.fromhex("ac 08c0 7409 b40e bb0700 cd10 ebf2 f4 ebfd")
# One active partition (80h, type 83h, LBA 1): some BIOSes boot only a disk that has one.
PARTITION = bytes.fromhex("80 010100 83 010101 00000000 01000000")

LOADERS = {"ipxe.efi": "BOOTX64.EFI", "ipxe-arm64.efi": "BOOTAA64.EFI"}


def bios_disk() -> bytes:
    """Return 1 MiB with an MBR that prints `BOOTED`."""
    code_size = len(BEFORE_ADDRESS) + 2 + len(AFTER_ADDRESS)
    text_address = (0x7C00 + code_size).to_bytes(2, "little")
    text = f"\r\n{BOOTED}\r\n\0".encode("ascii")
    disk = bytearray(1 << 20)
    program = BEFORE_ADDRESS + text_address + AFTER_ADDRESS + text
    disk[: len(program)] = program
    disk[446:462] = PARTITION
    disk[510:512] = b"\x55\xaa"
    return bytes(disk)


def write_uefi_disk(image: Path, loaders: Path) -> None:
    """Write a FAT file system with iPXE as its removable-media loader and a script that says so."""
    script = image.with_suffix(".ipxe")
    script.write_text(f"#!ipxe\necho {BOOTED}\npoweroff || shell\n")
    with image.open("wb") as disk:
        disk.truncate(48 << 20)
    mcopy = ["mcopy", "-i", str(image)]
    subprocess.run(["mkfs.vfat", "-F", "32", str(image)], check=True)
    subprocess.run(["mmd", "-i", str(image), "::EFI", "::EFI/BOOT"], check=True)
    for loader, name in LOADERS.items():
        subprocess.run([*mcopy, str(loaders / loader), f"::EFI/BOOT/{name}"], check=True)
    # iPXE of Debian 13 runs autoexec.ipxe from the folder it was started from.
    subprocess.run([*mcopy, str(script), "::EFI/BOOT/autoexec.ipxe"], check=True)
    script.unlink()


def main() -> None:
    """Write both disks; the UEFI one last, because its date says whether they are fresh."""
    cache = Path(sys.argv[1])
    (cache / "disk-bios.img").write_bytes(bios_disk())
    write_uefi_disk(cache / "disk-uefi.img", cache / "loaders")


if __name__ == "__main__":
    main()
