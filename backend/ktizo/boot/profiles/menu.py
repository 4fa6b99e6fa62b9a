"""Let the person at the console choose."""

from ktizo.boot.profile import ProfileType
from ktizo.boot.profiles.kind import Kind

KIND = Kind(
    type=ProfileType.MENU,
    title="Interactive menu",
    description="Shows the other profiles on the console; without a key press it is the local disk."
    " An installer chosen there needs the same approval and lease as an assigned one.",
    installs=False,
    boots_kernel=False,
)
