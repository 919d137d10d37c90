"""Deepgram's Aura voices over its WebSocket, which speaks one reply at a time.

https://developers.deepgram.com/reference/text-to-speech/speak-streaming
"""

import asyncio
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import orjson

from voi.engines.base import VoiceSpec
from voi.engines.cloud.client import CloudClient, checked_key, checked_url
from voi.engines.cloud.refusal import refusal
from voi.engines.info import TtsInfo
from voi.engines.tts.adapter import estimated_words
from voi.engines.tts.cloud.contexts import ENDED, ContextItem, ContextVoice
from voi.engines.tts.cloud.tone_settings import ToneSettings, tone_settings
from voi.engines.tts.cloud.voice_names import VoiceNames, checked_rate, chosen, of_language_first
from voi.engines.tts.tone_map import voice_in_tone
from voi.errors import EngineError

NAME = "deepgram-aura"
RATES_HZ = (8_000, 16_000, 24_000, 32_000, 48_000)
SPEED_MIN, SPEED_MAX = 0.7, 1.5
ID_FORM = re.compile(r"aura(-\d+)?-[a-z]+-[a-z]{2,3}")
FLUSHES_MAX = 20
FLUSHES_WITHIN_S = 60.0
"""The service ignores more flushes of a socket within this time, and then gives no sound."""
LAST_FLUSHES = 2
"""So many are kept for the ends of replies."""
NEW_REPLY_FLUSHES = 5
"""A socket with fewer left takes no new reply."""
_AT_FAULT = re.compile(r"flush|limit|exceed|too (long|many)|ignored")


class FlushAllowance:
    """A `SocketAllowance`: counts the flushes of one socket."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque()

    @property
    def left(self) -> int:
        now_s = asyncio.get_running_loop().time()
        while self._times_s and now_s - self._times_s[0] > FLUSHES_WITHIN_S:
            self._times_s.popleft()
        return FLUSHES_MAX - len(self._times_s)

    @property
    def room(self) -> bool:
        return self.left >= NEW_REPLY_FLUSHES

    def use(self) -> None:
        self._times_s.append(asyncio.get_running_loop().time())


class AuraScript:
    """A `ContextScript`. Each text is flushed, to be spoken at once; when few are left, several texts share a flush.
    The end of a flush tells where a text's sound ends, so that its words can be estimated."""

    def __init__(self, rate_hz: int, allowance: FlushAllowance) -> None:
        self._rate_hz, self._allowance = rate_hz, allowance
        self._waiting: list[str] = []
        """Texts that were not flushed."""
        self._flushed: deque[str] = deque()
        """Texts of the flushes that were not answered."""
        self._bytes = self._told_bytes = 0
        self._finished = self._cancelled = False

    def begin(self) -> Sequence[str]:
        return ()

    def say(self, text: str) -> Sequence[str]:
        self._waiting.append(text)
        speak = orjson.dumps({"type": "Speak", "text": f"{text} "}).decode()
        return (speak, self._flush()) if self._allowance.left > LAST_FLUSHES else (speak,)

    def finish(self) -> Sequence[str] | None:
        self._finished = True
        if self._waiting:
            return (self._flush(),)
        return () if self._flushed else None

    def cancel(self) -> Sequence[str]:
        self._cancelled = True
        return ('{"type":"Clear"}',)

    def keep_alive(self) -> None:
        return None

    def hear_sound(self, pcm: bytes) -> Sequence[ContextItem]:
        self._bytes += len(pcm)
        return (pcm,)

    def hear(self, message: dict[str, Any]) -> Sequence[ContextItem]:
        match message.get("type"):
            case "Flushed" if self._flushed and not self._cancelled:
                start_ms, end_ms = self._ms(self._told_bytes), self._ms(self._bytes)
                self._told_bytes = self._bytes
                words = estimated_words(self._flushed.popleft(), start_ms, end_ms) if end_ms > start_ms else ()
                return (*words, ENDED) if self._finished and not self._flushed else words
            case "Cleared" if self._cancelled:
                return (ENDED,)
            case "Error":
                return (error_in(message),)
            case "Warning" if _AT_FAULT.search(str(message).lower()):
                return (error_in(message),)
        return ()

    def _flush(self) -> str:
        self._flushed.append(" ".join(self._waiting))
        self._waiting.clear()
        self._allowance.use()
        return '{"type":"Flush"}'

    def _ms(self, n_bytes: int) -> int:
        return n_bytes * 500 // self._rate_hz


class AuraDialect:
    """A `Dialect`. Voice, rate and speed belong to the socket."""

    name = NAME
    contexts_max = 1
    labels = False
    cancel_ends = False
    keep_alive_s = 10.0
    context_idle_s = float("inf")

    def __init__(self, socket_url: str, query: Mapping[str, str], rate_hz: int, tones: ToneSettings) -> None:
        self.rate_hz = rate_hz
        self.voices = VoiceNames({})
        self._url, self._query, self.tones = socket_url, query, tones

    def address(self, voice: VoiceSpec) -> str:
        speed = self.tones.of(voice.tone).get("speed", 1.0) * voice.speed
        query = {"model": self.voices.id_of(NAME, voice_in_tone(voice, self.tones.voices)), **self._query}
        if speed != 1.0:
            query["speed"] = f"{min(SPEED_MAX, max(SPEED_MIN, speed)):.3g}"
        return f"{self._url}?{urlencode(query)}"

    def allowance(self) -> FlushAllowance:
        return FlushAllowance()

    def script(self, context: str, voice: VoiceSpec, allowance: FlushAllowance) -> AuraScript:
        return AuraScript(self.rate_hz, allowance)

    def context_of(self, message: dict[str, Any]) -> None:
        return None

    def error_of(self, message: dict[str, Any]) -> EngineError | None:
        return error_in(message) if message.get("type") == "Error" else None


class DeepgramAura(ContextVoice):
    """A `ContextTts`. `api_key`: write "${DEEPGRAM_API_KEY}". `voices`: names or ids ("aura-2-thalia-en") of those that
    agents may use; none: all, those of `language` first. `voice_tone_map`: tone -> a voice, or {"speed"}. `at_once`:
    the plan's limit of replies at the same time. Raises ConfigError."""

    info = TtsInfo(NAME, cloud=True, contexts=True, maps_tones=True, text_max_characters=2_000)

    def __init__(
        self,
        *,
        api_key: str,
        url: str = "https://api.deepgram.com",
        voices: Sequence[str] = (),
        voice_tone_map: Mapping[str, Any] | None = None,
        language: str | None = None,
        sample_rate_hz: int = 24_000,
        at_once: int | None = None,
        avg_text_len: int | None = None,
    ) -> None:
        client = CloudClient(NAME, {"Authorization": f"Token {checked_key(NAME, api_key)}"})
        self._url = checked_url(NAME, url, ("https", "http"))
        self._wanted = (voices,) if isinstance(voices, str) else tuple(voices)
        self._language = language or "en"
        tones = tone_settings(NAME, {}, voice_tone_map, {"speed": (SPEED_MIN, SPEED_MAX)})
        rate_hz = checked_rate(NAME, sample_rate_hz, RATES_HZ)
        query = {"encoding": "linear16", "sample_rate": str(rate_hz)}
        self._dialect = AuraDialect(f"ws{self._url.removeprefix('http')}/v1/speak", query, rate_hz, tones)
        info = replace(
            DeepgramAura.info,
            sample_rate_hz=rate_hz,
            tones=tones.tones,
            tone_voices=tones.voices,
            at_once_max=at_once,
            text_max_characters=avg_text_len or DeepgramAura.info.text_max_characters,
        )
        super().__init__(info, self._dialect, client)

    async def warm_up(self) -> None:
        """Read the service's voices, which costs nothing, and connect. Raises EngineError, ConfigError."""
        self._dialect.voices = chosen(
            NAME, self._wanted, await self._listed(), ID_FORM, self._dialect.tones.voices.values()
        )
        self.info = replace(self.info, voices=self._dialect.voices.names)
        await self._sockets.warm(VoiceSpec())

    async def _listed(self) -> dict[str, str]:
        """Name -> id: "thalia" where only one voice has that name."""
        listed = await self._client.json("GET", f"{self._url}/v1/models")
        models = listed.get("tts") if isinstance(listed, dict) else None
        known = [
            each for each in models or () if isinstance(each, dict) and isinstance(each.get("canonical_name"), str)
        ]
        known = of_language_first(known, lambda each: each["canonical_name"].rpartition("-")[2], self._language)
        newest = sorted(known, key=lambda each: not each["canonical_name"].startswith("aura-2"))
        found: dict[str, str] = {}
        for each in newest:
            name = str(each.get("name") or each["canonical_name"])
            found.setdefault(name if name not in found else each["canonical_name"], each["canonical_name"])
        return found


def error_in(message: Mapping[str, Any]) -> EngineError:
    """The error in a message of the socket."""
    words = " ".join(str(message.get(key) or "") for key in ("err_code", "code", "description", "err_msg", "message"))
    if "flush" in words.lower():
        return refusal(NAME, 429, words)
    return refusal(NAME, None, words)
