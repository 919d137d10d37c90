"""What `voi check` and `voi doctor` find out about agents' speech-to-speech models."""

import asyncio

from voi.cli.findings import Finding, Grade
from voi.config.brain import SpeechBrain
from voi.config.config import Config
from voi.config.problems import Problems, quoted
from voi.config.secret_refs import missing_variables
from voi.engines.speech_to_speech.socket import probe
from voi.errors import ConfigError, EngineError


def check_brains(config: Config, problems: Problems) -> None:
    """Keys that are not set or would cross a network in plain text, and prompts that do not fit. Nothing is reached."""
    source = config.agents_source
    for name, agent in config.agents.items():
        brain = agent.brain
        if brain is None:
            continue
        for variable in missing_variables({"api_key": brain.api_key}):
            problems.error(
                source, (name, "brain", "api_key"), f"the environment variable {variable} is not set; put it into .env"
            )
        if brain.shows_key:
            text = f"sends its key to {brain.host} in plain text: use wss://"
            problems.warn(source, (name, "brain", "url"), text)
        if agent.speaks_json:
            text = "speaks what it writes, and the prompt asks for JSON: take the message format out of the prompt"
            problems.warn(source, (name, "brain"), text)
        if agent.temperature is not None:
            problems.warn(source, (name, "temperature"), "is not heeded by the agent's speech-to-speech model")


async def brain_findings(config: Config | None) -> list[Finding]:
    """Connects to each server, which costs nothing, and waits for its first event."""
    used: dict[SpeechBrain, str] = {}
    for name, agent in config.agents.items() if config else ():
        if agent.brain is not None:
            used.setdefault(agent.brain, name)
    return list(await asyncio.gather(*(_reached(brain, name) for brain, name in used.items())))


async def _reached(brain: SpeechBrain, agent: str) -> Finding:
    about = f"{brain.model} at {brain.host}, for the agent {quoted(agent)}"
    try:
        await probe(brain)
    except (EngineError, ConfigError) as error:
        return Finding("engines", "brain", Grade.MISSING, about, str(error))
    return Finding("engines", "brain", Grade.OK, f"{about}: it answers")
