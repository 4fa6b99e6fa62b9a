"""The interpreter of iPXE scripts, against every script Ktizo can send."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ktizo.nodes.simulated import Hardware, script
from ktizo.nodes.simulated.board import CommandFailed, Ended, How, ScriptFault
from ktizo.nodes.simulated.ipxe_settings import setting

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parents[1] / "golden" / "ipxe"
SCRIPTS = sorted(path.name for path in GOLDEN.glob("*.ipxe"))
BASE = "http://10.77.0.2:8000"
HANDED_OVER = {
    "sanboot": Ended(How.EXIT, 1),  # no disk to boot: `|| exit 1`
    "exit-1": Ended(How.EXIT, 1),
    "exit": Ended(How.EXIT, 0),
}


@dataclass
class Board:
    """A machine of which only the answers are real."""

    hardware: Hardware = field(default_factory=Hardware)
    platform: str = "efi"
    disk: bool = False
    scripts: dict[str, str] = field(default_factory=dict)  # by path; others fail
    loads: bool = True
    presses: bool = False
    picks: str | None = None
    asked: list[str] = field(default_factory=list)
    waited_s: float = 0
    screen: list[str] = field(default_factory=list)

    def setting(self, name: str) -> str | None:
        return setting(self.hardware, self.platform, name)

    def show(self, text: str) -> None:
        self.screen.append(text)

    async def script(self, url: str, timeout_s: float) -> str:
        self.asked.append(url)
        path = url.removeprefix(BASE).partition("?")[0]
        if path not in self.scripts:
            raise CommandFailed(f"{url}: not found")
        return self.scripts[path]

    async def load(self, url: str) -> None:
        self.asked.append(url)
        if not self.loads:
            raise CommandFailed(f"{url}: not found")

    async def wait(self, seconds: float) -> None:
        self.waited_s += seconds

    async def key_pressed(self, timeout_s: float) -> bool:
        self.waited_s += 0 if self.presses else timeout_s
        return self.presses

    async def choose(self, items: tuple[str, ...], default: str, timeout_s: float) -> str | None:
        if self.picks is None:
            self.waited_s += timeout_s
        return self.picks or default

    def disk_boots(self) -> bool:
        return self.disk

    def is_64_bit(self) -> bool:
        return True


def golden(name: str) -> str:
    return (GOLDEN / name).read_text()


def handover_of(name: str) -> str:
    return next(way for way in HANDED_OVER if name.endswith(f"-{way}.ipxe"))


@pytest.mark.parametrize("name", SCRIPTS)
async def test_every_script_without_any_help_ends_on_the_local_disk(name: str):
    board = Board(disk=True, loads=False)
    ended = await script.run(board, golden(name))
    if name.endswith(("-exit.ipxe", "-exit-1.ipxe")):
        assert ended == HANDED_OVER[handover_of(name)]
    else:
        assert ended == Ended(How.DISK)
    assert any("local disk" in line for line in board.screen)


@pytest.mark.parametrize("name", [name for name in SCRIPTS if not name.startswith("boot")])
async def test_without_a_disk_every_script_ends_in_the_firmware(name: str):
    ended = await script.run(Board(loads=False), golden(name))
    expected = "sanboot" if name == "last-resort.ipxe" else handover_of(name)
    assert ended == HANDED_OVER[expected]


async def test_who_are_you_says_who_it_is_and_asks_three_times():
    board = Board(hardware=Hardware(macs=("52:54:00:00:00:01", "52:54:00:00:00:02")))
    ended = await script.run(board, golden("boot.ipxe"))
    assert ended == Ended(How.EXIT, 1)
    assert board.waited_s == 4
    assert len(board.asked) == 3
    fields = dict(pair.split("=") for pair in board.asked[0].partition("?")[2].split("&"))
    assert fields == {
        "mac": "52-54-00-00-00-01",
        "macs": "52-54-00-00-00-01,52-54-00-00-00-02,,",
        "uuid": "4c4c4544-0000-1000-8000-000000000001",
        "serial_hex": b"SIM0001".hex(),
        "vendor_hex": b"Dell Inc.".hex(),
        "product_hex": b"PowerEdge R650".hex(),
        "asset_hex": "",
        "arch": "x86_64",
        "platform": "efi",
    }


async def test_a_bios_build_finds_out_that_the_processor_has_64_bits():
    board = Board(platform="pcbios", disk=True)
    # A BIOS leaves with `exit`: the next boot device is the disk.
    assert await script.run(board, golden("boot-chosen.ipxe")) == Ended(How.EXIT, 1)
    assert board.asked[0].endswith("&arch=x86_64&platform=pcbios&choice=debian")


async def test_an_answer_takes_the_place_of_the_question():
    board = Board(scripts={"/boot/menu.ipxe": golden("linux-sanboot.ipxe")})
    ended = await script.run(board, golden("boot.ipxe"))
    assert ended.how is How.KERNEL
    assert board.waited_s == 0


async def test_an_answer_that_is_no_script_is_a_failed_command():
    board = Board(scripts={"/boot/menu.ipxe": "<html>"}, disk=True)
    assert await script.run(board, golden("boot.ipxe")) == Ended(How.DISK)
    assert len(board.asked) == 3


@pytest.mark.parametrize("initrds", ["", "initrd.gz", "initrd.gz firmware.cpio"])
async def test_a_kernel_starts_with_its_command_line_and_initrds(initrds: str):
    kind = {0: "linux-bare", 1: "linux", 2: "linux-two-initrds"}[len(initrds.split())]
    ended = await script.run(Board(), golden(f"{kind}-sanboot.ipxe"))
    assert ended.how is How.KERNEL
    assert ended.kernel is not None
    assert ended.kernel.url == f"{BASE}/boot/assets/debian/linux"
    assert ended.kernel.cmdline.endswith(f"url={BASE}/boot/configs/7~3~c2ln/preseed.cfg --- quiet")
    assert [url.rpartition("/")[2] for url in ended.kernel.initrds] == initrds.split()


async def test_a_held_machine_asks_again_until_the_answer_changes():
    answers = [golden("hold-sanboot.ipxe")] * 3 + [golden("linux-sanboot.ipxe")]

    class Deciding(Board):
        async def script(self, url: str, timeout_s: float) -> str:
            return golden("boot.ipxe") if url.endswith("/boot.ipxe") else answers.pop(0)

    board = Deciding()
    ended = await script.run(board, golden("boot.ipxe"))
    assert ended.how is How.KERNEL
    assert board.waited_s == 15
    assert [line for line in board.screen if "pairing code" in line] == ["pairing code ABC-DEF"] * 3


async def test_who_presses_escape_leaves_the_hold_for_the_disk():
    board = Board(presses=True, disk=True)
    assert await script.run(board, golden("hold-sanboot.ipxe")) == Ended(How.DISK)
    assert board.asked == []


@pytest.mark.parametrize(
    ("picks", "ends"),
    [
        (None, How.DISK),
        ("local", How.DISK),
        ("ktizo-reboot", How.REBOOT),
        ("ktizo-poweroff", How.POWER_OFF),
        ("p-debian", How.KERNEL),
    ],
)
async def test_a_menu_does_what_was_picked(picks: str | None, ends: How):
    scripts = {"/boot/debian.ipxe": golden("linux-sanboot.ipxe")}
    board = Board(picks=picks, disk=True, scripts=scripts)
    assert (await script.run(board, golden("menu-sanboot.ipxe"))).how is ends
    assert board.waited_s == (30 if picks is None else 0)


async def test_an_unknown_machine_s_menu_can_wait():
    scripts = {"/boot/wait.ipxe": golden("disk-sanboot.ipxe")}
    board = Board(picks="wait", disk=True, scripts=scripts)
    assert await script.run(board, golden("menu-unknown-sanboot.ipxe")) == Ended(How.DISK)
    assert board.asked == [f"{BASE}/boot/wait.ipxe"]
    assert board.waited_s == 5


@pytest.mark.parametrize(
    "line",
    [
        "wipe /dev/sda",
        "echo ${nobody-knows}",
        "chain http://10.77.0.2/x.ipxe",
        "chain --again --replace http://10.77.0.2/x.ipxe",
        "sanboot --no-describe --drive 0x81",
        "cpuid --ext 28",
        "choose --default nothing --timeout 1 chosen",
    ],
)
async def test_what_no_ipxe_understands_is_a_fault_and_not_passed_over(line: str):
    with pytest.raises(ScriptFault):
        await script.run(Board(), f"#!ipxe\n{line} ||\nexit\n")


async def test_an_initrd_the_command_line_names_must_have_been_loaded():
    text = "#!ipxe\nkernel http://a/k initrd=other\ninitrd --name initrd0 http://a/i\nboot\n"
    with pytest.raises(ScriptFault, match="other"):
        await script.run(Board(), text)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("isset x && echo a || echo b", ["a"]),
        ("iseq x y && echo a || echo b", ["b"]),
        ("iseq x y && echo a && echo b || echo c", ["c"]),
        ("iseq x y || echo a && echo b", ["a", "b"]),
        ("iseq x y ; echo a", ["a"]),
        ("iseq x y ||", []),
        ("isset ${asset:hexraw} || echo empty", ["empty"]),
    ],
)
async def test_a_line_is_read_as_ipxe_reads_it(line: str, shown: list[str]):
    board = Board()
    assert await script.run(board, f"#!ipxe\n{line}\nexit 7\n") == Ended(How.EXIT, 7)
    assert board.screen == shown


async def test_a_line_that_fails_ends_the_script():
    board = Board()
    assert await script.run(board, "#!ipxe\niseq a b\necho never\n") == Ended(How.EXIT, 1)
    assert not any("never" in line for line in board.screen)


def test_every_command_our_templates_use_is_tested_here():
    used: set[str] = set()
    for name in SCRIPTS:
        lines = [line for line in golden(name).splitlines() if not line.startswith(("#", ":"))]
        used |= {
            part.split()[0] for line in lines for part in re.split(r"&&|\|\|", line) if part.split()
        }
    known = {name.removeprefix("_do_") for name in dir(script._Reader) if name.startswith("_do_")}
    assert used == known
