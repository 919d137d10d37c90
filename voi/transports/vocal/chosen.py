"""Which agent a client of the Vocal node means, and what it may make of it."""

from dataclasses import replace

from voi.config.agents import Agent
from voi.config.config import Config
from voi.core.options import CallOptions
from voi.errors import ClientError
from voi.transports.vocal.wire import INPUT_RATE_HZ, VocalConfig

NOT_CLONED = "voiceSampleUrl: this server clones no voice during a call; the agent's own voice speaks."


def agent_name(wish: VocalConfig, config: Config, usual: str) -> str:
    """The agent that one of the configuration's names names; else `usual`, and where that is "" the first of all.
    Raises ClientError if there is none."""
    name = next((name for name in (*wish.names, usual) if name in config.agents), next(iter(config.agents), ""))
    if not name:
        raise ClientError("this server has no agent.")
    return name


def options_of(wish: VocalConfig) -> CallOptions:
    """What the core is told. The prompt of a client stands in the place of the agent's (`adapted`)."""
    said = [wish.prompt] if wish.prompt else []
    if wish.prompt and wish.language not in (None, "en", "auto"):
        said.append(f"Answer in the language with the ISO code {wish.language}.")
    return replace(CallOptions(mode="call", input_rate_hz=INPUT_RATE_HZ), instructions="\n\n".join(said))


def check_rights(wish: VocalConfig, config: Config, app: str, *, by_token: bool) -> None:
    """Raises ClientError for a prompt of a client that may bring none."""
    rights = config.client_agents
    if wish.prompt and not ((by_token or rights.allow_app(app)) and rights.allow_field("system_prompt")):
        raise ClientError(
            "systemPrompt: clients of this app may bring no prompt of their own to this server. Leave it out and name "
            "one of its agents in configId, or ask its operator for the right."
        )


def adapted(wish: VocalConfig, config: Config, agent: Agent) -> Agent:
    """The agent with the client's language, speed and patience, where clients of this server may set these, and without
    its own prompt if the client brought one."""
    allowed = config.client_agents.allow_field
    changed: dict[str, object] = {}
    if wish.prompt:
        changed["system_prompt"] = ()
    if wish.language and allowed("language"):
        changed["language"] = wish.language
    if wish.speed != 1.0 and agent.voices is not None and allowed("voices"):
        changed["voices"] = agent.voices.faster(wish.speed)
    if (silence_ms := wish.silence_ms) is not None and allowed("turn"):
        policy = agent.turn.policy()
        around = {
            "silence_ms": silence_ms,
            "min_silence_ms": min(policy.min_silence_ms, silence_ms),
            "max_silence_ms": max(policy.max_silence_ms, silence_ms),
        }
        changed["turn"] = agent.turn.model_copy(update=around)
    return agent.model_copy(update=changed) if changed else agent
