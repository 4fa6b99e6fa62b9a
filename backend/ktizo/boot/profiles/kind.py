"""What a type of profile declares; everything else about it follows from this."""

from dataclasses import dataclass, field
from types import MappingProxyType

from ktizo.boot.profile import ProfileType
from ktizo.core.templates import TEMPLATES


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One type of profile.

    `installs`: what it boots can write a disk, so a machine needs an approval and a live lease.
    `config_files`: the names /boot/configs/{ticket}/ answers for it, the operator's own first.
    `default_*`: what a new profile of this type starts with.
    """

    type: ProfileType
    title: str
    description: str
    installs: bool = True
    boots_kernel: bool = True
    config_files: tuple[str, ...] = ()
    default_kernel: str | None = None
    default_initrds: tuple[str, ...] = ()
    default_cmdline: str = ""
    default_config: str = ""
    default_parameters: MappingProxyType[str, str] = field(
        default_factory=lambda: MappingProxyType({})
    )

    @property
    def config_file(self) -> str:
        """Return the name the operator's config template is asked for, empty when there is none."""
        return self.config_files[0] if self.config_files else ""


def shipped(name: str) -> str:
    """Return the text of `templates/configs/<name>`."""
    return (TEMPLATES / "configs" / name).read_text()
