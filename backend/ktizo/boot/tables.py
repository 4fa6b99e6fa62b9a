"""Rows of boot profiles, their files, and which machine gets which."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ktizo.core.db import Base, UtcDateTime


class ProfileRow(Base):
    """One boot profile; see profile.Profile for what the fields mean."""

    __tablename__ = "boot_profiles"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(63), unique=True)
    type: Mapped[str] = mapped_column(sa.String(32))
    kernel: Mapped[str | None] = mapped_column(sa.String(128))
    initrds: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    cmdline: Mapped[str] = mapped_column(sa.Text, default="")
    config_template: Mapped[str] = mapped_column(sa.Text, default="")
    config_name: Mapped[str] = mapped_column(sa.String(128), default="")
    parameters: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict)
    builtin: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AssignmentRow(Base):
    """Which profile a machine boots, and what is different for this machine."""

    __tablename__ = "boot_assignments"

    device_id: Mapped[int] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    profile_id: Mapped[int] = mapped_column(sa.ForeignKey("boot_profiles.id"), index=True)
    parameters: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AssetRow(Base):
    """A file of a profile. Its bytes lie under their checksum; two rows may share them."""

    __tablename__ = "boot_assets"
    __table_args__ = (sa.UniqueConstraint("profile_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    profile_id: Mapped[int] = mapped_column(sa.ForeignKey("boot_profiles.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(128))
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    size: Mapped[int] = mapped_column(sa.BigInteger)  # bytes
    # The file's times, nanoseconds, when its content was last compared with `sha256`.
    mtime_ns: Mapped[int] = mapped_column(sa.BigInteger)
    ctime_ns: Mapped[int] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
