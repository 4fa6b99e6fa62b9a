"""The LAN's row: what the operator decided."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ktizo.core.db import Base, UtcDateTime


class LanRow(Base):
    """The one LAN, always id 1. Addresses are text: SQLite and PostgreSQL then hold the same."""

    __tablename__ = "network_lan"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    enabled: Mapped[bool]
    interface: Mapped[str] = mapped_column(sa.String(15))
    server_address: Mapped[str] = mapped_column(sa.String(15))
    mode: Mapped[str] = mapped_column(sa.String(8))
    subnet: Mapped[str] = mapped_column(sa.String(18))
    range_start: Mapped[str | None] = mapped_column(sa.String(15))
    range_end: Mapped[str | None] = mapped_column(sa.String(15))
    lease_time: Mapped[str] = mapped_column(sa.String(8))
    gateway: Mapped[str | None] = mapped_column(sa.String(15))
    dns: Mapped[list[str]] = mapped_column(sa.JSON)
    ntp: Mapped[list[str]] = mapped_column(sa.JSON)
    domain: Mapped[str] = mapped_column(sa.String(253))
    vlan_note: Mapped[str] = mapped_column(sa.String(200))
    uefi_loader: Mapped[str] = mapped_column(sa.String(8))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
