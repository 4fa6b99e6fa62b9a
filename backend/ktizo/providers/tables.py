"""Rows of accounts at providers, and of the servers ordered there."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ktizo.core.db import Base, UtcDateTime


class ProviderAccount(Base):
    """An account at a provider. There may be several at one."""

    __tablename__ = "provider_accounts"
    # A number given out stays used: what was sealed for one account opens for no other.
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(63), unique=True)
    provider: Mapped[str] = mapped_column(sa.String(32))  # a name in registry.PROVIDERS
    settings: Mapped[str] = mapped_column(sa.Text)  # sealed JSON of the provider's own model
    # Of rescue systems, made when first needed: OpenSSH's public line, and the sealed private key.
    rescue_public: Mapped[str | None] = mapped_column(sa.Text)
    rescue_private: Mapped[str | None] = mapped_column(sa.Text)
    # Amounts as they were typed: money is never a float. None: nothing may be ordered.
    max_hourly: Mapped[str | None] = mapped_column(sa.String(32))
    max_setup: Mapped[str] = mapped_column(sa.String(32), default="0")
    currency: Mapped[str] = mapped_column(sa.String(3))
    enabled: Mapped[bool] = mapped_column(default=True)
    # The last test of the credentials: ok, name, detail, message.
    tested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tested: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RentedServer(Base):
    """A server at a provider: ordered by us, or adopted. Its row is older than its order."""

    __tablename__ = "rented_servers"
    __table_args__ = (
        sa.UniqueConstraint("account_id", "vendor_id", name="uq_rented_servers_vendor_id"),
        {"sqlite_autoincrement": True},  # boot paths name a server by its number
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(
        sa.ForeignKey("provider_accounts.id", ondelete="RESTRICT"), index=True
    )
    name: Mapped[str] = mapped_column(sa.String(63))
    tag: Mapped[str] = mapped_column(sa.String(64), unique=True)  # finds it again at the provider
    vendor_id: Mapped[str | None] = mapped_column(sa.String(200))
    stage: Mapped[str] = mapped_column(sa.String(16), index=True)  # stages.Stage
    # What was asked for.
    plan: Mapped[str] = mapped_column(sa.String(200))
    regions: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    ssh_keys: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    options: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    # Which boot path it has: a new one for every reinstall; 0: it never had one.
    door: Mapped[int] = mapped_column(default=0)
    # What the provider said last; its own name for it may be another than ours.
    vendor_name: Mapped[str] = mapped_column(sa.String(200), default="")
    status: Mapped[str] = mapped_column(sa.String(16))  # base.Status
    raw_status: Mapped[str] = mapped_column(sa.String(200), default="")
    region: Mapped[str] = mapped_column(sa.String(100), default="")
    addresses: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    macs: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    price: Mapped[dict[str, str] | None] = mapped_column(sa.JSON)  # currency, hourly, monthly, ...
    pending: Mapped[str] = mapped_column(sa.Text, default="")  # what a person still has to do
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the provider, last
    # Where Ktizo stands with it.
    problem: Mapped[str] = mapped_column(sa.Text, default="")  # until a person sees to it
    trouble: Mapped[str] = mapped_column(sa.Text, default="")  # until it goes on by itself
    left_status: Mapped[str | None] = mapped_column(sa.String(16))  # status before a reinstall
    way: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)  # to its first boot from us
    admit: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)  # approve it when it asks first
    settled: Mapped[bool] = mapped_column(default=False)  # later boots come from its disk
    ordered_by: Mapped[str] = mapped_column(sa.String(128))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
