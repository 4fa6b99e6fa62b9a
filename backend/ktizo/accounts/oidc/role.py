"""Which role the provider's word gives somebody. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ktizo.accounts.actor import ADMIN, OPERATOR, VIEWER, Role
from ktizo.core.errors import Forbidden
from ktizo.core.settings import Settings

NAMES = ("preferred_username", "email", "name", "sub")
NAME_MAX = 64


class OidcNoRole(Forbidden):
    """The provider knows this person; this Ktizo has no role for them."""


@dataclass(frozen=True)
class RoleMap:
    """Which values of which claim make which role. The highest one that fits counts."""

    claim: str
    values: Mapping[Role, frozenset[str]]
    default: Role | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the settings say."""
        values = {
            ADMIN: _words(settings.oidc_role_admin),
            OPERATOR: _words(settings.oidc_role_operator),
            VIEWER: _words(settings.oidc_role_viewer),
        }
        default = VIEWER if settings.oidc_default_role == "viewer" else None
        return cls(settings.oidc_role_claim, values, default)

    @property
    def decides(self) -> bool:
        """Say whether any value is mapped: then the provider decides, at every sign-in."""
        return any(self.values.values())

    def role(self, claims: Mapping[str, Any], present: Role | None) -> Role:
        """Return the role of somebody whose role here is `present`; raises OidcNoRole."""
        said = _said(claims, self.claim)
        for role, values in self.values.items():
            if values & said:
                return role
        kept = None if self.decides else present
        found = kept or self.default
        if found is None:
            raise OidcNoRole("the provider gives you no role here; see KTIZO_OIDC_ROLE_*")
        return found


def name_of(claims: Mapping[str, Any]) -> str:
    """Return what to call somebody: one line, nothing at its ends."""
    for claim in NAMES:
        said = claims.get(claim)
        if isinstance(said, str):
            plain = "".join(c if c.isprintable() else " " for c in said[:200])
            if name := plain.strip()[:NAME_MAX].strip():
                return name
    return "somebody"


def _words(text: str | None) -> frozenset[str]:
    return frozenset(word.strip() for word in (text or "").split(",") if word.strip())


def _said(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for part in claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return frozenset({found})
    if isinstance(found, list):
        return frozenset(value for value in found if isinstance(value, str))
    return frozenset()
