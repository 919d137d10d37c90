"""What agents remember has a kind, and an agent that remembered it. Nothing had filled the table before."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.drop_table("memories")
    op.create_table(
        "memories",
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False, server_default="fact"),
        sa.Column("agent", sa.String(200), nullable=False, server_default=""),
        sa.Column("saved_ms", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "name"),
    )
    op.create_index("memories_by_age", "memories", ["saved_ms"])
