"""The agents that clients send."""

from collections.abc import Collection, Mapping
from typing import Any

from voi.config.agents import Agent
from voi.config.config import Config
from voi.config.engine_choice import CHOSEN
from voi.config.json_file import parse_object, validated
from voi.config.problems import Problems, did_you_mean, quoted
from voi.config.settings import Settings
from voi.errors import ClientError, ConfigError

CLIENT_AGENT_LIMIT_BYTES = 64 * 1024
CLIENT_AGENT_MAX_VALUES = 2_000
"""Most texts, numbers, arrays and objects in it. Each one takes time to check, on the event loop: 64 KiB could hold
30,000, and a prompt of that size in lines has some 1,000."""

CLIENT_SCHEMAS_MAX_VALUES = 200
"""Most of them in the parameters of its tools, which are checked against the schema of JSON Schema: 0.3 ms for each."""

CLIENT_BODIES = ("app", "builtin", "capture")
"""What tools of such an agent may do. All others would act in the server's name: request internal addresses with its
secrets, or run programs."""


class NotGrantedError(ClientError):
    """Clients of this app may bring no agents of their own to this server."""


def granted(settings: Settings) -> str:
    """Whose clients may bring agents of their own, and why, for an operator."""
    apps = sorted(settings.granted_agent_apps - {"-"})
    whose = "all apps" if "*" in apps else ", ".join(apps) or "no app"
    why = (
        "VOI_CLIENT_AGENT_APPS" if settings.client_agent_apps
        else "others can reach this server" if settings.reachable
        else "only this machine reaches this server"
    )  # fmt: skip
    return f"agents of clients' own (agent_config): {whose} ({why}), and tokens made with --own-agents"


def hint_of_grants(settings: Settings) -> str:
    """What to tell an operator whose server others can reach, while the clients of every app may bring agents; "":
    nothing."""
    if "*" not in settings.granted_agent_apps or not settings.reachable:
        return ""
    return (
        "Clients of every app may bring agents of their own. VOI_CLIENT_AGENT_APPS names those that are granted it; "
        "- for none (docs/security.md)."
    )


def parse_client_agent(json_text: str, app: str, config: Config, *, by_token: bool = False) -> Agent:
    """The agent that a client of `app` sends (`agent_config`: JSON text of one agent). It may use only what this server
    has configured: other models and agents are refused, and files are not opened (the voice speaks the text of such a
    greeting). `by_token`: its token grants it. Raises ClientError with all mistakes, NotGrantedError if clients of this
    app may bring no agents."""
    source, problems = "agent_config", Problems(limit=20)
    if not by_token and not config.client_agents.allow_app(app):
        raise NotGrantedError(
            f"{source}: clients of the app {quoted(app)} may bring no agents of their own to this server. Name one of "
            "its agents (agent_name), or ask its operator for the right: the server's log says how to grant it."
        )
    try:
        if len(json_text.encode("utf-8", "replace")) > CLIENT_AGENT_LIMIT_BYTES:
            raise ConfigError(f"{source}: is larger than {CLIENT_AGENT_LIMIT_BYTES // 1024} KiB")
        raw = parse_object(json_text, source, problems, max_values=CLIENT_AGENT_MAX_VALUES)
        for name in raw:
            if name in Agent.model_fields and not config.client_agents.allow_field(name):
                problems.error(source, (name,), "may not be set by clients of this server")
        if _schema_values(raw) > CLIENT_SCHEMAS_MAX_VALUES:
            text = f"have more than {CLIENT_SCHEMAS_MAX_VALUES} values in their parameters"
            problems.error(source, ("tools",), text)
        problems.raise_if_any()
        agent = validated(Agent, raw, source, (), problems)
        if agent is not None:
            _check_means(agent, config, source, problems)
        problems.raise_if_any()
    except ConfigError as error:
        raise ClientError(str(error)) from None
    assert agent is not None
    try:
        return config.finished(agent.with_files(lambda _: None))
    except ConfigError as error:
        raise ClientError(f"{source}: {error}") from None


def _schema_values(raw: Mapping[str, Any]) -> int:
    """How many values the parameters of its tools have."""
    tools = raw.get("tools")
    named = tools.values() if isinstance(tools, dict) else ()
    waiting: list[Any] = [tool.get("parameters") for tool in named if isinstance(tool, dict)]
    count = 0
    while waiting:
        value = waiting.pop()
        count += 1
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return count


def _check_means(agent: Agent, config: Config, source: str, problems: Problems) -> None:
    means: list[tuple[tuple[str, ...], str | None, str, Collection[str]]] = [
        (("control_agent",), agent.control_agent, "control agent", config.control_agents),
        (("completeness_agent",), agent.completeness_agent, "completeness agent", config.completeness_agents),
    ]
    if not config.any_llm_model:
        means.append((("llm_model",), agent.llm_model, "LLM", config.llm_models))
        means += [(place, model, "LLM", config.llm_models) for place, model in agent.models_beside.items()]
    if agent.knowledge is not None:
        problems.error(source, ("knowledge",), "names files of this server, which only its own agents may read")
    if agent.brain is not None:
        text = "reaches a server with this server's key, and only the server's agents may have one"
        problems.error(source, ("brain",), text)
    for role, choice in agent.voices_by_role().items():
        means.append((("voices", role, "model"), choice.model, "TTS model", config.tts_models))
    for role, choice in agent.fallback_voices().items():
        means.append((("fallback", "voices", role, "model"), choice.model, "TTS model", config.tts_models))
    means.append((("fallback", "stt"), agent.fallback.stt, "stt engine", config.engines_offered.get("stt", ())))
    if agent.after_call is not None:
        text = "is done with the server's own means, and only the server's agents may have it"
        problems.error(source, ("after_call",), text)
    for tool_name, tool in agent.tools.items():
        if tool.body not in CLIENT_BODIES:
            text = "works with the server's own means, and only the server's agents may have such a tool"
            problems.error(source, ("tools", tool_name, tool.body), text)
        for other in tool.agents:
            if other not in config.agents:
                text = f"{quoted(other)} is no agent of this server{did_you_mean(other, config.agents)}"
                problems.error(source, ("tools", tool_name, "agents"), text)
    for kind in CHOSEN:
        what = f"{kind} engine"
        means.append((("engines", kind), getattr(agent.engines, kind), what, config.engines_offered.get(kind, ())))
    for path, name, what, known in means:
        if name is not None and name not in known:
            problems.error(source, path, f"{quoted(name)} is no {what} of this server{did_you_mean(name, known)}")
