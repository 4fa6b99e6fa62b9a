from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ktizo.core.db import Base, UtcDateTime

# PostgreSQL's Integer ends at 2^31: 50 days of a busy LAN. SQLite counts to 2^63 only when the
# column is declared INTEGER.
EventId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class EventRow(Base):
    """One event; rows are only ever added at the end and pruned at the beginning."""

    __tablename__ = "events"
    # AUTOINCREMENT: an id given out stays used, even after the newest row was deleted. A browser
    # that resumes from a reused id would miss events.
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(EventId, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(sa.String(40))
    mac: Mapped[str | None] = mapped_column(sa.String(17), index=True)
    device_id: Mapped[int | None] = mapped_column(sa.Integer, index=True)
    address: Mapped[str | None] = mapped_column(sa.String(45))
    data: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    count: Mapped[int] = mapped_column(sa.Integer, default=1)
