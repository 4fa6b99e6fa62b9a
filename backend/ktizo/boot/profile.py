"""The noun of this room: what a machine can be given to boot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PROFILE_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"


class ProfileType(StrEnum):
    """What kind of thing a profile boots; `profiles/` knows each of them."""

    TALOS_CONTROLPLANE = "talos_controlplane"
    TALOS_WORKER = "talos_worker"
    UBUNTU_AUTOINSTALL = "ubuntu_autoinstall"
    DEBIAN_PRESEED = "debian_preseed"
    KICKSTART = "kickstart"
    RESCUE = "rescue"
    LOCAL_DISK = "local_disk"
    MENU = "menu"
    CUSTOM = "custom"


TALOS = frozenset({ProfileType.TALOS_CONTROLPLANE, ProfileType.TALOS_WORKER})


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A kernel, its initrds, one command line and one config file for its installer.

    `kernel` and `initrds` are names of uploaded files. `cmdline` and `config_template` are
    templates (core/sandbox.py) over the variables of boot/configs.py; `config_name` is the name
    the config is asked for, empty when there is none. `parameters` are defaults an assignment can
    override for its machine.
    """

    id: int
    name: str
    type: ProfileType
    kernel: str | None = None
    initrds: tuple[str, ...] = ()
    cmdline: str = ""
    config_template: str = ""
    config_name: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
