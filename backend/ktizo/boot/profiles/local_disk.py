"""Boot from the machine's own disk."""

from ktizo.boot.profile import ProfileType
from ktizo.boot.profiles.kind import Kind

KIND = Kind(
    type=ProfileType.LOCAL_DISK,
    title="Local disk",
    description="Hands over to the machine's own disk, whatever its lease says.",
    installs=False,
    boots_kernel=False,
)
