"""The kernel command line, as iPXE and the kernel carry it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boot.samples import BASE, FACTS, facts, profile
from ktizo.boot.cmdline import command_line
from ktizo.boot.profiles import talos
from ktizo.boot.sinks import Sinks
from ktizo.core.cmdline import KERNEL_BYTES, CommandLineRefused
from ktizo.core.errors import Invalid
from ktizo.core.templates import TemplateRefused, ValueMissing

TALOS = (
    "talos.platform=metal console=tty0 console=ttyS0 init_on_alloc=1 slab_nomerge pti=on"
    " consoleblank=0 nvme_core.io_timeout=4294967295 printk.devkmsg=on selinux=1"
    f" module.sig_enforce=1 talos.config={BASE}/boot/configs/7~3~c2ln/config"
)


@pytest.mark.parametrize(
    ("type_", "parameters", "expected"),
    [
        ("talos_controlplane", {}, TALOS),
        ("talos_worker", {"console": "ttyS1"}, TALOS.replace("ttyS0", "ttyS1")),
        (
            "debian_preseed",
            {"domain": "lab.example"},
            f"auto=true priority=critical url={BASE}/boot/configs/7~3~c2ln/config interface=auto"
            " BOOTIF=01-52-54-00-aa-bb-cc hostname=edge-1 domain=lab.example",
        ),
        (
            "ubuntu_autoinstall",
            {},
            f"ip=dhcp url={BASE}/boot/assets/sample/ubuntu-24.04-live-server-amd64.iso"
            " cloud-config-url=/dev/null autoinstall"
            f" ds=nocloud-net;s={BASE}/boot/configs/7~3~c2ln/",
        ),
        (
            "kickstart",
            {"repo": "http://10.77.0.9/fedora/"},
            f"inst.ks={BASE}/boot/configs/7~3~c2ln/config inst.repo=http://10.77.0.9/fedora/"
            " ip=dhcp BOOTIF=01-52-54-00-aa-bb-cc",
        ),
        (
            "rescue",
            {},
            "rescue/enable=true interface=auto BOOTIF=01-52-54-00-aa-bb-cc hostname=edge-1",
        ),
        ("custom", {}, ""),
    ],
)
def test_every_type_starts_with_a_command_line_that_works(
    type_: str, parameters: dict[str, str], expected: str
):
    assert command_line(profile(type_), parameters, FACTS) == expected


def test_a_machines_parameters_win_over_its_profiles():
    both = profile(cmdline="disk={{ parameters.disk }}", parameters={"disk": "/dev/sda"})
    assert command_line(both, {}, FACTS) == "disk=/dev/sda"
    assert command_line(both, {"disk": "/dev/vda"}, FACTS) == "disk=/dev/vda"


def test_blanks_are_as_ipxe_leaves_them():
    assert command_line(profile(cmdline=" quiet   splash \n"), {}, FACTS) == "quiet splash"


@pytest.mark.parametrize(
    ("cmdline", "reason"),
    [
        ("quiet\nchain http://evil/", "must be one line of plain ASCII"),
        ("quiet\r", None),
        ("quiet\tsplash", "must be one line of plain ASCII"),
        ("quiet \x00", "must be one line of plain ASCII"),
        ("hostname=münchen", "must be one line of plain ASCII"),
        ("mac=${net0/mac}", "holds ${, which iPXE would expand"),
        ("quiet || shell", "holds ||, && or ; standing alone"),
        ("quiet && shell", "holds ||, && or ; standing alone"),
        ("quiet ; shell", "holds ||, && or ; standing alone"),
        ("quiet #splash", "begins with #"),
        ("quiet \\", "ends with a backslash"),
        ('dyndbg="file a', 'has a " that is not closed'),
        ('dyndbg="file  a"', "has two blanks inside quotes"),
        ("initrd=initrd.gz", "names initrd= itself"),
    ],
)
def test_what_ipxe_or_the_kernel_would_change_is_refused(cmdline: str, reason: str | None):
    if reason is None:
        assert command_line(profile(cmdline=cmdline), {}, FACTS) == "quiet"
        return
    with pytest.raises(CommandLineRefused, match="the command line ") as caught:
        command_line(profile(cmdline=cmdline), {}, FACTS)
    assert reason in caught.value.message


@pytest.mark.parametrize(
    "cmdline",
    [
        "ds=nocloud-net;s=http://10.0.0.1/",
        'dyndbg="file drivers/usb/* +p"',
        "a||b c&&d e#f",
        "path=C:\\x\\ y",
        "price=5$ {x}",
        "-- --- -x",
    ],
)
def test_what_ipxe_passes_on_untouched_is_taken(cmdline: str):
    assert command_line(profile(cmdline=cmdline), {}, FACTS) == cmdline


def test_a_value_cannot_add_a_line():
    wanted = profile(cmdline="x={{ parameters.x }}", parameters={"x": "1\nimgfree"})
    with pytest.raises(CommandLineRefused):
        command_line(wanted, {}, FACTS)


def test_a_machines_own_serial_stays_one_argument():
    wanted = profile(cmdline="serial={{ serial }}")
    assert command_line(wanted, {}, FACTS) == "serial=SN%200000%23A"
    odd = facts(serial="a || sanboot\n${x}")
    assert command_line(wanted, {}, odd) == "serial=a%20%7C%7C%20sanboot%3F%24%7Bx%7D"


def test_a_command_line_is_as_long_as_the_kernel_reads_and_no_longer():
    room = KERNEL_BYTES - len("kernel ") - 2 * len("initrd=initrd00 ")
    two = {"kernel": "linux", "initrds": ("a.gz", "b.gz")}
    assert len(command_line(profile(cmdline="x" * room, **two), {}, FACTS)) == room
    with pytest.raises(CommandLineRefused, match="bytes; the kernel reads"):
        command_line(profile(cmdline="x" * (room + 1), **two), {}, FACTS)


def test_a_missing_parameter_and_a_wrong_template_name_the_command_line():
    with pytest.raises(ValueMissing, match="command line, line 1: parameter 'ip' is not given"):
        command_line(profile(cmdline="ip={{ parameters.ip }}"), {}, FACTS)
    with pytest.raises(TemplateRefused, match="command line, line 1"):
        command_line(profile(cmdline="ip={{ ip"), {}, FACTS)


def as_ipxe(line: str) -> list[str]:
    """Split the way iPXE does (core/exec.c): its arguments until something ends the command."""
    arguments = []
    for argument in line.split(" "):
        if argument in {"||", "&&", ";"} or argument.startswith("#"):
            break
        arguments.append(argument)
    return arguments


@given(st.text(max_size=80), st.text(max_size=40))
def test_whatever_comes_out_reaches_the_kernel_whole(cmdline: str, value: str):
    wanted = profile(cmdline=cmdline + " {{ parameters.x }}")
    try:
        line = command_line(wanted, {"x": value}, facts(serial=value))
    except Invalid:
        return
    assert line.isascii()
    assert line.isprintable()
    assert "${" not in line
    assert " ".join(as_ipxe(line)) == line
    assert not line.endswith("\\")


SINKS = ("talos.events.sink=10.77.0.2:8081", "talos.logging.kernel=tcp://10.77.0.2:8082")


def test_a_talos_machine_says_where_it_stands_from_its_first_second():
    assert Sinks(8081, 8082).arguments(BASE) == SINKS
    line = command_line(profile("talos_worker"), {}, FACTS, sinks=SINKS)
    assert line == f"{TALOS} {' '.join(SINKS)}"
    of_build = command_line(profile("talos_worker"), {}, FACTS, talos.LINE, SINKS)
    assert set(SINKS) < set(of_build.split())


def test_the_sinks_can_be_taken_away_or_be_others():
    away = {"kernel_args": "-talos.events.sink -talos.logging.kernel"}
    other = {"kernel_args": "talos.events.sink=192.0.2.9:1"}
    own = profile("talos_worker", cmdline="slab_nomerge talos.events.sink=192.0.2.9:1")
    for of_build in (None, talos.LINE):
        line = command_line(profile("talos_worker"), away, FACTS, of_build, SINKS)
        assert "talos.events.sink" not in line
        assert "talos.logging.kernel" not in line
    line = command_line(profile("talos_worker"), other, FACTS, talos.LINE, SINKS)
    assert [one for one in line.split() if "events.sink" in one] == [
        "talos.events.sink=192.0.2.9:1"
    ]
    assert command_line(own, {}, FACTS, sinks=SINKS) == f"{own.cmdline} {SINKS[1]}"


def test_a_plain_release_boots_with_the_line_of_the_talos_profile():
    assert TALOS.rpartition(" ")[0] == talos.LINE
