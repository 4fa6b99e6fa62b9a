"""The kernel's command line as Talos reads it (talos.md §8)."""

from dataclasses import dataclass

PROTECTION = ("slab_nomerge", "pti=on")  # without them Talos stops and reboots (pkg/kernel/kspp)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What Talos takes from its command line; empty texts stand for what is not there."""

    is_talos: bool
    protected: bool
    config_url: str
    event_sink: str  # host:port
    kernel_log: str  # tcp://host:port or udp://host:port
    halt_if_installed: bool


def read(cmdline: str) -> CommandLine:
    """Read a command line; of an argument given twice the last counts, as in Talos's `First`."""
    words = cmdline.split()
    values = dict(word.partition("=")[::2] for word in words)
    config = values.get("talos.config", "")
    return CommandLine(
        is_talos="talos.platform" in values,
        protected=all(word in words for word in PROTECTION),
        config_url="" if config == "none" else config,
        event_sink=values.get("talos.events.sink", ""),
        kernel_log=values.get("talos.logging.kernel", ""),
        halt_if_installed=values.get("talos.halt_if_installed", "") == "1",
    )
