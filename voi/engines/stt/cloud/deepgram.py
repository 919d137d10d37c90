"""Deepgram's Nova over its WebSocket.

https://developers.deepgram.com/reference/speech-to-text/listen-streaming
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from voi.engines.base import STT_RATE_HZ, SttOptions, TimedWord
from voi.engines.cloud.client import CloudClient, checked_key, checked_url
from voi.engines.cloud.refusal import refusal
from voi.engines.info import SttInfo
from voi.engines.stt.cloud.ear_script import EarHabits, EarItem, PlainEarScript
from voi.engines.stt.cloud.heard import FLUSHED, HeardText
from voi.engines.stt.cloud.options import ServiceSetting, checked_settings, hot_words, iso, ms, spaced, with_query
from voi.engines.stt.cloud.sockets import IDLE_S, EarSockets
from voi.engines.stt.cloud.utterance import SocketEar

NAME = "deepgram"
HABITS = EarHabits(NAME, quiet_s=0.5)
SETTINGS: Mapping[str, ServiceSetting] = {"punctuate": True, "smart_format": True, "endpointing": 25, "no_delay": True}
OURS = ("model", "language", "encoding", "sample_rate", "channels", "interim_results", "keyterm")
ANY_LANGUAGE = "multi"


class DeepgramScript(PlainEarScript):
    """An `EarScript`."""

    def __init__(self, address: str, language: str) -> None:
        self.address = address
        self._language = language

    def flush(self) -> Sequence[str]:
        return ('{"type":"Finalize"}',)

    def keep_alive(self) -> str:
        return '{"type":"KeepAlive"}'

    def end(self) -> Sequence[str]:
        return ('{"type":"CloseStream"}',)

    def hear(self, message: dict[str, Any]) -> Sequence[EarItem]:
        match message.get("type"):
            case "Results":
                answered = (FLUSHED,) if message.get("from_finalize") is True else ()
                return (*self._heard(message), *answered)
            case "Error":
                told = (str(message.get(key) or "") for key in ("variant", "code", "description", "message"))
                return (refusal(NAME, None, " ".join(told)),)
        return ()

    def _heard(self, message: dict[str, Any]) -> Sequence[HeardText]:
        try:
            best = message["channel"]["alternatives"][0]
            text, words = str(best["transcript"]), [_word(each) for each in best.get("words") or ()]
            end_ms = ms(message["start"] + message["duration"])
            spoken = iso((best.get("languages") or [None])[0]) if self._language == ANY_LANGUAGE else None
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            return ()
        text = spaced(text, spoken or self._language)
        return (HeardText(text, message.get("is_final") is True, tuple(words), end_ms, spoken),)


def _word(word: dict[str, Any]) -> TimedWord:
    text = str(word.get("punctuated_word") or word["word"])
    return TimedWord(text, ms(word["start"]), ms(word["end"]), float(word.get("confidence", 1.0)))


class Deepgram(SocketEar):
    """An `Stt`. `api_key`: write "${DEEPGRAM_API_KEY}". `url`: of another region, such as https://api.eu.deepgram.com.
    `language`: what agents without a language hear; "multi": several, detected. `settings`: Deepgram's own parameters.
    `idle_s`: how long a connection waits for the next utterance. `at_once`: the plan's limit of connections. Raises
    ConfigError."""

    info = SttInfo(NAME, cloud=True, word_times="exact")

    def __init__(
        self,
        *,
        api_key: str,
        url: str = "https://api.deepgram.com",
        model: str = "nova-3",
        language: str = ANY_LANGUAGE,
        settings: Mapping[str, ServiceSetting] | None = None,
        idle_s: float = IDLE_S,
        at_once: int | None = None,
    ) -> None:
        client = CloudClient(NAME, {"Authorization": f"Token {checked_key(NAME, api_key)}"})
        address = f"ws{checked_url(NAME, url, ('https', 'http')).removeprefix('http')}/v1/listen"
        fields: dict[str, ServiceSetting] = {
            "model": model, "encoding": "linear16", "sample_rate": STT_RATE_HZ, "channels": 1,
            "interim_results": True, **SETTINGS, **checked_settings(NAME, settings, OURS),
        }  # fmt: skip
        terms = "keyterm" if model.startswith("nova-3") else "keywords"

        def script(options: SttOptions) -> DeepgramScript:
            spoken = options.language or language
            words = {terms: hot_words(options.hot_words)} if options.hot_words else {}
            return DeepgramScript(with_query(address, {**fields, "language": spoken, **words}), spoken)

        sockets = EarSockets(HABITS, script, client, idle_s=idle_s, at_once=at_once)
        super().__init__(replace(Deepgram.info, at_once_max=at_once), sockets, client)
