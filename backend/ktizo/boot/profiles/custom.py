"""Any other kernel; the operator says everything."""

from ktizo.boot.profile import ProfileType
from ktizo.boot.profiles.kind import Kind

KIND = Kind(
    type=ProfileType.CUSTOM,
    title="Custom",
    description="Your own kernel, initrds, command line and config file.",
)
