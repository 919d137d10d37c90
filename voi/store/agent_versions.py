"""The versions of each agent's definition that conversations used."""

import hashlib
import json

from voi.config.agents import Agent
from voi.store.database import Connection
from voi.store.schema import agent_versions
from voi.store.upsert import insert_new


def version_of(agent: Agent) -> tuple[str, str]:
    """A hash of the agent's definition, and the definition: JSON of what its author wrote."""
    config = json.dumps(agent.model_dump(mode="json", exclude_defaults=True), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(config.encode()).hexdigest()[:16], config


async def note_version(connection: Connection, agent: str, version: str, config: str, now_ms: int) -> None:
    """Store that version, unless it is already stored."""
    row = {"agent": agent, "version": version, "since_ms": now_ms, "config": config}
    await insert_new(connection, agent_versions, [row])
