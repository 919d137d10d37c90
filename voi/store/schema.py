"""The tables of the store. `migrations/versions` makes them; a test compares the two.

Times are ms since 1970, UTC. What people say or are called is in columns of the type `Sealed`: bytes that `keys.Keys`
makes and reads, encrypted where the operator has set a key. A row's `key_id` names the key.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    false,
)

NAME_MAX = 200
"""Longest name of an app, agent, model or voice."""

metadata = MetaData()
Sealed = LargeBinary

data_keys = Table(
    "data_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("parent_id", String(32), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Index("data_keys_by_parent", "parent_id"),
)
"""Keys, each sealed with its parent ("": the operator's). No backup of the data holds this table: see `backup`."""

people = Table(
    "people",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("app", String(NAME_MAX), nullable=False),
    Column("lookup", LargeBinary, nullable=False),
    Column("name", Sealed, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("forgot_ms", BigInteger),
    Index("people_by_lookup", "app", "lookup", unique=True),
)
"""People, as the apps identify their callers. `lookup`: keyed hash of that name, to find the row by. `forgot_ms`: when
all that was remembered of them was deleted; no summary of what was said until then is kept."""

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(NAME_MAX), primary_key=True),
    Column("app", String(NAME_MAX), nullable=False),
    Column("person_id", String(32)),
    Column("key_id", String(32), nullable=False),
    Column("door", String(NAME_MAX), nullable=False),
    Column("agent", String(NAME_MAX), nullable=False),
    Column("agent_version", String(32), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("began_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("end_reason", String(40)),
    Column("recording", String(400)),
    Column("told_ai", Boolean, nullable=False),
    Column("told_recording", Boolean, nullable=False),
    Column("redacted", Boolean, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("heard_ms", BigInteger, nullable=False),
    Column("spoken_ms", BigInteger, nullable=False),
    Column("written_characters", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False, server_default="0"),
    Column("output_tokens", BigInteger, nullable=False, server_default="0"),
    Column("cost_micros", BigInteger, nullable=False, server_default="0"),
    Index("conversations_by_begin", "began_ms"),
    Index("conversations_by_person", "person_id"),
    Index("conversations_by_app", "app", "began_ms"),
)
"""One conversation. What it used: `heard_ms` of sound was transcribed, `spoken_ms` of sound made, `written_characters`
written by the language model, in `answers` answers. Tokens and cost (in millionths of the currency of the prices) are
the sums of its `usage`. `recording`: folder below VOI_RECORDINGS_DIR. `told_ai`,
`told_recording`: the agent said at its first words that it is an AI, that the call is recorded. `ended_ms` null: it
runs, or its server died."""

messages = Table(
    "messages",
    metadata,
    Column("conversation_id", String(NAME_MAX), nullable=False),
    Column("message_id", Integer, nullable=False),
    Column("role", String(16), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("words", Sealed, nullable=False),
    PrimaryKeyConstraint("conversation_id", "message_id"),
)
"""The transcript. `at_ms`: when it was first shown, since the conversation began. Ids of messages that a client put
into the dialogue itself count down from -1."""

turns = Table(
    "turns",
    metadata,
    Column("conversation_id", String(NAME_MAX), nullable=False),
    Column("turn", Integer, nullable=False),
    Column("speculative", Boolean, nullable=False),
    Column("endpoint_ms", Integer, nullable=False),
    Column("transcript_ms", Integer),
    Column("first_token_ms", Integer),
    Column("first_sound_ms", Integer),
    Column("first_sent_ms", Integer),
    PrimaryKeyConstraint("conversation_id", "turn"),
)
"""The latencies of each answer: `voi.session.latency.TurnTimes`."""

failures = Table(
    "failures",
    metadata,
    Column("conversation_id", String(NAME_MAX), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("engine", String(NAME_MAX), nullable=False),
    Column("model", String(NAME_MAX), nullable=False),
    Column("took_ms", Integer, nullable=False),
    PrimaryKeyConstraint("conversation_id", "number"),
)


tool_calls = Table(
    "tool_calls",
    metadata,
    Column("conversation_id", String(NAME_MAX), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("tool", String(NAME_MAX), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("took_ms", Integer, nullable=False),
    Column("result_characters", Integer, nullable=False),
    Column("error", String(40), nullable=False),
    Column("arguments", Sealed, nullable=False),
    PrimaryKeyConstraint("conversation_id", "number"),
)
"""The calls of tools: `voi.session.tool_use.ToolUse`. `at_ms`: since the conversation began. `error`: "" for none."""


lookups = Table(
    "lookups",
    metadata,
    Column("conversation_id", String(NAME_MAX), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("use", String(16), nullable=False),
    Column("took_ms", Integer, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("sources", Sealed, nullable=False),
    PrimaryKeyConstraint("conversation_id", "number"),
)
"""Searches of files for answers that found something: `voi.session.lookups.LookedUp`. `at_ms`: since the conversation
began. `sources`: files with places in them, one a line; they tell what was asked about."""


def _sums() -> list[Column[int]]:
    counts = [Column(name, Integer, nullable=False) for name in ("uses", "estimated", "unpriced")]
    names = ("input_tokens", "output_tokens", "sound_ms", "characters", "cost_micros")
    return [*counts, *(Column(name, BigInteger, nullable=False) for name in names)]


usage = Table(
    "usage",
    metadata,
    Column("conversation_id", String(NAME_MAX), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("provider", String(NAME_MAX), nullable=False),
    Column("model", String(NAME_MAX), nullable=False),
    *_sums(),
    PrimaryKeyConstraint("conversation_id", "since_ms", "kind", "provider", "model"),
)
"""What a conversation used: `voi.use.Use`, added up. `since_ms`: since when a server counted; a conversation that
continues after a restart has a new row. `unpriced`: uses without a known price, which are not in the cost."""

usage_days = Table(
    "usage_days",
    metadata,
    Column("day", String(10), nullable=False),
    Column("app", String(NAME_MAX), nullable=False),
    Column("agent", String(NAME_MAX), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("provider", String(NAME_MAX), nullable=False),
    Column("model", String(NAME_MAX), nullable=False),
    *_sums(),
    PrimaryKeyConstraint("day", "app", "agent", "kind", "provider", "model"),
    Index("usage_days_by_app", "app", "day"),
)
"""What all conversations used on a day (UTC, ISO). It identifies nobody and is kept longer."""

agent_versions = Table(
    "agent_versions",
    metadata,
    Column("agent", String(NAME_MAX), nullable=False),
    Column("version", String(32), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("config", Text, nullable=False),
    PrimaryKeyConstraint("agent", "version"),
)
"""The versions of agents of agents.json that conversations used. `config`: JSON."""

saved_states = Table(
    "saved_states",
    metadata,
    Column("app", String(NAME_MAX), nullable=False),
    Column("name", String(NAME_MAX), nullable=False),
    Column("person_id", String(32)),
    Column("key_id", String(32), nullable=False),
    Column("saved_ms", BigInteger, nullable=False),
    Column("state", Sealed, nullable=False),
    PrimaryKeyConstraint("app", "name"),
    Index("saved_states_by_person", "person_id"),
)
"""Conversations that go on another day, by the name that the app gave them."""

apps = Table(
    "apps",
    metadata,
    Column("name", String(NAME_MAX), primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("max_conversations", Integer),
    Column("minutes_per_day", Integer),
    Column("cost_per_day_micros", BigInteger),
    Column("cost_per_month_micros", BigInteger),
)
"""Apps that tokens were issued to, or that have quotas. `revoked_ms`: tokens that were issued until then are not
accepted. Quotas, null: no limit."""

live_calls = Table(
    "live_calls",
    metadata,
    Column("server", String(32), nullable=False),
    Column("app", String(NAME_MAX), nullable=False),
    Column("calls", Integer, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("server", "app"),
)
"""How many calls of an app each server has now. A row that was not renewed for some seconds belongs to a dead
server."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(NAME_MAX), primary_key=True),
    Column("app", String(NAME_MAX), nullable=False),
    Column("person_id", String(32)),
    Column("issued_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("names_people", Boolean, nullable=False, server_default=false()),
    Column("own_agents", Boolean, nullable=False, server_default=false()),
    Index("tokens_by_app", "app", "issued_ms"),
    Index("tokens_by_person", "person_id"),
)
"""Issued tokens, by their claim `jti`; never the tokens themselves. `names_people`: its holder may name the person
of each conversation. `own_agents`: its client may bring an agent of its own."""

voices = Table(
    "voices",
    metadata,
    Column("model", String(NAME_MAX), nullable=False),
    Column("name", String(NAME_MAX), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("consent", Sealed, nullable=False),
    PrimaryKeyConstraint("model", "name"),
)
"""Cloned voices. `consent`: who agreed to it, when and how; the operator's words, "" for none."""

phone_accounts = Table(
    "phone_accounts",
    metadata,
    Column("name", String(NAME_MAX), primary_key=True),
    Column("started", Boolean, nullable=False),
    Column("version", String(32), nullable=False),
    Column("server", String(NAME_MAX), nullable=False),
    Column("claimed_until_ms", BigInteger, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("details", Sealed, nullable=False),
)
"""Telephone accounts that were made over HTTP: `voi.store.phone_accounts`. `details`: the account itself, its password
included. `server`: which one has it, until `claimed_until_ms`."""

phone_servers = Table(
    "phone_servers",
    metadata,
    Column("server", String(NAME_MAX), primary_key=True),
    Column("seen_ms", BigInteger, nullable=False),
    Column("told", Text, nullable=False),
)
"""What each server's telephone accounts do now. `told`: JSON, without secrets and numbers. A row that was not renewed
for some seconds belongs to a dead server. No backup holds this table."""

ringing_calls = Table(
    "ringing_calls",
    metadata,
    Column("id", String(NAME_MAX), primary_key=True),
    Column("server", String(NAME_MAX), nullable=False),
    Column("account", String(NAME_MAX), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("caller", Sealed, nullable=False),
)
"""Telephone calls that ring now, of servers that share the store. A row that was not renewed for some seconds belongs
to a dead server. No backup holds this table, nor the next."""

call_asks = Table(
    "call_asks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("call_id", String(NAME_MAX), nullable=False),
    Column("what", String(16), nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("result", String(200)),
)
"""What one server asks of a call that another has; `result`: what came of it."""

memories = Table(
    "memories",
    metadata,
    Column("person_id", String(32), nullable=False),
    Column("name", String(NAME_MAX), nullable=False),
    Column("kind", String(16), nullable=False, server_default="fact"),
    Column("agent", String(NAME_MAX), nullable=False, server_default=""),
    Column("saved_ms", BigInteger, nullable=False),
    Column("words", Sealed, nullable=False),
    PrimaryKeyConstraint("person_id", "name"),
    Index("memories_by_age", "saved_ms"),
)
"""What agents remember of a person, sealed with the person's key: `voi.session.memory.MemoryItem`. `name`: its id; of
a summary, the conversation's. `agent`: who remembered it."""

audit = Table(
    "audit",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(200), nullable=False),
    Column("what", String(400), nullable=False),
    Column("result", String(40), nullable=False),
    Index("audit_by_time", "at_ms"),
)
"""What managers and operators changed: `voi.store.audit.Act`."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(NAME_MAX), primary_key=True),
    Column("conversation_id", String(NAME_MAX), nullable=False),
    Column("server", String(32), nullable=False),
    Column("claimed_until_ms", BigInteger, nullable=False),
    Column("state", Sealed, nullable=False),
    Index("outbox_by_claim", "claimed_until_ms"),
    Index("outbox_by_conversation", "conversation_id"),
)
"""What is still to be done after calls, sealed with the conversation's key. `server`: which one does it, until
`claimed_until_ms`. No backup holds this table: what it says would be done twice."""

call_orders = Table(
    "call_orders",
    metadata,
    Column("id", String(NAME_MAX), primary_key=True),
    Column("app", String(NAME_MAX), nullable=False),
    Column("account", String(NAME_MAX), nullable=False),
    Column("agent", String(NAME_MAX), nullable=False),
    Column("person_id", String(32)),
    Column("position", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("outcome", String(24)),
    Column("cause", String(200)),
    Column("taken_by", String(16)),
    Column("repeat_key", LargeBinary),
    Column("body_hash", LargeBinary, nullable=False),
    Column("number", LargeBinary, nullable=False),
    Column("redial", Boolean, nullable=False),
    Column("ordered_ms", BigInteger, nullable=False),
    Column("not_before_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("dialled_ms", BigInteger),
    Column("answered_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("conversation_id", String(NAME_MAX)),
    Column("server", String(32), nullable=False),
    Column("claimed_until_ms", BigInteger, nullable=False),
    Column("day", String(10), nullable=False),
    Column("reserved_ms", BigInteger, nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("details", Sealed, nullable=False),
    Index("call_orders_by_turn", "state", "account", "position"),
    Index("call_orders_by_repeat_key", "repeat_key", unique=True),
    Index("call_orders_by_app", "app", "position"),
    Index("call_orders_by_person", "person_id"),
)
"""Calls that Voi is to make, makes, or has made: `voi.store.call_orders`. `position`: whose turn it is, the smallest
first. `repeat_key`: hash of the app's idempotency key. `number`: keyed hash of who is called. `redial`: dial again what
was dialled when its server died. `server`: which one makes the call, until `claimed_until_ms`. `reserved_ms`: how much
of the account's budget of `day` it holds. `details`: the order itself. No backup holds this table: people would be
called again."""

call_accounts = Table(
    "call_accounts",
    metadata,
    Column("name", String(NAME_MAX), primary_key=True),
    Column("next_ms", BigInteger, nullable=False),
    Column("day", String(10), nullable=False),
    Column("calls", Integer, nullable=False),
    Column("spent_ms", BigInteger, nullable=False),
)
"""What each account has done and spent on its `day` (UTC). `next_ms`: when it may dial again."""

never_called = Table(
    "never_called",
    metadata,
    Column("number", LargeBinary, primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
    Column("how", String(16), nullable=False),
)
"""Who is never called again: keyed hashes of numbers. `how`: "agent", "http" or "cli" added it."""

OF_A_CONVERSATION = (messages, turns, failures, tool_calls, lookups, usage, outbox)
"""Tables whose rows belong to one conversation by `conversation_id`."""
OF_A_PERSON = (memories, tokens, saved_states, call_orders)
"""Tables with rows that belong to one person by `person_id`, besides their conversations."""
