"""Telephone calls that ring, and what is asked of calls, for servers that share the store."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "ringing_calls",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("server", sa.String(200), nullable=False),
        sa.Column("account", sa.String(200), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("caller", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "call_asks",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("call_id", sa.String(200), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.String(200)),
    )
