"""Rows of machines, their network cards and their leases."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ktizo.core.db import Base, UtcDateTime


class Device(Base):
    """One machine."""

    __tablename__ = "devices"
    # An id given out stays used: a removed machine's events and tickets are nobody else's.
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(16), index=True)
    state_before: Mapped[str | None] = mapped_column(sa.String(16))
    boot_mac: Mapped[str | None] = mapped_column(sa.String(17))  # the card it last asked from
    uuid: Mapped[str | None] = mapped_column(sa.String(36), index=True)
    serial: Mapped[str | None] = mapped_column(sa.String(128))
    vendor: Mapped[str | None] = mapped_column(sa.String(128))
    product: Mapped[str | None] = mapped_column(sa.String(128))
    asset: Mapped[str | None] = mapped_column(sa.String(128))
    firmware: Mapped[str | None] = mapped_column(sa.String(8))
    arch: Mapped[str | None] = mapped_column(sa.String(16))
    address: Mapped[str | None] = mapped_column(sa.String(45), index=True)
    hostname: Mapped[str | None] = mapped_column(sa.String(63), unique=True)
    role: Mapped[str | None] = mapped_column(sa.String(16))
    notes: Mapped[str] = mapped_column(sa.Text, default="")
    tags: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    handover: Mapped[str] = mapped_column(sa.String(16), default="sanboot")
    # The rented server it is, and whose boot path it has to come by; None: it is on the LAN.
    door: Mapped[int | None] = mapped_column(unique=True, index=True)
    first_seen: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[str | None] = mapped_column(sa.String(128))
    conflict: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeviceMac(Base):
    """A network card of a machine; one card belongs to one machine."""

    __tablename__ = "device_macs"

    mac: Mapped[str] = mapped_column(sa.String(17), primary_key=True)
    device_id: Mapped[int] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE"), index=True
    )


class Lease(Base):
    """A one-shot, expiring permission to install. At most one per machine is open."""

    __tablename__ = "leases"
    __table_args__ = (
        sa.Index(
            "uq_leases_open",
            "device_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},  # tickets name a lease by its id
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE"), index=True
    )
    reason: Mapped[str] = mapped_column(sa.String(16))
    granted_by: Mapped[str] = mapped_column(sa.String(128))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    offers: Mapped[int] = mapped_column(default=0)
    config_address: Mapped[str | None] = mapped_column(sa.String(45))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end: Mapped[str | None] = mapped_column(sa.String(16))


class Inspection(Base):
    """Leave to boot Talos in memory and look at the machine's disks; writes to none of them.

    At most one per machine is open.
    """

    __tablename__ = "inspections"
    __table_args__ = (
        sa.Index(
            "uq_inspections_open",
            "device_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},  # tickets name an inspection by its id
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE"), index=True
    )
    asked_by: Mapped[str] = mapped_column(sa.String(128))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    schematic: Mapped[str] = mapped_column(sa.String(64))  # of the build it boots, and ...
    version: Mapped[str] = mapped_column(
        sa.String(40)
    )  # ... its version; both as the mirror has it
    boots: Mapped[int] = mapped_column(default=0)
    address: Mapped[str | None] = mapped_column(sa.String(45))  # that fetched its config first
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end: Mapped[str | None] = mapped_column(sa.String(16))  # done, cancelled, expired, decided
