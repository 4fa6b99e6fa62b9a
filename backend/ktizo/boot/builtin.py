"""The profiles Ktizo starts with."""

from ktizo.boot.profile import Profile, ProfileType
from ktizo.boot.profiles import KINDS

BUILTIN = {
    "local-disk": ProfileType.LOCAL_DISK,
    "menu": ProfileType.MENU,
    "talos-controlplane": ProfileType.TALOS_CONTROLPLANE,
    "talos-worker": ProfileType.TALOS_WORKER,
    "debian": ProfileType.DEBIAN_PRESEED,
    "ubuntu": ProfileType.UBUNTU_AUTOINSTALL,
    "rescue": ProfileType.RESCUE,
}
# The profile a machine boots when it has a role and nobody assigned it one.
OF_ROLE = {"controlplane": "talos-controlplane", "worker": "talos-worker"}


def fresh(name: str, type_: ProfileType) -> Profile:
    """Return a new profile with the defaults of its type."""
    kind = KINDS[type_]
    return Profile(
        id=0,
        name=name,
        type=type_,
        kernel=kind.default_kernel,
        initrds=kind.default_initrds,
        cmdline=kind.default_cmdline,
        config_template=kind.default_config,
        config_name=kind.config_file,
        parameters=dict(kind.default_parameters),
    )
