from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, SecretStr

from ktizo.accounts.actor import Kind, Role
from ktizo.accounts.people.passwords import LONGEST, SHORTEST
from ktizo.accounts.people.person import Person, Source
from ktizo.accounts.sessions.session import Session
from ktizo.accounts.tokens import Token

# Shown in tables and in the audit: one line, no control characters.
Name = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", examples=["ci"])
]
# Of a person: nothing at the ends that an eye would miss.
PersonName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f])?$",
        examples=["ann"],
    ),
]


def _whole(password: SecretStr) -> SecretStr:
    """Refuse half of a UTF-16 pair, which JSON can write and UTF-8 cannot."""
    try:
        password.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("not text") from None  # its message would hold the password
    return password


Password = Annotated[SecretStr, AfterValidator(_whole)]
NewPassword = Annotated[Password, Field(min_length=SHORTEST, max_length=LONGEST)]
GivenPassword = Annotated[Password, Field(max_length=LONGEST)]


class TokenIn(BaseModel, extra="forbid"):
    """A token to make."""

    name: Name
    scope: Role = Field(description="What it may do: viewer, operator or admin.")
    expires_at: AwareDatetime | None = Field(None, description="Default: never.")


class TokenList(BaseModel):
    """All tokens; revoked and expired ones too, because the audit names them."""

    tokens: list[Token]


class NewToken(BaseModel):
    """A token just made; `token` is shown here and never again."""

    token: str
    made: Token


class WhoAmI(BaseModel):
    """Who is asking; `id` is that of the person or the token."""

    name: str
    role: str
    kind: Kind
    id: int


class SignIn(BaseModel, extra="forbid"):
    """A name and a password."""

    name: Name
    password: GivenPassword


class SetUp(BaseModel, extra="forbid"):
    """The first administrator, by a set-up link; `token` is what stands behind its `#token=`."""

    token: str = Field(max_length=200)
    name: PersonName
    password: NewPassword


class SetupLinkIn(BaseModel, extra="forbid"):
    """Which link to make."""

    recover: bool = Field(False, description="One that adds an administrator to those there are.")


class SetupLinkOut(BaseModel):
    """A set-up link just made; shown here and never again."""

    url: str
    expires_at: datetime


class Me(BaseModel):
    """Who is signed in."""

    id: int
    name: str
    role: Role
    source: Source


class OidcWay(BaseModel):
    """Signing in elsewhere."""

    name: str
    url: str


class Ways(BaseModel):
    """How one can sign in here."""

    password: bool
    oidc: OidcWay | None


class SessionView(BaseModel):
    """Who is signed in, or what it takes."""

    signed_in: bool
    person: Me | None
    csrf_token: str | None = Field(description="Send it as X-CSRF-Token with every change.")
    setup_needed: bool = Field(description="Nobody can sign in yet: use the set-up link.")
    sign_in: Ways
    version: str


class SessionOut(BaseModel):
    """One browser that is signed in."""

    id: int
    person_id: int
    created_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str
    current: bool = Field(description="The one that asks.")

    @classmethod
    def of(cls, session: Session, current: int | None) -> Self:
        """Return `session` as its owner sees it."""
        names = set(cls.model_fields) - {"current"}
        values = {name: getattr(session, name) for name in names}
        return cls(**values, current=session.id == current)


class SessionList(BaseModel):
    """Where one is signed in, the newest first."""

    sessions: list[SessionOut]


class PasswordChange(BaseModel, extra="forbid"):
    """Another password for oneself."""

    current: GivenPassword
    new: NewPassword


class PersonIn(BaseModel, extra="forbid"):
    """Somebody to let in."""

    name: PersonName
    role: Role
    password: NewPassword


class PersonChange(BaseModel, extra="forbid"):
    """What to change; what is left out stays."""

    role: Role | None = None
    disabled: bool | None = None
    password: NewPassword | None = None


class PeopleList(BaseModel):
    """Everybody."""

    people: list[Person]
