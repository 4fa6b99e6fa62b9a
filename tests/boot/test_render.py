"""Every script there is, whole, and that nothing a machine says can become a command."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration import ipxe
from ktizo.boot import render
from ktizo.boot.decide import REASONS, Rule
from ktizo.devices.identity import Claim

GOLDEN = Path(__file__).parents[1] / "golden" / "ipxe"
# `make golden` writes them anew; read the diff.
WRITE = os.environ.get("KTIZO_WRITE_GOLDEN")  # noqa: TID251 - a setting of the tests, not ours

BASE, VERSION = "http://10.77.0.2:8000", "0.0.0"
MACHINE = "edge-1 (52:54:00:aa:bb:cc)"
ITEMS = (
    render.MenuItem("debian", "Debian (preseed) - debian"),
    render.MenuItem("talos-worker", "Talos worker - talos-worker"),
)
HANDOVERS = {
    "sanboot": render.handover_command("sanboot", "bios"),
    "exit": render.handover_command("exit", "bios"),
    "exit-1": render.handover_command("exit", "uefi"),
}


def linux(handover: str, *initrds: str) -> render.LinuxScript:
    names = "".join(f"initrd=initrd{number} " for number in range(len(initrds)))
    return render.LinuxScript(
        machine=MACHINE,
        profile="debian",
        title="Debian (preseed) (debian)",
        kernel=f"{BASE}/boot/assets/debian/linux",
        cmdline=f"{names}auto=true url={BASE}/boot/configs/7~3~c2ln/preseed.cfg --- quiet",
        initrds=tuple(f"{BASE}/boot/assets/debian/{name}" for name in initrds),
        handover=handover,
        version=VERSION,
    )


def kinds(handover: str) -> dict[str, render.Script]:
    hold = render.HoldScript(BASE, MACHINE, "Acme X1 serial SN-1", "ABC-DEF", handover)
    return {
        "disk": render.DiskScript(
            Rule.NO_LEASE, REASONS[Rule.NO_LEASE], MACHINE, handover, VERSION
        ),
        "hold": render.HoldScript(**{**vars(hold), "version": VERSION}),
        "hold-chosen": render.HoldScript(**{**vars(hold), "again": "wait", "version": VERSION}),
        "menu": render.MenuScript(BASE, MACHINE, ITEMS, False, handover, version=VERSION),
        "menu-empty": render.MenuScript(BASE, MACHINE, (), False, handover, version=VERSION),
        "menu-unknown": render.MenuScript(BASE, MACHINE, (), True, handover, version=VERSION),
        "linux": linux(handover, "initrd.gz"),
        "linux-bare": linux(handover),
        "linux-two-initrds": linux(handover, "initrd.gz", "firmware.cpio"),
    }


SCRIPTS: dict[str, render.Script] = {
    "boot.ipxe": render.BootScript(BASE, version=VERSION),
    "boot-chosen.ipxe": render.BootScript(BASE, choice="debian", version=VERSION),
} | {
    f"{kind}-{name}.ipxe": script
    for name, command in HANDOVERS.items()
    for kind, script in kinds(command).items()
}
CASES = {name: render.script(script) for name, script in SCRIPTS.items()} | {
    "last-resort.ipxe": render.LAST_RESORT.decode()
}


@pytest.mark.parametrize("name", CASES)
def test_the_whole_golden_script_is_as_written_down(name: str):
    if WRITE:
        GOLDEN.mkdir(parents=True, exist_ok=True)
        (GOLDEN / name).write_text(CASES[name])
    assert CASES[name] == (GOLDEN / name).read_text()


def test_every_golden_script_is_compared():
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_every_script_reads_as_ipxe_reads_it_and_ends_on_the_disk(name: str):
    ipxe.commands(CASES[name])
    assert ipxe.ends_on_disk(CASES[name])
    assert ipxe.loads_a_kernel(CASES[name]) is name.startswith("linux")


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("linux")])
def test_the_command_line_is_given_once_and_each_failure_has_its_branch(name: str):
    text = CASES[name]
    assert text.count("\nkernel ") == 1
    assert "imgargs" not in text, "a second one would replace the first"
    for line in text.splitlines():
        if line.startswith(("kernel", "initrd", "boot")):
            assert line.endswith(" || goto failed"), line


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("menu")])
def test_every_label_a_menu_jumps_to_is_there_once(name: str):
    lines = CASES[name].splitlines()
    labels = [line[1:] for line in lines if line.startswith(":")]
    assert len(labels) == len(set(labels))
    items = [line.split()[1] for line in lines if line.startswith("item ")]
    assert set(items) <= set(labels)
    for line in lines:
        if line.endswith("|| goto local"):
            assert "local" in labels


def test_a_menu_shows_a_profile_called_like_one_of_its_own_entries_apart():
    """Entries of profiles have a prefix, so that `wait` or `local` cannot be taken over."""
    items = tuple(render.MenuItem(name, name) for name in ("local", "wait", "top", "disk"))
    text = render.script(render.MenuScript(BASE, MACHINE, items, False, "exit 1"))
    labels = [line for line in text.splitlines() if line.startswith(":")]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize(
    ("handover", "firmware", "line"),
    [
        ("sanboot", "bios", "sanboot --no-describe --drive 0x80 || exit 1"),
        ("sanboot", "uefi", "sanboot --no-describe --drive 0x80 || exit 1"),
        ("sanboot", None, "sanboot --no-describe --drive 0x80 || exit 1"),
        ("exit", "bios", "exit"),
        ("exit", "uefi", "exit 1"),
        ("exit", None, "exit 1"),
        ("http_404", "bios", "exit 1"),
        ("http_404", "uefi", "exit 1"),
        ("nonsense", "bios", "exit 1"),
    ],
)
def test_a_bare_exit_is_only_ever_told_to_a_bios(handover: str, firmware: str | None, line: str):
    assert render.handover_command(handover, firmware) == line


@given(st.text(max_size=300))
def test_free_text_never_holds_anything_ipxe_could_act_on(text: str):
    shown = render.plain(text)
    assert len(shown) == len(text)
    assert not set(shown) & set("${}|&;#\"'\\\n\r\t\0`<>!*")
    assert shown.isascii()


@given(
    vendor=st.text(max_size=128),
    product=st.text(max_size=128),
    serial=st.text(max_size=128),
    hostname=st.none() | st.text(max_size=63),
)
def test_no_words_of_a_machine_add_a_command_to_its_script(
    vendor: str, product: str, serial: str, hostname: str | None
):
    claim = Claim("52:54:00:aa:bb:cc", vendor=vendor, product=product, serial=serial)
    name, make = render.machine_name(claim, hostname), render.product_name(claim)
    hold = render.script(render.HoldScript(BASE, name, make, "ABC-DEF", "exit 1"))
    plain = render.script(render.HoldScript(BASE, "m", "p", "ABC-DEF", "exit 1"))
    assert [words[0] for words in ipxe.commands(hold)] == [w[0] for w in ipxe.commands(plain)]
    disk = render.script(render.DiskScript(Rule.UNKNOWN, render.plain(serial), name, "exit 1"))
    assert ipxe.read_disk(disk) is not None


def test_the_last_resort_needs_nothing_and_boots_the_disk():
    assert render.LAST_RESORT.startswith(b"#!ipxe\n")
    assert ipxe.ends_on_disk(render.LAST_RESORT.decode())


@pytest.mark.parametrize("rule", Rule)
def test_every_reason_can_be_shown_on_a_console(rule: Rule):
    told = ipxe.read_disk(
        render.script(render.DiskScript(rule, render.plain(REASONS[rule]), MACHINE, "exit 1"))
    )
    assert told is not None
    assert told.rule == rule
    assert len(told.reason) < 90, "an 80 column console wraps once at most"
