from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from ktizo.accounts.tokens import Scope, Token

# Shown in tables and in the audit: one line, no control characters.
Name = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", examples=["ci"])
]


class TokenIn(BaseModel, extra="forbid"):
    """A token to make."""

    name: Name
    scope: Scope = "admin"
    expires_at: AwareDatetime | None = Field(None, description="Default: never.")


class TokenList(BaseModel):
    """All tokens; revoked and expired ones too, because the audit names them."""

    tokens: list[Token]


class NewToken(BaseModel):
    """A token just made; `token` is shown here and never again."""

    token: str
    made: Token


class WhoAmI(BaseModel):
    """Who the token says you are."""

    name: str
    scope: str
    token_id: int
