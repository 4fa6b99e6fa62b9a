"""Talos worker."""

from ktizo.boot.profile import ProfileType
from ktizo.boot.profiles import talos
from ktizo.boot.profiles.kind import Kind

KIND = Kind(
    type=ProfileType.TALOS_WORKER,
    title="Talos worker",
    description="A Talos node that runs workloads.",
    config_files=talos.CONFIG_FILES,
    default_kernel=talos.KERNEL,
    default_initrds=talos.INITRDS,
    default_cmdline=talos.CMDLINE,
    default_config=talos.CONFIG,
    default_parameters=talos.PARAMETERS,
)
