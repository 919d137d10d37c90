"""Telephone accounts with all that they are, in a sealed column; who has them, and what servers tell of theirs.

The table is made again: nothing has filled it before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.drop_table("phone_accounts")
    op.create_table(
        "phone_accounts",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("started", sa.Boolean(), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("server", sa.String(200), nullable=False),
        sa.Column("claimed_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "phone_servers",
        sa.Column("server", sa.String(200), primary_key=True),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
    )
