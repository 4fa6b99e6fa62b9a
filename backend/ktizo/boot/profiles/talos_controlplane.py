"""Talos control plane."""

from ktizo.boot.profile import ProfileType
from ktizo.boot.profiles import talos
from ktizo.boot.profiles.kind import Kind

KIND = Kind(
    type=ProfileType.TALOS_CONTROLPLANE,
    title="Talos control plane",
    description="A Talos node that runs Kubernetes' own components and etcd.",
    config_files=talos.CONFIG_FILES,
    default_kernel=talos.KERNEL,
    default_initrds=talos.INITRDS,
    default_cmdline=talos.CMDLINE,
    default_config=talos.CONFIG,
    default_parameters=talos.PARAMETERS,
)
