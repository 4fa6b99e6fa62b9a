"""A cluster made entirely offline: imported images boot a real machine into its own config.

The kernel and initrd are the stand-in's; everything around them is what a real build has.
"""

import hashlib
import re
from dataclasses import dataclass

import pytest

from . import office
from .appliance import ADDRESS, PORT, Appliance
from .machine import LOCAL_DISK_BOOTED, VirtualMachine
from .office import QUIET, Boot
from .site import OpenSite, Site
from .supplies import CACHE

NEEDS = ("loaders", "standin-amd64", "disks")

BASE = f"http://{ADDRESS}:{PORT}"
VERSION = "v1.12.11"
SCHEMATIC = "a" * 64
IMAGES = f"/boot/images/{SCHEMATIC}/{VERSION}"
LINE = f"talos.platform=metal console=tty0 slab_nomerge pti=on {QUIET}"
FORBIDDEN = 403


@dataclass(frozen=True)
class Story:
    """What one machine, and everybody who wanted its config, went through."""

    site: Site
    machine: VirtualMachine
    device: office.Device
    config: str  # what the operator was shown
    url: str
    others: dict[str, int]  # who asked for the config -> status
    first: Boot
    second: Boot


def import_images(ktizo: Appliance) -> None:
    """Lay a build into data/import, as from a USB stick, and take it into the mirror."""
    folder = ktizo.data / "import" / "stick"
    folder.mkdir(parents=True)
    files = {
        "kernel-amd64": (CACHE / "vmlinuz-amd64").read_bytes(),
        "initramfs-amd64.xz": (CACHE / "initrd-amd64.img").read_bytes(),
        "cmdline-metal-amd64": LINE.encode(),
    }
    sums = []
    for name, content in files.items():
        (folder / name).write_bytes(content)
        sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    (folder / "SHA256SUMS").write_text("".join(sums))
    body = {"path": "stick", "schematic": SCHEMATIC, "version": VERSION}
    taken = ktizo.api("POST", "images/mirror/import", body)
    assert (len(taken["imported"]), taken["refused"]) == (len(files), [])


def make_cluster(ktizo: Appliance) -> None:
    """Make a cluster of the imported build."""
    ktizo.api(
        "POST",
        "clusters",
        {
            "name": "offline",
            "endpoint": "https://10.0.0.10:6443",
            "talos_version": VERSION,
            "schematic": SCHEMATIC,
            "install_disk": "/dev/sda",
        },
    )


@pytest.fixture(scope="module")
def story(sites: OpenSite) -> Story:
    site = sites()
    ktizo = site.ktizo
    import_images(ktizo)
    make_cluster(ktizo)
    machine = site.machine("bios")
    device = office.register(ktizo, machine, hostname="cp-1")
    body = {"role": "controlplane", "cluster": "offline"}
    ktizo.api("POST", f"devices/{device['id']}/approve", body)
    others: dict[str, int] = {}

    def ask(who: str, path: str) -> None:
        others[who] = ktizo.ask_as_machine("GET", path).status_code

    with machine:
        machine.wait("STANDIN bye")
        machine.console.wait_for_end(timeout_s=20)
        said = re.search(r"STANDIN config sha256=\w+ url=(\S+)", machine.consoles[0].text)
        assert said is not None
        path = said[1].removeprefix(BASE)
        dashed = machine.mac.replace(":", "-")
        ask("a second machine with the copied ticket", path)
        ask("a guess by MAC", f"/boot/configs/{dashed}/config.yaml")
        ask("a guess by MAC in the query", f"/boot/configs/config.yaml?mac={machine.mac}")
        ask("another machine's number", path.replace("/configs/", "/configs/1"))
        ticket = {"reason": "compare with the console"}
        where = f"clusters/devices/{device['id']}/preview"
        config = ktizo.api("POST", where, None, **ticket)["config"]
        first = office.wait_for_boot(ktizo, device, {"config_sent"})
        ktizo.api("POST", f"devices/{device['id']}/ran")  # until Ktizo asks the node itself
        ask("a replay after the lease", path)
        machine.power_cycle()
        machine.wait(LOCAL_DISK_BOOTED)
    second = office.wait_for_boot(ktizo, device, {"decided"}, after=first)
    return Story(site, machine, device, config, path, others, first, second)


def test_the_machine_booted_the_imported_build_with_its_command_line(story: Story) -> None:
    said = re.search(r"STANDIN cmdline (.*)", story.machine.consoles[0].text)
    assert said is not None
    wanted = {*LINE.split(), "console=ttyS0", f"talos.config={BASE}{story.url}"}
    assert wanted <= set(said[1].split())
    sent = [story.first.first(kind)["data"] for kind in ("kernel_sent", "initrd_sent")]
    assert [one["build"] for one in sent] == [f"{SCHEMATIC}/{VERSION}"] * 2
    assert [one["file"] for one in sent] == ["kernel-amd64", "initramfs-amd64.xz"]


def test_it_got_byte_for_byte_the_config_the_operator_saw(story: Story) -> None:
    said = re.search(r"STANDIN config sha256=(\w+)", story.machine.consoles[0].text)
    assert said is not None
    assert said[1] == hashlib.sha256(story.config.encode()).hexdigest()
    assert f"metal-installer/{SCHEMATIC}:{VERSION}" in story.config
    assert "cp-1" in story.config


def test_everybody_else_was_refused_and_it_is_in_the_audit(story: Story) -> None:
    assert story.others == dict.fromkeys(story.others, FORBIDDEN)
    assert len(story.others) == 5
    found = story.site.ktizo.api("GET", "audit", action="config", limit="100")["entries"]
    refused = {one["outcome"] for one in found} - {"sent"}
    assert refused == {"no valid ticket", "another address used this ticket first"}


def test_its_next_boot_was_its_own_disk(story: Story) -> None:
    assert story.second.decisions == [("local_disk", "already_installed")]
    written = story.site.ktizo.compiled / "talos" / "configs"
    names = [path.name for path in written.glob("*.yaml")]
    assert len(names) <= 1
