"""What calls use and cost, quotas of apps, and which servers have how many calls."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _sums() -> list[sa.Column[int]]:
    counts = [sa.Column(name, sa.Integer(), nullable=False) for name in ("uses", "estimated", "unpriced")]
    names = ("input_tokens", "output_tokens", "sound_ms", "characters", "cost_micros")
    return [*counts, *(sa.Column(name, sa.BigInteger(), nullable=False) for name in names)]


def upgrade() -> None:
    for name in ("input_tokens", "output_tokens", "cost_micros"):
        op.add_column("conversations", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "usage",
        sa.Column("conversation_id", sa.String(200), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("provider", sa.String(200), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        *_sums(),
        sa.PrimaryKeyConstraint("conversation_id", "since_ms", "kind", "provider", "model"),
    )
    op.create_table(
        "usage_days",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("app", sa.String(200), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("provider", sa.String(200), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        *_sums(),
        sa.PrimaryKeyConstraint("day", "app", "agent", "kind", "provider", "model"),
    )
    op.create_index("usage_days_by_app", "usage_days", ["app", "day"])
    for name in ("max_conversations", "minutes_per_day"):
        op.add_column("apps", sa.Column(name, sa.Integer()))
    for name in ("cost_per_day_micros", "cost_per_month_micros"):
        op.add_column("apps", sa.Column(name, sa.BigInteger()))
    op.create_table(
        "live_calls",
        sa.Column("server", sa.String(32), nullable=False),
        sa.Column("app", sa.String(200), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("server", "app"),
    )
