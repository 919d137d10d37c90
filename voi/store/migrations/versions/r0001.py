"""Conversations, people, their keys, and agents' versions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "data_keys",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("parent_id", sa.String(32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("data_keys_by_parent", "data_keys", ["parent_id"])
    op.create_table(
        "people",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("app", sa.String(200), nullable=False),
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("people_by_lookup", "people", ["app", "lookup"], unique=True)
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("app", sa.String(200), nullable=False),
        sa.Column("person_id", sa.String(32)),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("door", sa.String(200), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.Column("agent_version", sa.String(32), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("began_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.Column("end_reason", sa.String(40)),
        sa.Column("recording", sa.String(400)),
        sa.Column("told_ai", sa.Boolean(), nullable=False),
        sa.Column("told_recording", sa.Boolean(), nullable=False),
        sa.Column("redacted", sa.Boolean(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("heard_ms", sa.BigInteger(), nullable=False),
        sa.Column("spoken_ms", sa.BigInteger(), nullable=False),
        sa.Column("written_characters", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("conversations_by_app", "conversations", ["app", "began_ms"])
    op.create_index("conversations_by_begin", "conversations", ["began_ms"])
    op.create_index("conversations_by_person", "conversations", ["person_id"])
    op.create_table(
        "messages",
        sa.Column("conversation_id", sa.String(200), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "message_id"),
    )
    op.create_table(
        "turns",
        sa.Column("conversation_id", sa.String(200), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("speculative", sa.Boolean(), nullable=False),
        sa.Column("endpoint_ms", sa.Integer(), nullable=False),
        sa.Column("transcript_ms", sa.Integer()),
        sa.Column("first_token_ms", sa.Integer()),
        sa.Column("first_sound_ms", sa.Integer()),
        sa.Column("first_sent_ms", sa.Integer()),
        sa.PrimaryKeyConstraint("conversation_id", "turn"),
    )
    op.create_table(
        "failures",
        sa.Column("conversation_id", sa.String(200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("engine", sa.String(200), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "number"),
    )
    op.create_table(
        "agent_versions",
        sa.Column("agent", sa.String(200), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent", "version"),
    )
    op.create_table(
        "saved_states",
        sa.Column("app", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("person_id", sa.String(32)),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("saved_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("app", "name"),
    )
    op.create_index("saved_states_by_person", "saved_states", ["person_id"])
