"""Cartesia's Sonic voices over its WebSocket, with contexts and word times.

https://docs.cartesia.ai/api-reference/tts/websocket
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from voi.dialogue import SpokenWord
from voi.engines.base import VoiceSpec
from voi.engines.cloud.client import CloudClient, checked_key, checked_url
from voi.engines.cloud.refusal import refusal
from voi.engines.info import TtsInfo
from voi.engines.tts.cloud.contexts import ENDED, ContextItem, ContextVoice, sound_in
from voi.engines.tts.cloud.tone_settings import AllowedSetting, ToneSettings, tone_settings
from voi.engines.tts.cloud.voice_names import VoiceNames, checked_rate, chosen
from voi.engines.tts.tone_map import voice_in_tone
from voi.errors import EngineError

NAME = "cartesia"
VERSION = "2026-03-01"
"""The first version of the API whose errors have codes."""
RATES_HZ = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)
TONES: Mapping[str, Mapping[str, Any]] = {
    "warm": {"emotion": "affectionate", "speed": 0.95},
    "excited": {"emotion": "excited"},
    "sad": {"emotion": "sad"},
}
SETTINGS: Mapping[str, AllowedSetting] = {"emotion": str, "speed": (0.6, 2.0), "volume": (0.5, 2.0)}
ID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PAGE = 100
PAGES_MAX = 20


class CartesiaScript:
    """A `ContextScript`: one context. Every message repeats all of its fields, as the service demands."""

    def __init__(self, fields: Mapping[str, Any], context: str) -> None:
        self._fields = {**fields, "context_id": context}
        self._context = context

    def begin(self) -> Sequence[str]:
        return ()

    def say(self, text: str) -> Sequence[str]:
        return (self._request(f"{text} ", more=True),)

    def finish(self) -> Sequence[str]:
        return (self._request("", more=False),)

    def cancel(self) -> Sequence[str]:
        return (orjson.dumps({"context_id": self._context, "cancel": True}).decode(),)

    def keep_alive(self) -> None:
        return None

    def hear_sound(self, pcm: bytes) -> Sequence[ContextItem]:
        return ()

    def hear(self, message: dict[str, Any]) -> Sequence[ContextItem]:
        match message.get("type"):
            case "chunk":
                return (sound_in(NAME, message.get("data")),)
            case "timestamps":
                return _words_in(message.get("word_timestamps"))
            case "done":
                return (ENDED,)
            case "error":
                return (error_in(message),)
        return ()

    def _request(self, text: str, *, more: bool) -> str:
        return orjson.dumps({**self._fields, "transcript": text, "continue": more}).decode()


class CartesiaDialect:
    """A `Dialect`."""

    name = NAME
    contexts_max = 50
    labels = True
    cancel_ends = True
    keep_alive_s = 30.0
    context_idle_s = 0.8
    """The service drops a context one second after its last sound."""

    def __init__(self, socket_url: str, model: str, rate_hz: int, language: str | None, tones: ToneSettings) -> None:
        self.rate_hz = rate_hz
        self.voices = VoiceNames({})
        self._url, self._model, self._language, self.tones = socket_url, model, language, tones

    def allowance(self) -> None:
        return None

    def address(self, voice: VoiceSpec) -> str:
        self._voice_id(voice)
        return self._url

    def script(self, context: str, voice: VoiceSpec, allowance: None) -> CartesiaScript:
        manner = dict(self.tones.of(voice.tone))
        speed = min(2.0, max(0.6, manner.pop("speed", 1.0) * voice.speed))
        fields: dict[str, Any] = {
            "model_id": self._model,
            "voice": {"mode": "id", "id": self._voice_id(voice)},
            "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": self.rate_hz},
            "add_timestamps": True,
            "max_buffer_delay_ms": 0,  # whole sentences come
        }
        if language := voice.language or self._language:
            fields["language"] = language
        if manner or speed != 1.0:
            fields["generation_config"] = manner | {"speed": round(speed, 3)}
        return CartesiaScript(fields, context)

    def context_of(self, message: dict[str, Any]) -> str | None:
        context = message.get("context_id")
        return context if isinstance(context, str) else None

    def error_of(self, message: dict[str, Any]) -> EngineError | None:
        return error_in(message) if message.get("type") == "error" else None

    def _voice_id(self, voice: VoiceSpec) -> str:
        return self.voices.id_of(NAME, voice_in_tone(voice, self.tones.voices))


class Cartesia(ContextVoice):
    """A `ContextTts`. `api_key`: write "${CARTESIA_API_KEY}". `voices`: names or ids of those that agents may use;
    none: all of the account's. `voice_tone_map`: tone -> a voice, or {"emotion", "speed", "volume"}. `at_once`: the
    plan's limit of contexts. Raises ConfigError."""

    info = TtsInfo(
        NAME, cloud=True, contexts=True, word_times="exact", tones=("neutral", *TONES), maps_tones=True,
        text_max_characters=2_000,
    )  # fmt: skip

    def __init__(
        self,
        *,
        api_key: str,
        url: str = "https://api.cartesia.ai",
        model: str = "sonic-3",
        version: str = VERSION,
        voices: Sequence[str] = (),
        voice_tone_map: Mapping[str, Any] | None = None,
        language: str | None = None,
        sample_rate_hz: int = 24_000,
        at_once: int | None = None,
        avg_text_len: int | None = None,
    ) -> None:
        key = checked_key(NAME, api_key)
        self._url = checked_url(NAME, url, ("https", "http"))
        client = CloudClient(NAME, {"X-API-Key": key, "Cartesia-Version": version})
        self._wanted = (voices,) if isinstance(voices, str) else tuple(voices)
        tones = tone_settings(NAME, TONES, voice_tone_map, SETTINGS)
        socket_url = f"ws{self._url.removeprefix('http')}/tts/websocket"
        rate_hz = checked_rate(NAME, sample_rate_hz, RATES_HZ)
        self._dialect = CartesiaDialect(socket_url, model, rate_hz, language, tones)
        info = replace(
            Cartesia.info,
            sample_rate_hz=sample_rate_hz,
            tones=tones.tones,
            tone_voices=tones.voices,
            at_once_max=at_once,
            text_max_characters=avg_text_len or Cartesia.info.text_max_characters,
        )
        super().__init__(info, self._dialect, client)

    async def warm_up(self) -> None:
        """Read the account's voices, which costs nothing, and connect. Raises EngineError, ConfigError."""
        self._dialect.voices = chosen(
            NAME, self._wanted, await self._listed(), ID_FORM, self._dialect.tones.voices.values()
        )
        self.info = replace(self.info, voices=self._dialect.voices.names)
        await self._sockets.warm(VoiceSpec())

    async def _listed(self) -> dict[str, str]:
        """Name -> id, page by page."""
        found: dict[str, str] = {}
        after: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            page = await self._client.json("GET", f"{self._url}/voices", params={"limit": str(PAGE), **after})
            listed = page.get("data") if isinstance(page, dict) else page
            voices = [each for each in listed or () if isinstance(each, dict) and isinstance(each.get("id"), str)]
            for each in voices:
                found.setdefault(str(each.get("name") or each["id"]), each["id"])
            if not voices or not isinstance(page, dict) or not page.get("has_more"):
                break
            after = {"starting_after": voices[-1]["id"]}
        return found


def error_in(message: dict[str, Any]) -> EngineError:
    """The service's error, also in the form that it had before `VERSION`."""
    words = " ".join(str(message.get(key) or "") for key in ("error_code", "title", "message", "error"))
    status = message.get("status_code")
    return refusal(NAME, status if isinstance(status, int) else None, words)


def _words_in(times: Any) -> Sequence[ContextItem]:
    if not isinstance(times, dict):
        return ()
    try:
        rows = zip(times["words"], times["start"], times["end"], strict=True)
        return [SpokenWord(str(word), round(1_000 * start), round(1_000 * end)) for word, start, end in rows]
    except (KeyError, TypeError, ValueError, OverflowError):
        return ()
