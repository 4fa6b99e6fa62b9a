"""What a person is. Pure."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ktizo.accounts.actor import Role
from ktizo.core.errors import Conflict, Forbidden, Invalid, NotFound

Source = Literal["password", "oidc"]

# In the audit these are not people, and `ktizo serve` looks after its CLI's tokens by name.
RESERVED = {"administrator", "anonymous", "ktizo", "machine"}
CLI = "cli@"


class PersonNotFound(NotFound):
    """Nobody has this number."""


class NameTaken(Conflict):
    """Somebody has this name, in some spelling."""


class NameReserved(Invalid):
    """The audit could not tell this name from Ktizo itself."""


class LastAdmin(Conflict):
    """Without this one nobody could let others in."""


class NoPasswordHere(Conflict):
    """Who signs in elsewhere, or asks with a token, has no password here."""


class PasswordRefused(Forbidden):
    """The password one has now is another one."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as others see them."""

    id: int
    name: str
    role: Role
    source: Source
    disabled: bool
    created_at: datetime
    last_sign_in_at: datetime | None


def key(name: str) -> str:
    """Return what two spellings of one name have in common; at most three times as long."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def refuse_reserved(name: str) -> None:
    """Raise NameReserved for what Ktizo calls itself and its machines."""
    if key(name) in RESERVED or key(name).startswith(CLI):
        raise NameReserved(f"{name!r} is a name Ktizo uses itself; take another")
