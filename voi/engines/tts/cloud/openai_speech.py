"""Voices of any server with OpenAI's `/v1/audio/speech`: OpenAI itself, Groq, Kokoro-FastAPI, LocalAI, another Voi.

https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Literal

from voi.engines.base import VoiceSpec
from voi.engines.cloud.client import CloudClient, checked_key, checked_url
from voi.engines.info import TtsInfo
from voi.engines.tts.cloud.http_sound import asked_again, pcm_of
from voi.engines.tts.cloud.tone_settings import AllowedSetting, tone_settings
from voi.engines.tts.cloud.voice_names import VoiceNames
from voi.engines.tts.tone_map import voice_in_tone
from voi.errors import ConfigError

NAME = "openai-speech"
SPEED_MIN, SPEED_MAX = 0.25, 4.0
OPENAI_VOICES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
)  # fmt: skip
TONES: Mapping[str, Mapping[str, Any]] = {
    "warm": {"instructions": "Speak warmly and kindly."},
    "excited": {"instructions": "Speak with excitement and energy."},
    "sad": {"instructions": "Speak sadly and softly."},
}
SETTINGS: Mapping[str, AllowedSetting] = {"instructions": str, "speed": (SPEED_MIN, SPEED_MAX)}
TEXT_MAX_CHARACTERS = 4_096


class OpenAiSpeech:
    """A `SentenceTts`. `api_key`: write "${OPENAI_API_KEY}"; "" for a server without keys. `instructs`: the model takes
    instructions, which make its tones. `response_format`: "wav" for servers whose PCM is in doubt (Groq). Raises
    ConfigError."""

    info = TtsInfo(
        NAME, cloud=True, voices=OPENAI_VOICES, tones=("neutral", *TONES), maps_tones=True, counts_troubles=True,
        text_max_characters=TEXT_MAX_CHARACTERS,
    )  # fmt: skip

    def __init__(
        self,
        *,
        api_key: str = "",
        url: str = "https://api.openai.com/v1",
        model: str = "gpt-4o-mini-tts",
        voices: Sequence[str] = (),
        voice_tone_map: Mapping[str, Any] | None = None,
        instructs: bool = True,
        response_format: Literal["pcm", "wav"] = "pcm",
        sample_rate_hz: int = 24_000,
        at_once: int | None = None,
        avg_text_len: int | None = None,
    ) -> None:
        if response_format not in ("pcm", "wav"):
            raise ConfigError(f"{NAME}: `response_format` is pcm or wav.")
        self.troubles: Counter[str] = Counter()
        headers = {"Authorization": f"Bearer {checked_key(NAME, api_key)}"} if api_key else {}
        self._client = CloudClient(NAME, headers)
        self._url = checked_url(NAME, url, ("https", "http")) + "/audio/speech"
        self._model, self._format = model, response_format
        names = (voices,) if isinstance(voices, str) else tuple(voices) or OPENAI_VOICES
        self._voices = VoiceNames({name: name for name in names})
        self._tones = tone_settings(NAME, TONES if instructs else {}, voice_tone_map, SETTINGS)
        self.info = replace(
            OpenAiSpeech.info,
            sample_rate_hz=sample_rate_hz,
            voices=names,
            tones=self._tones.tones,
            tone_voices=self._tones.voices,
            at_once_max=at_once,
            text_max_characters=avg_text_len or TEXT_MAX_CHARACTERS,
        )

    async def warm_up(self) -> None:
        """Connect, and have the key checked by the list of models, which costs nothing; not every server has one.
        Raises EngineError."""
        url = self._url.removesuffix("/audio/speech") + "/models"
        await self._client.probe(url)

    async def close(self) -> None:
        await self._client.close()

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        manner = dict(self._tones.of(voice.tone))
        speed = manner.pop("speed", 1.0) * voice.speed
        body: dict[str, Any] = {
            "model": self._model, "input": text, "response_format": self._format, **manner,
            "voice": self._voices.id_of(NAME, voice_in_tone(voice, self._tones.voices)),
        }  # fmt: skip
        if speed != 1.0:
            body["speed"] = round(min(SPEED_MAX, max(SPEED_MIN, speed)), 3)

        async def speak() -> AsyncGenerator[bytes, None]:
            async with self._client.request("POST", self._url, json=body) as response:
                async for pcm in pcm_of(NAME, response, self.info.sample_rate_hz):
                    yield pcm

        async with aclosing(asked_again(NAME, self.troubles, speak)) as speech:
            async for pcm in speech:
                yield pcm
