"""What agents ask for and the running engines do not have: voices, tones and languages."""

from collections.abc import Iterable, Mapping

from voi.config.config import Config, VoiceUse
from voi.engines.base import Stt, Tts
from voi.text.language import AUTO


def unspeakable(uses: Iterable[VoiceUse], tts: Mapping[str, Tts]) -> list[str]:
    """Problems with the voices, tones and languages that agents name: what the running engines do not have."""
    problems = []
    for use in uses:
        engine = tts.get(use.tts_model)
        if engine is None and use.replaceable:
            continue
        if engine is None:
            problems.append(f"{use.where}.model: the TTS model {use.tts_model!r} is not running: restart the server")
            continue
        info = engine.info
        if use.voice is not None and use.voice not in info.voices:
            known = ", ".join(info.voices)
            problems.append(f"{use.where}.voice: {use.tts_model} has no voice {use.voice!r}; there are: {known}")
        if use.language and info.languages and not _speaks(info.languages, use.language):
            known = ", ".join(info.languages)
            problems.append(f"{use.where}: {use.tts_model} does not speak {use.language!r}; it speaks {known}")
        for tone in use.tones:
            if tone not in info.tones:
                known = ", ".join(info.tones)
                problems.append(f"{use.where}: {use.tts_model} has no tone {tone!r}; there are: {known}")
    return problems


def _speaks(languages: Iterable[str], wish: str) -> bool:
    short = wish.lower().replace("_", "-").split("-")[0]
    return short in (AUTO, *(language.split("-")[0] for language in languages)) or (
        short == "cmn" and "zh-cn" in languages
    )


def unheard(config: Config, stts: Mapping[str, Stt], usual: Stt) -> list[str]:
    """One line for each agent whose language is not among those of its STT engine, or is to be detected by one that
    knows a single language."""
    notes = []
    for name, agent in config.agents.items():
        info = stts.get(agent.engines.stt or "", usual).info
        if info.languages is None or not agent.language:
            continue
        if agent.language.lower() == AUTO and len(info.languages) == 1:
            notes.append(
                f"Agent {name} is to detect the language (auto), and STT {info.name} hears only {info.languages[0]}: "
                "who speaks another one is not understood."
            )
        elif agent.language.lower().split("-")[0] not in (AUTO, *info.languages):
            notes.append(
                f"Agent {name} speaks {agent.language}, and STT {info.name} hears only {', '.join(info.languages)}: "
                "it can be typed to, not spoken to."
            )
    return notes
