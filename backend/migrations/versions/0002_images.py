"""images."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "images_answers",
        sa.Column("factory", sa.String(length=520), nullable=False),
        sa.Column("question", sa.String(length=80), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("factory", "question", name=op.f("pk_images_answers")),
    )
    op.create_table(
        "images_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schematic", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("arch", sa.String(length=16), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("secureboot", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("expected", sa.String(length=64), nullable=True),
        sa.Column("expected_from", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=True),
        sa.Column("ctime_ns", sa.BigInteger(), nullable=True),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("given_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images_files")),
        sa.UniqueConstraint("schematic", "version", "name", name=op.f("uq_images_files_schematic")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("images_files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_images_files_sha256"), ["sha256"], unique=False)

    op.create_table(
        "images_schematics",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("schematic_id", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images_schematics")),
        sa.UniqueConstraint("name", name=op.f("uq_images_schematics_name")),
        sa.UniqueConstraint("schematic_id", name=op.f("uq_images_schematics_schematic_id")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("images_schematics")
    with op.batch_alter_table("images_files", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_images_files_sha256"))

    op.drop_table("images_files")
    op.drop_table("images_answers")
