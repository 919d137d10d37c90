"""ElevenLabs' voices: over its multi-context WebSocket with word times, or over HTTP, sentence by sentence.

https://elevenlabs.io/docs/api-reference/text-to-speech/v-1-text-to-speech-voice-id-multi-stream-input
"""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import quote, urlencode

import orjson

from voi.dialogue import SpokenWord
from voi.engines.base import VoiceSpec
from voi.engines.cloud.client import CloudClient, checked_key, checked_url
from voi.engines.cloud.refusal import refusal
from voi.engines.info import TtsInfo
from voi.engines.tts.cloud.contexts import ENDED, ContextItem, ContextVoice, sound_in
from voi.engines.tts.cloud.http_sound import asked_again, pcm_of
from voi.engines.tts.cloud.tone_settings import ToneSettings, tone_settings
from voi.engines.tts.cloud.voice_names import VoiceNames, checked_rate, chosen
from voi.engines.tts.tone_map import voice_in_tone
from voi.errors import ConfigError, EngineError

NAME = "elevenlabs"
RATES_HZ = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
TONES: Mapping[str, Mapping[str, Any]] = {
    "warm": {"stability": 0.6, "style": 0.2, "speed": 0.95},
    "excited": {"stability": 0.3, "style": 0.6, "speed": 1.05},
    "sad": {"stability": 0.7, "style": 0.3, "speed": 0.9},
}
SETTINGS = {
    "stability": (0.0, 1.0), "similarity_boost": (0.0, 1.0), "style": (0.0, 1.0), "speed": (0.7, 1.2),
}  # fmt: skip
SPEED_MIN, SPEED_MAX = SETTINGS["speed"]
ID_FORM = re.compile(r"[A-Za-z0-9]{20}")
INACTIVITY_S = 180
"""The longest that the service lets a context wait for text. We send something more often."""


class ElevenLabsScript:
    """A `ContextScript`: one context. The times of letters count from the start of the chunk that they came with."""

    def __init__(self, context: str, settings: Mapping[str, Any], rate_hz: int) -> None:
        self._context, self._settings, self._rate_hz = context, settings, rate_hz
        self._bytes = 0
        self._word, self._word_start_ms, self._word_end_ms = "", 0, 0

    def begin(self) -> Sequence[str]:
        opening: dict[str, Any] = {"text": " ", "context_id": self._context}
        if self._settings:
            opening["voice_settings"] = self._settings
        return (_json(opening),)

    def say(self, text: str) -> Sequence[str]:
        return (_json({"text": f"{text} ", "context_id": self._context, "flush": True}),)

    def finish(self) -> Sequence[str]:
        return self.cancel()  # what was flushed is still spoken

    def cancel(self) -> Sequence[str]:
        return (_json({"context_id": self._context, "close_context": True}),)

    def keep_alive(self) -> str:
        return _json({"text": "", "context_id": self._context})

    def hear_sound(self, pcm: bytes) -> Sequence[ContextItem]:
        return ()

    def hear(self, message: dict[str, Any]) -> Sequence[ContextItem]:
        if message.get("error"):
            return (error_in(message),)
        heard: list[ContextItem] = []
        base_ms = self._bytes * 500 // self._rate_hz
        if message.get("audio"):
            sound = sound_in(NAME, message["audio"])
            self._bytes += len(sound) if isinstance(sound, bytes) else 0
            heard.append(sound)
        heard += self._words(message.get("alignment") or message.get("normalizedAlignment"), base_ms)
        if message.get("isFinal") or message.get("is_final"):
            if self._word:
                heard.append(self._whole_word())
            heard.append(ENDED)
        return heard

    def _words(self, alignment: Any, base_ms: int) -> list[ContextItem]:
        if not isinstance(alignment, dict):
            return []
        try:
            letters = list(
                zip(alignment["chars"], alignment["charStartTimesMs"], alignment["charDurationsMs"], strict=True)
            )
            times = [
                (str(letter), base_ms + int(start), base_ms + int(start + took)) for letter, start, took in letters
            ]
        except (KeyError, TypeError, ValueError, OverflowError):
            return []
        words: list[ContextItem] = []
        for letter, start_ms, end_ms in times:
            if letter.isspace():
                if self._word:
                    words.append(self._whole_word())
                continue
            if not self._word:
                self._word_start_ms = start_ms
            self._word, self._word_end_ms = self._word + letter, end_ms
        return words

    def _whole_word(self) -> SpokenWord:
        word, self._word = self._word, ""
        return SpokenWord(word, self._word_start_ms, self._word_end_ms)


class ElevenLabsDialect:
    """A `Dialect`. Voice, model, format and language belong to the socket."""

    name = NAME
    contexts_max = 4
    """A fifth is the service's limit; one more loses the socket with all of its contexts."""
    labels = True
    cancel_ends = False
    keep_alive_s = 10.0
    context_idle_s = float("inf")

    def __init__(self, socket_url: str, query: Mapping[str, str], rate_hz: int, tones: ToneSettings) -> None:
        self.rate_hz = rate_hz
        self.voices = VoiceNames({})
        self._url, self._query, self.tones = socket_url, query, tones

    def allowance(self) -> None:
        return None

    def address(self, voice: VoiceSpec) -> str:
        query = dict(self._query) | ({"language_code": voice.language} if voice.language else {})
        return f"{self._url}/v1/text-to-speech/{self.voice_id(voice)}/multi-stream-input?{urlencode(query)}"

    def script(self, context: str, voice: VoiceSpec, allowance: None) -> ElevenLabsScript:
        return ElevenLabsScript(context, self.settings(voice), self.rate_hz)

    def context_of(self, message: dict[str, Any]) -> str | None:
        context = message.get("contextId") or message.get("context_id")
        return context if isinstance(context, str) else None

    def error_of(self, message: dict[str, Any]) -> EngineError | None:
        return error_in(message) if message.get("error") else None

    def settings(self, voice: VoiceSpec) -> dict[str, Any]:
        settings = dict(self.tones.of(voice.tone))
        speed = settings.pop("speed", 1.0) * voice.speed
        if speed != 1.0:
            settings["speed"] = round(min(SPEED_MAX, max(SPEED_MIN, speed)), 3)
        return settings

    def voice_id(self, voice: VoiceSpec) -> str:
        return quote(self.voices.id_of(NAME, voice_in_tone(voice, self.tones.voices)), safe="")


class ElevenLabs(ContextVoice):
    """A `ContextTts`; with `over` "http" a `SentenceTts`. `api_key`: write "${ELEVENLABS_API_KEY}". `voices`: names or
    ids of those that agents may use; none: all of the account's. `voice_tone_map`: tone -> a voice, or {"stability",
    "similarity_boost", "style", "speed"}. `at_once`: the plan's limit of requests. Raises ConfigError."""

    info = TtsInfo(
        NAME, cloud=True, contexts=True, word_times="exact", tones=("neutral", *TONES), maps_tones=True,
        text_max_characters=2_000,
    )  # fmt: skip

    def __init__(
        self,
        *,
        api_key: str,
        url: str = "https://api.elevenlabs.io",
        model: str = "eleven_flash_v2_5",
        over: Literal["websocket", "http"] = "websocket",
        voices: Sequence[str] = (),
        voice_tone_map: Mapping[str, Any] | None = None,
        language: str | None = None,
        sample_rate_hz: int = 24_000,
        at_once: int | None = None,
        avg_text_len: int | None = None,
    ) -> None:
        if over not in ("websocket", "http"):
            raise ConfigError(f"{NAME}: `over` is websocket or http.")
        rate_hz = checked_rate(NAME, sample_rate_hz, RATES_HZ)
        client = CloudClient(NAME, {"xi-api-key": checked_key(NAME, api_key)})
        self._url = checked_url(NAME, url, ("https", "http"))
        self._model, self._language = model, language
        self._wanted = (voices,) if isinstance(voices, str) else tuple(voices)
        tones = tone_settings(NAME, TONES, voice_tone_map, SETTINGS)
        query = {
            "model_id": model, "output_format": f"pcm_{rate_hz}", "auto_mode": "true",
            "sync_alignment": "true", "inactivity_timeout": str(INACTIVITY_S),
        } | ({"language_code": language} if language else {})  # fmt: skip
        self._dialect = ElevenLabsDialect(f"ws{self._url.removeprefix('http')}", query, rate_hz, tones)
        info = replace(
            ElevenLabs.info,
            contexts=over == "websocket",
            word_times="exact" if over == "websocket" else "none",
            sample_rate_hz=sample_rate_hz,
            tones=tones.tones,
            tone_voices=tones.voices,
            at_once_max=at_once,
            text_max_characters=avg_text_len or ElevenLabs.info.text_max_characters,
        )
        super().__init__(info, self._dialect, client)

    async def warm_up(self) -> None:
        """Read the account's voices, which costs nothing, and connect. Raises EngineError, ConfigError."""
        listed = await self._client.json("GET", f"{self._url}/v1/voices")
        voices = listed.get("voices") if isinstance(listed, dict) else None
        ids = {
            str(each.get("name") or each["voice_id"]): str(each["voice_id"])
            for each in voices or ()
            if isinstance(each, dict) and isinstance(each.get("voice_id"), str)
        }
        self._dialect.voices = chosen(NAME, self._wanted, ids, ID_FORM, self._dialect.tones.voices.values())
        self.info = replace(self.info, voices=self._dialect.voices.names)
        if self.info.contexts:
            await self._sockets.warm(VoiceSpec())

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        """One text over HTTP."""
        body: dict[str, Any] = {"text": text, "model_id": self._model}
        if settings := self._dialect.settings(voice):
            body["voice_settings"] = settings
        if language := voice.language or self._language:
            body["language_code"] = language
        url = f"{self._url}/v1/text-to-speech/{self._dialect.voice_id(voice)}/stream"
        params = {"output_format": f"pcm_{self.info.sample_rate_hz}"}

        async def speak() -> AsyncGenerator[bytes, None]:
            async with self._client.request("POST", url, json=body, params=params) as response:
                async for pcm in pcm_of(NAME, response, self.info.sample_rate_hz):
                    yield pcm

        async with aclosing(asked_again(NAME, self._sockets.troubles, speak)) as speech:
            async for pcm in speech:
                yield pcm


def error_in(message: dict[str, Any]) -> EngineError:
    """The error in a message of the socket."""
    return refusal(NAME, None, f"{message.get('error')} {message.get('message')}")


def _json(message: Mapping[str, Any]) -> str:
    return orjson.dumps(message).decode()
