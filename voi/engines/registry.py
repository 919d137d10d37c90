"""Engines by kind and name: Voi's own, and plug-ins of other packages.

A package adds an engine with an entry point of the group "voi.engines" whose name is "kind.name":

    [project.entry-points."voi.engines"]
    "tts.piper" = "my_package.piper:Piper"

It names a factory: called with keyword options, it returns an object that implements the kind's Protocol in
`voi.engines.base`. Options of TTS engines come from tts_models.json. An LLM engine serves agents whose llm_model is its
name. An engine's module is imported only when the engine is used.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from voi.engines.info import TtsInfo, info_of
from voi.errors import ConfigError, EngineError

GROUP = "voi.engines"
Kind = Literal["vad", "turn", "voice", "stt", "llm", "tts"]

BUILT_IN: Mapping[Kind, Mapping[str, str]] = {
    "vad": {"energy": "voi.engines.vad.energy:Energy", "silero": "voi.engines.vad.silero:Silero"},
    "turn": {
        "smart-turn": "voi.engines.turn.smart_turn:SmartTurn",
        "turn-1-mini": "voi.engines.turn.turn_1_mini:Turn1Mini",
    },
    "voice": {"voice-judge": "voi.engines.voice.judge:BuiltInVoiceJudge"},
    "stt": {
        "assemblyai": "voi.engines.stt.cloud.assemblyai:AssemblyAi",
        "deepgram": "voi.engines.stt.cloud.deepgram:Deepgram",
        "deepgram-flux": "voi.engines.stt.cloud.deepgram_flux:DeepgramFlux",
        "moonshine": "voi.engines.stt.moonshine:Moonshine",
        "whisper": "voi.engines.stt.whisper.engine:Whisper",
        "faster-whisper": "voi.engines.stt.whisper.engine:FasterWhisper",
        "google-stt": "voi.engines.stt.cloud.google_stt:GoogleStt",
        "openai-realtime-transcription": "voi.engines.stt.cloud.openai_realtime:OpenAiRealtime",
        "openai-transcription": "voi.engines.stt.cloud.openai_transcription:OpenAiTranscription",
        "speechmatics": "voi.engines.stt.cloud.speechmatics:Speechmatics",
    },
    "llm": {
        "echo": "voi.engines.llm.echo:Echo",
        "eliza": "voi.engines.llm.eliza:Eliza",
        "openai_compatible": "voi.engines.llm.openai_compatible:OpenAiCompatible",
        "llamacpp": "voi.engines.llm.llamacpp:LlamaCpp",
        "litellm_local": "voi.engines.llm.litellm_local:LiteLlmLocal",
    },
    "tts": {
        "cartesia": "voi.engines.tts.cloud.cartesia:Cartesia",
        "command": "voi.engines.tts.command:CommandVoice",
        "deepgram-aura": "voi.engines.tts.cloud.deepgram_aura:DeepgramAura",
        "elevenlabs": "voi.engines.tts.cloud.elevenlabs:ElevenLabs",
        "azure-tts": "voi.engines.tts.cloud.azure_tts:AzureTts",
        "espeak": "voi.engines.tts.espeak:Espeak",
        "fastpitch": "voi.engines.tts.fastpitch.engine:FastPitchVoice",
        "google-tts": "voi.engines.tts.cloud.google_tts:GoogleTts",
        "hibari": "voi.engines.tts.hibari:Hibari",
        "kokoro": "voi.engines.tts.kokoro:Kokoro",
        "openai-speech": "voi.engines.tts.cloud.openai_speech:OpenAiSpeech",
        "piper": "voi.engines.tts.piper:Piper",
        "pocket-tts": "voi.engines.tts.pocket.engine:PocketTts",
        "xtts": "voi.engines.tts.xtts.engine:Xtts",
    },
}


def names(kind: Kind) -> tuple[str, ...]:
    """Names of all engines of that kind, Voi's own first."""
    return tuple(dict.fromkeys((*BUILT_IN[kind], *_brought(kind))))


def find(kind: Kind, name: str) -> Callable[..., Any]:
    """Import the factory (which may take a while: do not call it on the event loop). Plug-ins cannot replace Voi's own
    engines.

    Raises ConfigError for an unknown name, EngineError when the engine's code cannot be imported.
    """
    target = BUILT_IN[kind].get(name)
    brought = None if target else _brought(kind).get(name)
    if target is None and brought is None:
        raise ConfigError(f"There is no {kind} engine {name!r}; there are: {', '.join(names(kind))}.")
    try:
        if target is not None:
            module, _, attribute = target.partition(":")
            factory = getattr(import_module(module), attribute)
        else:
            assert brought is not None
            factory = brought.load()
    except Exception as error:  # a plug-in may fail in any way
        missing = isinstance(error, ModuleNotFoundError) and error.name
        reason = f"it needs the package {missing}" if missing else f"{type(error).__name__}: {error}"
        raise EngineError(f"The {kind} engine {name} cannot be loaded: {reason}.") from error
    if not callable(factory):
        raise EngineError(f"The {kind} engine {name} is no factory: its entry point must name one.")
    return factory  # type: ignore[no-any-return]


def tts_info(name: str) -> TtsInfo | None:
    """What a TTS engine declares of itself before one is made. None: there is none of that name, or its code cannot be
    imported. Blocks like `find`."""
    try:
        info = info_of(find("tts", name), name)
    except (ConfigError, EngineError):
        return None
    return info if isinstance(info, TtsInfo) else None


def create(kind: Kind, name: str, options: Mapping[str, Any] | None = None) -> Any:
    """A new engine, not yet warmed up. Raises ConfigError for an unknown name or option, EngineError."""
    return build(find(kind, name), kind, name, options or {})


def build(factory: Callable[..., Any], kind: Kind, name: str, options: Mapping[str, Any]) -> Any:
    """Call a factory from `find`. Raises ConfigError for an unknown option, and what the factory raises. A TTS engine
    that takes no `language` goes without: that of its model counts for the text as well."""
    signature = inspect.signature(factory)
    if kind == "tts" and "language" in options and not _takes(signature, "language"):
        options = {option: value for option, value in options.items() if option != "language"}
    try:
        signature.bind(**options)
    except TypeError as error:
        raise ConfigError(f"The {kind} engine {name} cannot be made with these options: {error}.") from None
    return factory(**options)


def _takes(signature: inspect.Signature, option: str) -> bool:
    return option in signature.parameters or any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.parameters.values()
    )


def _brought(kind: Kind) -> dict[str, EntryPoint]:
    prefix = f"{kind}."
    points = _points(entry_points)
    return {point.name.removeprefix(prefix): point for point in points if point.name.startswith(prefix)}


@lru_cache(maxsize=1)
def _points(read: Callable[..., Iterable[EntryPoint]]) -> tuple[EntryPoint, ...]:
    """The group's entry points by `read`, which looks at every installed package. None is installed or removed while a
    process runs."""
    return tuple(read(group=GROUP))
