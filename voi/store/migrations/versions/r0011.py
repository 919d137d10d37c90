"""Calls that Voi makes: orders, what accounts have spent, and who is never called again."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "call_orders",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("app", sa.String(200), nullable=False),
        sa.Column("account", sa.String(200), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.Column("person_id", sa.String(32)),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(24)),
        sa.Column("cause", sa.String(200)),
        sa.Column("taken_by", sa.String(16)),
        sa.Column("repeat_key", sa.LargeBinary()),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("redial", sa.Boolean(), nullable=False),
        sa.Column("ordered_ms", sa.BigInteger(), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("dialled_ms", sa.BigInteger()),
        sa.Column("answered_ms", sa.BigInteger()),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.Column("conversation_id", sa.String(200)),
        sa.Column("server", sa.String(32), nullable=False),
        sa.Column("claimed_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("reserved_ms", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
    )
    op.create_index("call_orders_by_turn", "call_orders", ["state", "account", "position"])
    op.create_index("call_orders_by_repeat_key", "call_orders", ["repeat_key"], unique=True)
    op.create_index("call_orders_by_app", "call_orders", ["app", "position"])
    op.create_index("call_orders_by_person", "call_orders", ["person_id"])
    op.create_table(
        "call_accounts",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("next_ms", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("spent_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "never_called",
        sa.Column("number", sa.LargeBinary(), primary_key=True),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
    )
