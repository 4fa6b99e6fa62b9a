"""Every type of profile there is. To add one: a module here, and its line below."""

from ktizo.boot.profile import ProfileType
from ktizo.boot.profiles import (
    custom,
    debian_preseed,
    kickstart,
    local_disk,
    menu,
    rescue,
    talos_controlplane,
    talos_worker,
    ubuntu_autoinstall,
)
from ktizo.boot.profiles.kind import Kind

__all__ = ["KINDS", "Kind"]

KINDS: dict[ProfileType, Kind] = {
    kind.type: kind
    for kind in (
        local_disk.KIND,
        menu.KIND,
        talos_controlplane.KIND,
        talos_worker.KIND,
        debian_preseed.KIND,
        ubuntu_autoinstall.KIND,
        kickstart.KIND,
        rescue.KIND,
        custom.KIND,
    )
}
