"""What a machine could be given, as far as it was worked out before the decision."""

from collections.abc import Mapping
from dataclasses import dataclass

from ktizo.boot.decide import LookState, ProfileState
from ktizo.boot.files import Files
from ktizo.boot.profile import Profile


@dataclass(frozen=True)
class Chosen:
    """The profile that applies, how ready it is, and its parameters for this machine."""

    state: ProfileState
    profile: Profile | None = None
    parameters: Mapping[str, str] | None = None
    problem: str = ""
    cmdline: str = ""
    files: Files | None = None


@dataclass(frozen=True)
class Look:
    """The build an inspected machine boots, and how ready that is."""

    state: LookState = LookState.NONE
    problem: str = ""
    cmdline: str = ""
    files: Files | None = None


NOTHING_CHOSEN = Chosen(ProfileState.NONE)
NO_LOOK = Look()
