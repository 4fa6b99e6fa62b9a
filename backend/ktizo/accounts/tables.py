from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ktizo.core.db import Base, UtcDateTime


class TokenRow(Base):
    """A token for the API. The token itself is nowhere, only its SHA-256."""

    __tablename__ = "api_tokens"
    __table_args__ = {"sqlite_autoincrement": True}  # the audit names tokens by id, for ever

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    scope: Mapped[str] = mapped_column(sa.String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PersonRow(Base):
    """Somebody who may sign in. Not the password, only argon2's hash of it."""

    __tablename__ = "people"
    __table_args__ = {"sqlite_autoincrement": True}  # the audit names people by id, for ever

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    name_key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    role: Mapped[str] = mapped_column(sa.String(20))
    source: Mapped[str] = mapped_column(sa.String(20))
    password_hash: Mapped[str | None] = mapped_column(sa.String(255))
    # SHA-256 of issuer and subject: both together name somebody for ever, and may be long.
    subject: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    disabled: Mapped[bool] = mapped_column(sa.Boolean)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SessionRow(Base):
    """One browser somebody is signed in with; gone when it ends."""

    __tablename__ = "sessions"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(
        sa.ForeignKey("people.id", ondelete="CASCADE"), index=True
    )
    hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(sa.String(45))
    user_agent: Mapped[str] = mapped_column(sa.String(200))


class SetupLinkRow(Base):
    """The one set-up link that is out; gone when it is used or another is made."""

    __tablename__ = "setup_links"

    hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    recover: Mapped[bool] = mapped_column(sa.Boolean)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
