"""OpenAI's Realtime API as an ear: transcription sessions over a WebSocket.

https://platform.openai.com/docs/guides/realtime-transcription
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from voi.audio.base64_text import to_base64
from voi.audio.resample import Resampler
from voi.engines.base import STT_RATE_HZ, SttOptions
from voi.engines.cloud.client import CloudClient, checked_key, checked_url
from voi.engines.cloud.refusal import closed, refusal
from voi.engines.info import SttInfo
from voi.engines.stt.cloud.ear_script import EarHabits, EarItem
from voi.engines.stt.cloud.heard import FLUSHED, READY, HeardText
from voi.engines.stt.cloud.options import ServiceSetting, checked_settings, hot_words, iso, spaced
from voi.engines.stt.cloud.sockets import IDLE_S, EarSockets
from voi.engines.stt.cloud.utterance import SocketEar
from voi.engines.stt.segments import BYTES_PER_MS

NAME = "openai-realtime-transcription"
RATE_HZ = 24_000
"""The only rate that the service takes."""
FINAL_S = 3.0
"""Most models begin with an utterance only when it has ended."""
HABITS = EarHabits(NAME, begins_ready=False, keep_alive_s=30.0, final_s=FINAL_S, unconfirmed_ms=60_000)
COMMIT_MIN_MS = 120
"""The service refuses less than 100 ms."""
LIVE_MODELS = ("gpt-realtime-whisper", "gpt-live-transcribe")
"""Models that write while the person speaks."""
WHOLE_DELTAS = ("whisper-1",)
"""Models whose every delta is the whole text."""
OURS = ("model", "language", "prompt")
OPENAI_HOST = "api.openai.com"
EVENTS = "conversation.item.input_audio_transcription."
ITEMS_MAX = 1_000


class OpenAiRealtimeScript:
    """An `EarScript`. A flush commits the sound, which becomes an item; their texts may come in another order."""

    def __init__(self, address: str, session: Mapping[str, Any], model: str, language: str | None) -> None:
        self.address = address
        self._session, self._language = session, language
        self._whole_deltas = model in WHOLE_DELTAS
        self._resampler = Resampler(STT_RATE_HZ, RATE_HZ)
        self._sound_bytes = self._committed_bytes = 0
        self._commits: deque[int | None] = deque()
        """Where commits end that the service has not confirmed, in ms; None: their text is of no interest."""
        self._items: dict[str, int] = {}
        """Committed items in order, and where their sound ends."""
        self._ignored: dict[str, None] = {}
        self._growing: dict[str, str] = {}
        self._done: dict[str, str] = {}

    def begin(self) -> Sequence[str]:
        return (orjson.dumps({"type": "session.update", "session": self._session}).decode(),)

    def sound(self, pcm: bytes) -> str:
        self._sound_bytes += len(pcm)
        return self._append(self._resampler.push(pcm))

    def flush(self) -> Sequence[str]:
        waiting_ms = (self._sound_bytes - self._committed_bytes) // BYTES_PER_MS
        if not waiting_ms:
            return ()
        quiet = bytes(max(0, COMMIT_MIN_MS - waiting_ms) * 2 * RATE_HZ // 1_000)
        rest = self._resampler.flush() + quiet
        self._committed_bytes = self._sound_bytes
        self._commits.append(self._sound_bytes // BYTES_PER_MS)
        return (self._append(rest), '{"type":"input_audio_buffer.commit"}')

    def drop(self) -> Sequence[str]:
        self._resampler.flush()
        self._committed_bytes = self._sound_bytes
        self._commits = deque(None for _ in self._commits)
        self._ignored.update(dict.fromkeys((*self._items, *self._growing)))
        while len(self._ignored) > ITEMS_MAX:
            del self._ignored[next(iter(self._ignored))]
        self._items.clear()
        self._growing.clear()
        self._done.clear()
        return ('{"type":"input_audio_buffer.clear"}',)

    def keep_alive(self) -> None:
        return None

    def end(self) -> Sequence[str]:
        return ()

    def hear(self, message: dict[str, Any]) -> Sequence[EarItem]:
        kind, item = str(message.get("type")), str(message.get("item_id"))
        if kind in ("session.updated", "transcription_session.updated"):
            return (READY,)
        if kind == "error":
            return self._error(message.get("error"))
        if kind == "input_audio_buffer.committed":
            end_ms = self._commits.popleft() if self._commits else None
            if end_ms is None:
                self._ignored[item] = None
            else:
                self._items[item] = end_ms
            return ()
        if not kind.startswith(EVENTS) or item in self._ignored or len(self._growing) > ITEMS_MAX:
            return ()
        match kind.removeprefix(EVENTS):
            case "delta" if isinstance(delta := message.get("delta"), str):
                self._growing[item] = delta if self._whole_deltas else self._growing.get(item, "") + delta
                return (self._tentative(),)
            case "completed" if isinstance(text := message.get("transcript"), str):
                self._done[item] = text
                return self._finals()
            case "failed":
                return (_refused(message.get("error")),)
        return ()

    def _finals(self) -> Sequence[EarItem]:
        told: list[EarItem] = []
        while self._items and (item := next(iter(self._items))) in self._done:
            self._growing.pop(item, None)
            end_ms = self._items.pop(item)
            told += (HeardText(spaced(self._done.pop(item), self._language), True, end_ms=end_ms), FLUSHED)
        if told and self._growing:
            told.append(self._tentative())
        return told

    def _tentative(self) -> HeardText:
        return HeardText("".join(spaced(text, self._language) for text in self._growing.values()), False)

    def _error(self, error: Any) -> Sequence[EarItem]:
        if isinstance(error, dict) and error.get("code") == "input_audio_buffer_commit_empty":
            if self._commits:
                self._commits.pop()
            return (FLUSHED,)
        return (_refused(error),)

    def _append(self, pcm: bytes) -> str:
        return orjson.dumps({"type": "input_audio_buffer.append", "audio": to_base64(pcm)}).decode()


def _refused(error: Any) -> EarItem:
    told = error if isinstance(error, dict) else {}
    words = " ".join(str(told.get(key) or "") for key in ("type", "code", "message"))
    passing = told.get("type") == "server_error" or told.get("code") == "session_expired"
    return closed(NAME, 1011, "") if passing else refusal(NAME, None, words)


class OpenAiRealtime(SocketEar):
    """An `Stt`. `api_key`: write "${OPENAI_API_KEY}". `model`: "gpt-realtime-whisper" writes while the person speaks,
    others at the end of an utterance. `noise_reduction`: near_field, far_field or none. `settings`: fields of its
    `transcription`. `final_s`: how long a final text may take. `idle_s`, `at_once`: see `Deepgram`. Raises
    ConfigError."""

    info = SttInfo(NAME, cloud=True, partials=False)

    def __init__(
        self,
        *,
        api_key: str,
        url: str = "https://api.openai.com/v1",
        model: str = "gpt-4o-mini-transcribe",
        language: str | None = None,
        noise_reduction: str = "none",
        settings: Mapping[str, ServiceSetting] | None = None,
        final_s: float = FINAL_S,
        idle_s: float = IDLE_S,
        at_once: int | None = None,
    ) -> None:
        client = CloudClient(NAME, {"Authorization": f"Bearer {checked_key(NAME, api_key)}"})
        base = checked_url(NAME, url, ("https", "http"))
        address = f"ws{base.removeprefix('http')}/realtime?intent=transcription"
        if urlsplit(base).hostname != OPENAI_HOST:
            address += f"&model={quote(model)}"  # gateways route by it; OpenAI itself would begin a conversation
        own = checked_settings(NAME, settings, OURS)

        def script(options: SttOptions) -> OpenAiRealtimeScript:
            spoken = iso(options.language or language)
            transcription: dict[str, Any] = {"model": model, **own}
            if spoken:
                transcription["language"] = spoken
            if prompt := " ".join((options.prompt, ", ".join(hot_words(options.hot_words)))).strip():
                transcription["prompt"] = prompt
            heard: dict[str, Any] = {
                "format": {"type": "audio/pcm", "rate": RATE_HZ}, "transcription": transcription,
                "turn_detection": None,
            }  # fmt: skip
            if noise_reduction != "none":
                heard["noise_reduction"] = {"type": noise_reduction}
            session = {"type": "transcription", "audio": {"input": heard}}
            return OpenAiRealtimeScript(address, session, model, spoken)

        sockets = EarSockets(replace(HABITS, final_s=final_s), script, client, idle_s=idle_s, at_once=at_once)
        info = replace(OpenAiRealtime.info, partials=model in LIVE_MODELS, at_once_max=at_once)
        super().__init__(info, sockets, client)
