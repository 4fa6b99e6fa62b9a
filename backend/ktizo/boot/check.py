"""Refusing a profile or an assignment while the operator still looks at it. Pure."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from ktizo.boot.cmdline import command_line
from ktizo.boot.configs import VARIABLES, ConfigFacts, config_file, config_names
from ktizo.boot.profile import TALOS, Profile
from ktizo.boot.profiles import KINDS
from ktizo.boot.sinks import Sinks
from ktizo.core.errors import Invalid
from ktizo.core.templates import ValueMissing, check_operator

_BASE = "http://192.168.100.100:8000"
_TICKET = "1000~1000~AAAAAAAAAAAAAAAAAAAAAA"

# A machine to try templates on; its texts are about as long as real ones.
SAMPLE = ConfigFacts(
    device_id=1000,
    hostname="sample-host-01",
    mac="52:54:00:aa:bb:cc",
    macs=("52:54:00:aa:bb:cc", "52:54:00:aa:bb:cd"),
    uuid="5f3c1d2e-0000-4000-8000-000000000000",
    serial="SAMPLE 0001",
    role="worker",
    tags=("sample",),
    profile="sample",
    base_url=_BASE,
    asset_base=f"{_BASE}/boot/assets/sample",
    config_base=f"{_BASE}/boot/configs/{_TICKET}",
    config_url=f"{_BASE}/boot/configs/{_TICKET}/config",
    done_url=f"{_BASE}/boot/done/{_TICKET}",
)


class ProfileRefused(Invalid):
    """The parts of a profile do not fit together."""


def check_profile(profile: Profile) -> None:
    """Refuse a profile that could never boot; raises with the line where a template is wrong.

    A parameter that is only asked for is no fault: assignments may give it.
    """
    for fault, wrong in _faults(profile):
        if wrong:
            raise ProfileRefused(fault)
    check_operator(profile.cmdline, VARIABLES, name="cmdline")
    check_operator(profile.config_template, VARIABLES, name="config_template")
    facts = replace(SAMPLE, profile=profile.name)
    with contextlib.suppress(ValueMissing):
        command_line(profile, {}, facts, sinks=_sinks(profile))
    with contextlib.suppress(ValueMissing):
        _try_config(profile, facts)


def check_assignment(profile: Profile, parameters: Mapping[str, str]) -> None:
    """Refuse parameters with which `profile` cannot be rendered, or that leave one open."""
    facts = replace(SAMPLE, profile=profile.name, parameters=parameters)
    command_line(profile, parameters, facts, sinks=_sinks(profile))
    _try_config(profile, facts)


def _sinks(profile: Profile) -> tuple[str, ...]:
    """Return what is added to the line of a Talos profile, as long as it can be."""
    return Sinks(65535, 65535).arguments(_BASE) if profile.type in TALOS else ()


def _try_config(profile: Profile, facts: ConfigFacts) -> None:
    names = config_names(profile, KINDS[profile.type])
    if names:
        config_file(profile, KINDS[profile.type], facts, names[0])


def _faults(profile: Profile) -> list[tuple[str, object]]:
    kind = KINDS[profile.type]
    files = [profile.kernel, *profile.initrds]
    asked_for = kind.config_file
    return [
        (
            f"{kind.type} boots no kernel: leave kernel, initrds, cmdline and config out",
            not kind.boots_kernel and (any(files) or profile.cmdline or profile.config_template),
        ),
        ("an initrd, or the kernel, is named twice", len(set(files)) < len(files)),
        (
            f"the installer asks for its config as {asked_for!r}; config_name cannot be another",
            asked_for and profile.config_name != asked_for,
        ),
        (
            "a config template needs a config_name, the file name it is asked for",
            profile.config_template and not profile.config_name,
        ),
    ]
