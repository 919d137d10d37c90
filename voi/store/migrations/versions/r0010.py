"""When what was remembered of a person was deleted, and what tokens grant: to name people, and to bring agents."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("people", sa.Column("forgot_ms", sa.BigInteger()))
    for grant in ("names_people", "own_agents"):
        op.add_column("tokens", sa.Column(grant, sa.Boolean(), nullable=False, server_default=sa.false()))
