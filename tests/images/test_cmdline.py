"""The command line of a network boot of Talos."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.factory_double import LINE
from ktizo.core.cmdline import KERNEL_BYTES, CommandLineRefused
from ktizo.images.cmdline import LastingSecret, command_line, lasting_secret

CONFIG = "talos.config=http://10.0.0.1:8000/boot/configs/7~3~c2ln/config.yaml"


def test_the_builds_own_line_comes_first_and_what_the_machine_needs_after_it():
    assert command_line(LINE + "\n", ["console=ttyS0", CONFIG]) == f"{LINE} console=ttyS0 {CONFIG}"


def test_the_same_argument_is_not_repeated():
    assert command_line(LINE, ["console=tty0", "pti=on"]) == LINE


def test_of_talos_own_arguments_the_machines_takes_the_place_of_the_builds():
    of_build = f"{LINE} talos.hostname=build talos.environment=A=1"
    line = command_line(of_build, ["talos.hostname=n1", "talos.environment=B=2"])
    assert line == f"{LINE} talos.environment=A=1 talos.hostname=n1 talos.environment=B=2"


def test_an_argument_can_be_taken_away_as_in_a_schematic():
    line = command_line(LINE, ["-console", "console=ttyS1"])
    assert line == LINE.replace(" console=tty0", "") + " console=ttyS1"


@pytest.mark.parametrize("needed", ["talos.platform=metal", "slab_nomerge", "pti=on"])
def test_what_talos_insists_on_is_there_or_the_line_is_refused(needed: str):
    with pytest.raises(CommandLineRefused, match=needed):
        command_line(LINE.replace(needed, ""))
    with pytest.raises(CommandLineRefused, match=needed):
        command_line(LINE, [f"-{needed.partition('=')[0]}"])


@pytest.mark.parametrize("extra", ["slab_nomerge=1", "pti=off", "talos.platform=aws"])
def test_what_talos_insists_on_cannot_be_changed(extra: str):
    with pytest.raises(CommandLineRefused):
        command_line(LINE, [extra])


def test_a_file_of_another_kind_is_no_command_line():
    for text in ("", "<html>", "talos.platform=aws slab_nomerge pti=on", f"{LINE}\n{LINE}"):
        with pytest.raises(CommandLineRefused):
            command_line(text)


@pytest.mark.parametrize("extra", ["a b", "", " a", "a\n", "${x}", "||", "#x", "x\\", "é"])
def test_what_ipxe_would_change_is_refused(extra: str):
    with pytest.raises(CommandLineRefused):
        command_line(LINE, [extra])


def test_the_line_is_as_long_as_the_kernel_reads_and_no_longer():
    room = KERNEL_BYTES - len("kernel ") - len("initrd=initrd00 ") - len(LINE) - 1
    assert len(command_line(LINE, ["x" * room])) == len(LINE) + 1 + room
    with pytest.raises(CommandLineRefused, match="the kernel reads"):
        command_line(LINE, ["x" * (room + 1)])


@pytest.mark.parametrize(
    "argument",
    [
        "talos.config.inline=KLUv/QBY",
        "talos.config.early=KLUv/QBY",
        "talos.config.oauth.client_secret=hunter2",
        "siderolink.api=grpc://omni.lan?jointoken=abc",
        "talos.config=http://me:hunter2@10.0.0.1/config.yaml",
        "talos.config=http://me@10.0.0.1/config.yaml",
        "talos.config=https://10.0.0.1/config.yaml?uuid=${uuid}&token=abc",
        "talos.config=http://[::1",
        "talos.environment=https_proxy=http://me:hunter2@proxy:3128",
        "inst.password=hunter2",
        "my.API_KEY=abc",
    ],
)
def test_what_still_opens_something_tomorrow_is_not_on_the_line(argument: str):
    with pytest.raises(LastingSecret) as caught:
        command_line(LINE, [argument])
    assert "hunter2" not in caught.value.message
    with pytest.raises(LastingSecret):
        command_line(f"{LINE} {argument}")  # nor by way of the schematic


@pytest.mark.parametrize(
    "argument",
    [
        CONFIG,
        "talos.config=none",
        "siderolink.api=grpc://omni.lan",
        "talos.environment=https_proxy=http://proxy:3128",
        "talos.config=http://10.0.0.1/c?mac=52:54:00:aa:bb:cc&token=",
        "rd.luks.name=secret-disk",
        "crypto.password",
    ],
)
def test_what_is_worth_nothing_tomorrow_may_be(argument: str):
    assert lasting_secret(argument) is None
    assert command_line(LINE, [argument]).endswith(argument)


@given(st.lists(st.text(max_size=40), max_size=4))
def test_whatever_comes_out_is_one_line_talos_starts_with(extra: list[str]):
    try:
        line = command_line(LINE, extra)
    except CommandLineRefused:
        return
    assert line.isascii()
    assert line.isprintable()
    assert {"talos.platform=metal", "slab_nomerge", "pti=on"} <= set(line.split(" "))
    assert len(line) <= KERNEL_BYTES
