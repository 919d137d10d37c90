"""Speechmatics' realtime transcription.

https://docs.speechmatics.com/api-ref/realtime-transcription-websocket
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from voi.engines.base import STT_RATE_HZ, SttOptions, TimedWord
from voi.engines.cloud.client import CloudClient, checked_key, checked_url
from voi.engines.cloud.refusal import closed, refusal
from voi.engines.info import SttInfo
from voi.engines.stt.cloud.ear_script import EarHabits, EarItem, PlainEarScript
from voi.engines.stt.cloud.heard import FLUSHED, READY, HeardText
from voi.engines.stt.cloud.options import UNSPACED, ServiceSetting, checked_settings, hot_words, iso, ms
from voi.engines.stt.cloud.sockets import IDLE_S, EarSockets
from voi.engines.stt.cloud.utterance import SocketEar
from voi.engines.stt.segments import BYTES_PER_MS

NAME = "speechmatics"
HABITS = EarHabits(NAME, begins_ready=False, keep_alive_s=5.0)
KEEP_ALIVE_MS = 100
SETTINGS: Mapping[str, ServiceSetting] = {"max_delay": 1.0, "max_delay_mode": "flexible", "operating_point": "enhanced"}
OURS = ("language", "enable_partials", "additional_vocab", "conversation_config")
PASSING = frozenset({"job_error", "internal_error", "timelimit_exceeded", "idle_timeout", "buffer_error"})
"""Types of errors that another connection does not have."""


class SpeechmaticsScript(PlainEarScript):
    """An `EarScript`. The service counts the messages with sound, and wants their number at the end."""

    def __init__(self, address: str, config: Mapping[str, Any]) -> None:
        self.address = address
        self._config = config
        self._space = "" if iso(config["language"]) in UNSPACED else " "
        self._sounds = 0

    def begin(self) -> Sequence[str]:
        sound = {"type": "raw", "encoding": "pcm_s16le", "sample_rate": STT_RATE_HZ}
        start = {"message": "StartRecognition", "audio_format": sound, "transcription_config": self._config}
        return (orjson.dumps(start).decode(),)

    def sound(self, pcm: bytes) -> bytes:
        self._sounds += 1
        return pcm

    def flush(self) -> Sequence[str]:
        return ('{"message":"ForceEndOfUtterance"}',)

    def keep_alive(self) -> bytes:
        return bytes(KEEP_ALIVE_MS * BYTES_PER_MS)

    def end(self) -> Sequence[str]:
        return (orjson.dumps({"message": "EndOfStream", "last_seq_no": self._sounds}).decode(),)

    def hear(self, message: dict[str, Any]) -> Sequence[EarItem]:
        match message.get("message"):
            case "RecognitionStarted":
                return (READY,)
            case "AddTranscript":
                return self._heard(message, final=True)
            case "AddPartialTranscript":
                return self._heard(message, final=False)
            case "EndOfUtterance":
                return (FLUSHED,)
            case "Error":
                kind, reason = (str(message.get(key) or "") for key in ("type", "reason"))
                error = closed(NAME, 1011, reason) if kind in PASSING else refusal(NAME, None, f"{kind} {reason}")
                return (error,)
        return ()

    def _heard(self, message: dict[str, Any], *, final: bool) -> Sequence[HeardText]:
        text, glued = "", False
        words: list[TimedWord] = []
        try:
            end_ms = ms(message["metadata"]["end_time"])
            for result in message.get("results") or ():
                best = result["alternatives"][0]
                content, mark = str(best["content"]), result.get("type") == "punctuation"
                attaches = result.get("attaches_to") if mark else None
                joined = glued or (mark and attaches in ("previous", "both"))
                text += content if joined else self._space + content
                glued = mark and attaches in ("next", "both")
                if joined and words:
                    words[-1] = replace(words[-1], text=words[-1].text + content)
                else:
                    start_ms, stop_ms = ms(result["start_time"]), ms(result["end_time"])
                    words.append(TimedWord(content, start_ms, stop_ms, float(best.get("confidence", 1.0))))
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            return ()
        return (HeardText(text, final, tuple(words), end_ms),)


class Speechmatics(SocketEar):
    """An `Stt`. `api_key`: write "${SPEECHMATICS_API_KEY}". `url`: of another region. `language`: what agents without
    a language hear; the service detects none. `settings`: fields of its `transcription_config`. `idle_s`, `at_once`:
    see `Deepgram`. Raises ConfigError."""

    info = SttInfo(NAME, cloud=True, word_times="exact")

    def __init__(
        self,
        *,
        api_key: str,
        url: str = "https://eu2.rt.speechmatics.com",
        language: str = "en",
        settings: Mapping[str, ServiceSetting] | None = None,
        idle_s: float = IDLE_S,
        at_once: int | None = None,
    ) -> None:
        client = CloudClient(NAME, {"Authorization": f"Bearer {checked_key(NAME, api_key)}"})
        address = f"ws{checked_url(NAME, url, ('https', 'http')).removeprefix('http')}/v2"
        own = {**SETTINGS, **checked_settings(NAME, settings, OURS)}

        def script(options: SttOptions) -> SpeechmaticsScript:
            config: dict[str, Any] = {"language": options.language or language, "enable_partials": True, **own}
            if words := hot_words(options.hot_words):
                config["additional_vocab"] = [{"content": word} for word in words]
            return SpeechmaticsScript(address, config)

        sockets = EarSockets(HABITS, script, client, idle_s=idle_s, at_once=at_once)
        super().__init__(replace(Speechmatics.info, at_once_max=at_once), sockets, client)
