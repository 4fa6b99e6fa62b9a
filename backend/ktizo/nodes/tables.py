"""Rows of nodes as they were last seen, of what inspections found, and of work on clusters."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ktizo.core.db import Base, UtcDateTime


class NodeRow(Base):
    """A machine as its own Talos API showed it last."""

    __tablename__ = "nodes"

    device_id: Mapped[int] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    state: Mapped[str] = mapped_column(sa.String(16), index=True)  # watch/state.py NodeState
    since: Mapped[datetime] = mapped_column(UtcDateTime)  # in this state
    address: Mapped[str | None] = mapped_column(sa.String(45))
    pin: Mapped[str | None] = mapped_column(sa.String(64))  # its key in maintenance mode
    ready: Mapped[bool] = mapped_column(default=False)
    unmet: Mapped[list[dict[str, str]]] = mapped_column(sa.JSON, default=list)  # name, reason
    talos_version: Mapped[str | None] = mapped_column(sa.String(40))
    schematic: Mapped[str | None] = mapped_column(sa.String(64))
    config_sha256: Mapped[str | None] = mapped_column(sa.String(64))  # of the config it runs
    drift: Mapped[list[dict[str, str]]] = mapped_column(sa.JSON, default=list)
    trouble: Mapped[dict[str, str] | None] = mapped_column(sa.JSON)  # code, message
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FindingsRow(Base):
    """What an inspection found in a machine; the newest counts."""

    __tablename__ = "node_findings"

    device_id: Mapped[int] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(sa.String(45))
    pin: Mapped[str] = mapped_column(sa.String(64))  # the key it showed while it was looked at
    talos_version: Mapped[str] = mapped_column(sa.String(40))
    found: Mapped[dict[str, Any]] = mapped_column(sa.JSON)  # findings.Findings


class BootstrapRow(Base):
    """Which machine a cluster's etcd began on. Written before the order goes out, never twice."""

    __tablename__ = "cluster_bootstraps"

    cluster_id: Mapped[int] = mapped_column(
        sa.ForeignKey("clusters.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    device_id: Mapped[int]  # may be gone since
    asked_by: Mapped[str] = mapped_column(sa.String(128))
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the order may have gone out
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # etcd was seen healthy


class WorkRow(Base):
    """Work on a cluster that takes minutes and outlives the process. One open per cluster."""

    __tablename__ = "node_works"
    __table_args__ = (
        sa.Index(
            "uq_node_works_open",
            "cluster_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int] = mapped_column(
        sa.ForeignKey("clusters.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(sa.String(24))  # work/kinds.py
    params: Mapped[dict[str, Any]] = mapped_column(sa.JSON)  # what was asked for
    state: Mapped[str] = mapped_column(sa.String(16))  # running, stopped, done, abandoned
    steps: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON)  # work/progress.py Step
    notes: Mapped[dict[str, Any]] = mapped_column(sa.JSON)  # what was sent to whom, by step
    said: Mapped[str] = mapped_column(sa.Text, default="")  # why it stopped
    asked_by: Mapped[str] = mapped_column(sa.String(128))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
