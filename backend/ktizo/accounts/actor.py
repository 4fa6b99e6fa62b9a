"""Who is asking, and what the three roles may do. Pure.

viewer < operator < admin: each may what the one before may. Asking needs a viewer, changing an
operator; what needs an admin says so at its route. The few exceptions by path are written here.
"""

from dataclasses import dataclass
from typing import Literal

from ktizo.core.errors import Forbidden

Role = Literal["viewer", "operator", "admin"]
Kind = Literal["person", "token"]

VIEWER: Role = "viewer"
OPERATOR: Role = "operator"
ADMIN: Role = "admin"
RANK: dict[str, int] = {VIEWER: 1, OPERATOR: 2, ADMIN: 3}

ASKING = {"GET", "HEAD"}
# Looking after one's own sessions and password takes no more than being somebody.
OWN = {
    ("DELETE", "/api/v1/session"),
    ("DELETE", "/api/v1/sessions"),
    ("PUT", "/api/v1/people/me/password"),
}
# Taking the whole history away is more than looking at a page of it.
MORE: dict[tuple[str, str], Role] = {
    ("GET", "/api/v1/audit/export"): OPERATOR,
    ("HEAD", "/api/v1/audit/export"): OPERATOR,
}


class RoleMissing(Forbidden):
    """Who asks is known, and the role is not enough."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking. `name` is what the audit writes down."""

    name: str
    role: str
    id: int  # of the token or the person
    kind: Kind = "token"
    session_id: int | None = None

    def may(self, needed: Role) -> bool:
        """Say whether the role is enough; one that nobody knows never is."""
        return RANK.get(self.role, 0) >= RANK[needed]

    def insist(self, needed: Role) -> None:
        """Raise RoleMissing unless the role is enough."""
        if not self.may(needed):
            article = "an" if self.role[:1] in {"a", "o"} else "a"
            raise RoleMissing(
                f"this needs the role {needed}; you are {article} {self.role}",
                needs=needed,
                has=self.role,
            )


def needed(method: str, path: str) -> Role:
    """Return the least role for a request, before its route has a say."""
    if (method, path) in OWN:
        return VIEWER
    return MORE.get((method, path), VIEWER if method in ASKING else OPERATOR)
