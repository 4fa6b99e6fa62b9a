"""What both Talos roles share.

The kernel arguments are those of the factory's metal image for Talos 1.12 (reference/talos.md 8).
`slab_nomerge` must have no value and `pti=on` must be there, or Talos stops and reboots. File names
are those of a Talos release for x86-64.
"""

from types import MappingProxyType

from ktizo.boot.profiles.kind import shipped

KERNEL = "vmlinuz-amd64"
INITRDS = ("initramfs-amd64.xz",)
CMDLINE = (
    "talos.platform=metal console=tty0 console={{ parameters.console }} init_on_alloc=1"
    " slab_nomerge pti=on consoleblank=0 nvme_core.io_timeout=4294967295 printk.devkmsg=on"
    " selinux=1 module.sig_enforce=1 talos.config={{ config_url }}"
)
PARAMETERS = MappingProxyType({"console": "ttyS0"})
# The same without what is one machine's: for a build that names no command line, as a release's.
LINE = CMDLINE.replace("{{ parameters.console }}", PARAMETERS["console"]).removesuffix(
    " talos.config={{ config_url }}"
)
CONFIG_FILES = ("config.yaml",)
CONFIG = shipped("talos.yaml.j2")
