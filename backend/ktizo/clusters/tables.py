"""Rows of clusters, their machines and volumes, and of what each machine was given."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ktizo.core.db import Base, UtcDateTime


class ClusterRow(Base):
    """One cluster. `edition` is another random text after every change of what it tells machines.

    A number could come back with a restored backup and would then name other content.
    """

    __tablename__ = "clusters"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(63), unique=True)
    version: Mapped[int] = mapped_column(default=0)  # counts changes, for people
    edition: Mapped[str] = mapped_column(sa.String(32))
    endpoint: Mapped[str] = mapped_column(sa.String(255))
    vip: Mapped[str | None] = mapped_column(sa.String(45))
    pod_subnets: Mapped[list[str]] = mapped_column(sa.JSON)
    service_subnets: Mapped[list[str]] = mapped_column(sa.JSON)
    dns_domain: Mapped[str] = mapped_column(sa.String(253))
    cni: Mapped[str] = mapped_column(sa.String(16))
    cni_urls: Mapped[list[str]] = mapped_column(sa.JSON)
    talos_version: Mapped[str] = mapped_column(sa.String(40))
    kubernetes_version: Mapped[str] = mapped_column(sa.String(40))
    schematic: Mapped[str | None] = mapped_column(sa.String(64))
    install_image: Mapped[str | None] = mapped_column(sa.String(512))
    install_disk: Mapped[str | None] = mapped_column(sa.String(255))
    install_disk_selector: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    install_disk_match: Mapped[str | None] = mapped_column(sa.Text)
    gateway: Mapped[str | None] = mapped_column(sa.String(45))
    nameservers: Mapped[list[str]] = mapped_column(sa.JSON)
    time_servers: Mapped[list[str]] = mapped_column(sa.JSON)
    registry_mirrors: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    cert_sans: Mapped[list[str]] = mapped_column(sa.JSON)
    schedule_on_control_planes: Mapped[bool]
    discovery: Mapped[bool]
    kubespan: Mapped[bool | None]
    # Sealed: patches may hold passwords, secrets always do. Empty: none.
    patches: Mapped[str] = mapped_column(sa.Text, default="")
    secrets: Mapped[str] = mapped_column(sa.Text, default="")
    secrets_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MemberRow(Base):
    """A machine of a cluster; a machine belongs to one cluster at most."""

    __tablename__ = "cluster_members"

    device_id: Mapped[int] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    cluster_id: Mapped[int] = mapped_column(sa.ForeignKey("clusters.id"), index=True)
    role: Mapped[str] = mapped_column(sa.String(16))
    edition: Mapped[str] = mapped_column(sa.String(32))
    mac: Mapped[str | None] = mapped_column(sa.String(17))  # the card the address is for
    address: Mapped[str | None] = mapped_column(sa.String(49))  # 192.0.2.11/24
    ip: Mapped[str | None] = mapped_column(sa.String(45), unique=True)  # the same without /24
    install_disk: Mapped[str | None] = mapped_column(sa.String(255))  # /dev/..., wwid:, serial:
    patches: Mapped[str] = mapped_column(sa.Text, default="")  # sealed
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VolumeRow(Base):
    """How a volume is laid out: in a whole cluster, for one role, or on one machine."""

    __tablename__ = "cluster_volumes"
    __table_args__ = (
        sa.UniqueConstraint("cluster_id", "place", "name"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int] = mapped_column(sa.ForeignKey("clusters.id", ondelete="CASCADE"))
    # What it is for: cluster, controlplane, worker, or device:<id>.
    place: Mapped[str] = mapped_column(sa.String(20))
    device_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("cluster_members.device_id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(sa.String(8))  # system, user, raw or swap
    name: Mapped[str] = mapped_column(sa.String(34))
    disk_selector_match: Mapped[str | None] = mapped_column(sa.Text)  # CEL
    min_size: Mapped[str | None] = mapped_column(sa.String(32))  # 2GB, 100GiB
    max_size: Mapped[str | None] = mapped_column(sa.String(32))
    grow: Mapped[bool | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ServedRow(Base):
    """A config a machine was given; the same one again raises `times`."""

    __tablename__ = "cluster_served"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE"), index=True
    )
    cluster_id: Mapped[int]  # may be gone since
    cluster_version: Mapped[int]
    role: Mapped[str] = mapped_column(sa.String(16))
    lease_id: Mapped[int]
    address: Mapped[str | None] = mapped_column(sa.String(45))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    size: Mapped[int]  # bytes
    config: Mapped[str] = mapped_column(sa.Text)  # zlib, sealed
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    times: Mapped[int] = mapped_column(default=1)
