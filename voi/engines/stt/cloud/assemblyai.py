"""AssemblyAI's streaming speech-to-text, version 3.

https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from voi.engines.base import STT_RATE_HZ, SttOptions, TimedWord
from voi.engines.cloud.client import CloudClient, checked_key, checked_url
from voi.engines.cloud.refusal import closed
from voi.engines.info import SttInfo
from voi.engines.stt.cloud.ear_script import EarHabits, EarItem, PlainEarScript
from voi.engines.stt.cloud.heard import FLUSHED, READY, HeardText, joined
from voi.engines.stt.cloud.options import ServiceSetting, checked_settings, hot_words, iso, spaced, with_query
from voi.engines.stt.cloud.sockets import IDLE_S, EarSockets
from voi.engines.stt.cloud.utterance import SocketEar

NAME = "assemblyai"
ENGLISH, MANY = "universal-streaming-english", "universal-streaming-multilingual"
HABITS = EarHabits(NAME, frame_ms=(50, 200), begins_ready=False, quiet_s=0.5, pace=4.0)
OURS = ("speech_model", "encoding", "sample_rate", "format_turns", "keyterms_prompt")


class AssemblyAiScript(PlainEarScript):
    """An `EarScript`. A turn's words come as they are heard; its end comes twice, the second time with punctuation."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._ended_turn = -1

    def flush(self) -> Sequence[str]:
        return ('{"type":"ForceEndpoint"}',)

    def keep_alive(self) -> str:
        return '{"type":"KeepAlive"}'

    def end(self) -> Sequence[str]:
        return ('{"type":"Terminate"}',)

    def hear(self, message: dict[str, Any]) -> Sequence[EarItem]:
        match message.get("type"):
            case "Begin":
                return (READY,)
            case "Turn":
                return self._turn(message)
            case "Error":
                code = message.get("error_code")
                return (closed(NAME, code if isinstance(code, int) else 1008, str(message.get("error") or "")),)
        return ()

    def _turn(self, message: dict[str, Any]) -> Sequence[EarItem]:
        try:
            turn, text = int(message["turn_order"]), str(message["transcript"])
            words = tuple(_word(each) for each in message.get("words") or ())
        except (KeyError, TypeError, ValueError):
            return ()
        if turn <= self._ended_turn:
            return ()
        language = iso(message.get("language_code"))
        if message.get("end_of_turn") is not True:
            if not words:
                return (HeardText(spaced(text, language), False),)
            return (HeardText(joined(word.text for word in words), False, words, words[-1].end_ms, language),)
        if message.get("turn_is_formatted") is not True:
            return ()  # it comes again
        self._ended_turn = turn
        end_ms = words[-1].end_ms if words else None
        return (HeardText(spaced(text, language), True, words, end_ms, language), FLUSHED)


def _word(word: dict[str, Any]) -> TimedWord:
    start_ms, end_ms = int(word["start"]), int(word["end"])
    return TimedWord(str(word["text"]), start_ms, end_ms, float(word.get("confidence", 1.0)))


class AssemblyAi(SocketEar):
    """An `Stt`. `api_key`: write "${ASSEMBLYAI_API_KEY}". `url`: https://streaming.eu.assemblyai.com keeps sound in
    Europe. `model`: None: the English one for English, else the one for many languages. `settings`: AssemblyAI's own
    parameters. `idle_s`, `at_once`: see `Deepgram`. Raises ConfigError."""

    info = SttInfo(NAME, cloud=True, word_times="exact")

    def __init__(
        self,
        *,
        api_key: str,
        url: str = "https://streaming.assemblyai.com",
        model: str | None = None,
        settings: Mapping[str, ServiceSetting] | None = None,
        idle_s: float = IDLE_S,
        at_once: int | None = None,
    ) -> None:
        client = CloudClient(NAME, {"Authorization": checked_key(NAME, api_key)})
        address = f"ws{checked_url(NAME, url, ('https', 'http')).removeprefix('http')}/v3/ws"
        own = checked_settings(NAME, settings, OURS)

        def script(options: SttOptions) -> AssemblyAiScript:
            usual = ENGLISH if iso(options.language) == "en" else MANY
            fields: dict[str, ServiceSetting] = {
                "speech_model": model or usual, "encoding": "pcm_s16le", "sample_rate": STT_RATE_HZ,
                "format_turns": True, **own,
            }  # fmt: skip
            if words := hot_words(options.hot_words):
                fields["keyterms_prompt"] = orjson.dumps(words).decode()
            return AssemblyAiScript(with_query(address, fields))

        sockets = EarSockets(HABITS, script, client, idle_s=idle_s, at_once=at_once)
        super().__init__(replace(AssemblyAi.info, at_once_max=at_once), sockets, client)
