"""When what was remembered of a person was deleted, and which tokens may name people."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("people", sa.Column("forgot_ms", sa.BigInteger()))
    op.add_column("tokens", sa.Column("names_people", sa.Boolean(), nullable=False, server_default=sa.false()))
