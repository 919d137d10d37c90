"""What managers and operators changed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("what", sa.String(400), nullable=False),
        sa.Column("result", sa.String(40), nullable=False),
    )
    op.create_index("audit_by_time", "audit", ["at_ms"])
