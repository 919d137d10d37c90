"""Who agreed to a voice is encrypted. Nothing had filled the table before."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.drop_table("voices")
    op.create_table(
        "voices",
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("consent", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("model", "name"),
    )
