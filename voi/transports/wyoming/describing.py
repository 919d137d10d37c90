"""What `describe` is answered with: the services that run now, with their languages and makers."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    HandleModel,
    HandleProgram,
    Info,
    TtsProgram,
    TtsVoice,
    WakeModel,
    WakeProgram,
)

from voi import __version__
from voi.text.language import AUTO
from voi.transports.wyoming.home import Home

PROGRAM = "voi"
MAKERS = {
    "espeak": ("eSpeak NG", "https://github.com/espeak-ng/espeak-ng", "espeakng-loader"),
    "faster-whisper": ("SYSTRAN", "https://github.com/SYSTRAN/faster-whisper", "faster-whisper"),
    "hibari": ("Hibari TTS", "https://pypi.org/project/hibari-tts/", "hibari-tts"),
    "moonshine": ("Moonshine AI", "https://github.com/moonshine-ai/moonshine", "moonshine-voice"),
    "piper": ("Piper", "https://github.com/OHF-Voice/piper1-gpl", ""),
    "whisper": ("OpenAI", "https://github.com/openai/whisper", "openai-whisper"),
    "xtts": ("Coqui", "https://github.com/idiap/coqui-ai-TTS", ""),
}
"""Who made an engine or its models, by the engine's name, and the package whose version counts."""


def info(home: Home) -> Info:
    """Raises ClientError while the server starts."""
    return Info(asr=[_asr(home)], tts=_tts(home), handle=_handle(home), wake=_wake(home))


def _asr(home: Home) -> AsrProgram:
    usual = home.ear(None, None)
    languages = _language_of(home)
    models = [
        AsrModel(name, _maker(engine.info.name), True, f"{name} (Voi)", _version(engine.info.name),
                 list(engine.info.languages or languages))
        for name, engine in sorted(home.ears.all().items(), key=lambda each: each[0] != usual.name)
    ]  # fmt: skip
    return AsrProgram(
        PROGRAM, _own(), True, "Speech recognition of Voi", __version__, models, supports_transcript_streaming=True
    )


def _tts(home: Home) -> list[TtsProgram]:
    tts = home.engines.tts
    voices = [
        TtsVoice(each.name, _maker(engine), True, each.description, _version(engine), list(each.languages))
        for each in home.voices.all()
        if (engine := tts[each.model].info.name)
    ]
    if not voices:
        return []
    described = "Voices of Voi"
    return [TtsProgram(PROGRAM, _own(), True, described, __version__, voices, supports_synthesize_streaming=True)]


def _handle(home: Home) -> list[HandleProgram]:
    """A program for each agent: clients take the first, unless they select another."""
    config = home.out_of_call.config()
    programs = []
    for name in home.agents:
        agent = config.finished(config.agents[name])
        languages = [agent.language] if agent.language and agent.language != AUTO else []
        described = agent.description or agent.title or name
        model = HandleModel(name, _own(), True, described, __version__, languages)
        programs.append(
            HandleProgram(
                name, _own(), True, described, __version__, [model], supports_handled_streaming=True,
                supports_home_control=bool(agent.tools),
            )
        )  # fmt: skip
    return programs


def _wake(home: Home) -> list[WakeProgram]:
    if not home.wake_words:
        return []
    languages = list(home.ear(None, None).engine.info.languages or _language_of(home))
    models = [WakeModel(name, _own(), True, name, __version__, languages, name) for name in home.wake_words]
    return [WakeProgram(PROGRAM, _own(), True, "Wake words found in transcripts", __version__, models)]


def _language_of(home: Home) -> list[str]:
    """For engines that do not tell theirs."""
    language = home.ear(None, None).options.language
    return [language or "en"]


def _own() -> Attribution:
    return Attribution("Voi", "")


def _maker(engine: str) -> Attribution:
    name, url, _ = MAKERS.get(engine, (engine, "", ""))
    return Attribution(name, url)


@cache
def _version(engine: str) -> str | None:
    package = MAKERS.get(engine, ("", "", ""))[2]
    try:
        return version(package) if package else None
    except PackageNotFoundError:
        return None
