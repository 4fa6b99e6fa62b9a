"""Rows of schematics, of the mirror's files, and of what the factory last said."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ktizo.core.db import Base, UtcDateTime


class SchematicRow(Base):
    """What a build is made of. Clusters and profiles name it by its `schematic_id`."""

    __tablename__ = "images_schematics"
    __table_args__ = {"sqlite_autoincrement": True}  # a number is never another schematic's

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(63), unique=True)
    schematic_id: Mapped[str] = mapped_column(sa.String(64), unique=True)  # SHA-256 of `document`
    document: Mapped[str] = mapped_column(sa.Text)  # canonical YAML, as the factory hashes it
    notes: Mapped[str] = mapped_column(sa.Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When a factory took it; before that it builds nothing of it.
    registered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FileRow(Base):
    """A file that is to be in the mirror; `sha256` and `stored_at` once it is."""

    __tablename__ = "images_files"
    __table_args__ = (
        sa.UniqueConstraint("schematic", "version", "name"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schematic: Mapped[str] = mapped_column(sa.String(64))  # or "release"; see image.RELEASE
    version: Mapped[str] = mapped_column(sa.String(40))
    arch: Mapped[str] = mapped_column(sa.String(16))
    part: Mapped[str] = mapped_column(sa.String(16))
    secureboot: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(sa.String(128))
    # The checksum it must have: given, listed, or that of its first arrival. None: not known yet.
    expected: Mapped[str | None] = mapped_column(sa.String(64))
    expected_from: Mapped[str] = mapped_column(sa.String(16), default="")  # see keep.Source
    sha256: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    size: Mapped[int | None] = mapped_column(sa.BigInteger)  # bytes
    # The file's times, nanoseconds, when its content was last compared with `sha256`.
    mtime_ns: Mapped[int | None] = mapped_column(sa.BigInteger)
    ctime_ns: Mapped[int | None] = mapped_column(sa.BigInteger)
    line: Mapped[str | None] = mapped_column(sa.Text)  # what a cmdline file says
    problem: Mapped[str] = mapped_column(sa.Text, default="")  # why it is not there
    given_up: Mapped[bool] = mapped_column(default=False)  # trying again by itself will not help
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AnswerRow(Base):
    """What the factory last said to a question, for when it is away."""

    __tablename__ = "images_answers"

    factory: Mapped[str] = mapped_column(sa.String(520), primary_key=True)
    question: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    answer: Mapped[Any] = mapped_column(sa.JSON)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
