"""A conversation as sound: the person by one voice, the agent by its own, with its tones. To be listened to: nobody has
to wait for anybody in it, so it tells nothing of latencies."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from voi.audio.pcm import silence
from voi.audio.resample import resample
from voi.config.agents import Agent
from voi.config.config import Config
from voi.config.settings import Settings
from voi.dialogue import Voice
from voi.engines import registry
from voi.engines.base import Tts, VoiceSpec
from voi.engines.device import engine_options
from voi.engines.tts.adapter import TtsAdapter
from voi.errors import ClientError
from voi.scenarios.trace import AgentSaid, Trace
from voi.scenarios.voices import RATE_HZ as PERSON_RATE_HZ
from voi.scenarios.voices import PersonsVoice, spoken

RATE_HZ = 24_000
GAP_MS = 500
"""Between two who speak."""
BETWEEN_MS = 2_000
"""Between two conversations."""
CUT_MS = 80
"""The gap behind a person who was interrupted."""


@asynccontextmanager
async def voices_of(agents: list[Agent], config: Config, settings: Settings) -> AsyncIterator[dict[str, Tts]]:
    """The voices of these agents, by model, warm. Raises ConfigError, EngineError."""
    models = {choice.model for agent in agents for choice in agent.voices_by_role().values()}
    async with AsyncExitStack() as stack:
        found: dict[str, Tts] = {}
        for name in sorted(models):
            model = config.tts_models[name]
            factory = registry.find("tts", model.engine)
            options = engine_options(factory, settings.models_dir, settings.device, model.engine_options())
            engine = registry.build(factory, "tts", model.engine, options)
            stack.push_async_callback(engine.close)
            await engine.warm_up()
            found[name] = TtsAdapter(engine)
        yield found


async def conversation_sound(
    trace: Trace, agent: Agent, config: Config, tts: Mapping[str, Tts], person: PersonsVoice
) -> bytes:
    """The conversation as s16le mono at 24 kHz. Raises EngineError."""
    turns: list[tuple[int, int, AgentSaid | str]] = [
        *((heard.at_ms, 0, heard.text) for heard in trace.heard if heard.text.strip()),
        *((said.at_ms, 1, said) for said in trace.said if said.text.strip()),
    ]
    parts: list[bytes] = []
    for _, _, turn in sorted(turns, key=lambda each: each[:2]):
        try:
            if isinstance(turn, str):
                parts.append(resample(await person.sound(turn), PERSON_RATE_HZ, RATE_HZ))
            else:
                parts += [await _said(turn, agent, config, tts), silence(CUT_MS if _cut(turn) else 0, RATE_HZ)]
        except ClientError:
            continue  # no word in it that can be said
        parts.append(silence(GAP_MS, RATE_HZ))
    return b"".join(parts)


async def _said(said: AgentSaid, agent: Agent, config: Config, tts: Mapping[str, Tts]) -> bytes:
    voices = agent.voices_by_role()
    pieces: list[tuple[Voice, str, str]] = [
        (part.voice, part.tone, part.text) for part in said.parts() if part.voice in voices
    ]
    if _cut(said):
        pieces = pieces[:1] and [(pieces[0][0], pieces[0][1], said.shown.partition("... (")[0])]
    sounds = []
    for voice, tone, text in _joined(pieces):
        choice = voices[voice]
        spec = VoiceSpec(choice.voice, tone, choice.speed, agent.language, voice)
        sounds.append(await spoken(tts[choice.model], text, spec, config.language, RATE_HZ))
    return b"".join(sounds)


def _cut(said: AgentSaid) -> bool:
    return said.shown.rstrip().endswith("(interrupted)")


def _joined(pieces: list[tuple[Voice, str, str]]) -> list[tuple[Voice, str, str]]:
    """Successive pieces of one voice and tone as one."""
    found: list[tuple[Voice, str, str]] = []
    for voice, tone, text in pieces:
        if found and found[-1][:2] == (voice, tone):
            found[-1] = (voice, tone, f"{found[-1][2]} {text.strip()}")
        else:
            found.append((voice, tone, text.strip()))
    return found
