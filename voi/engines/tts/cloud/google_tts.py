"""Google's voices over gRPC, a sentence at a time. The sound of those that can comes while it is made, of others in one
piece. One call takes one sentence, since nothing in its sound tells where a sentence ends. Needs the extra `google`.

https://cloud.google.com/text-to-speech/docs/create-audio-text-streaming
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from voi.engines.base import VoiceSpec
from voi.engines.cloud.google import GoogleChannel, failure, imported, locale_of
from voi.engines.info import TtsInfo
from voi.engines.tts.cloud.http_sound import asked_again
from voi.engines.tts.cloud.tone_settings import AllowedSetting, ToneSettings, tone_settings
from voi.engines.tts.cloud.voice_names import VoiceNames, checked_rate, chosen, of_language_first
from voi.engines.tts.tone_map import voice_in_tone
from voi.errors import EngineError

NAME = "google-tts"
SERVICE = "/google.cloud.texttospeech.v1.TextToSpeech/"
RATES_HZ = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
STREAMS = re.compile(r"Chirp3-HD|Chirp-HD|Journey")
"""Names of voices whose sound comes while it is made. All voices of Gemini's models do that."""
ID_FORM = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+){2,}|[A-Z][a-z]+")
SETTINGS: Mapping[str, AllowedSetting] = {
    "speed": (0.25, 2.0), "pitch": (-20.0, 20.0), "volume_gain_db": (-96.0, 16.0), "prompt": str,
}  # fmt: skip
PROMPTS: Mapping[str, Mapping[str, Any]] = {
    "warm": {"prompt": "Say this warmly and kindly."},
    "excited": {"prompt": "Say this with excitement and energy."},
    "sad": {"prompt": "Say this sadly and softly."},
}
SYNTHESIS_S = 30.0
"""Longest wait for sound in one piece."""
FIRST_SOUND_S = 10.0
HEADER_BYTES = 44


class GoogleTts:
    """A `SentenceTts`. Credentials: those of `GoogleChannel`. `url`: of a region, such as
    https://eu-texttospeech.googleapis.com. `voices`: names ("en-US-Chirp3-HD-Charon") of those that agents may use;
    none: all, those of `language` first. `model`: one of Gemini's, whose voices ("Kore") take prompts as tones.
    `voice_tone_map`: tone -> a voice, or {"speed", "pitch", "volume_gain_db", "prompt"}, as far as the voice has them.
    Raises ConfigError."""

    info = TtsInfo(
        NAME, cloud=True, maps_tones=True, counts_troubles=True, text_max_characters=4_000
    )  # fmt: skip

    def __init__(
        self,
        *,
        api_key: str | None = None,
        credentials_file: str | None = None,
        url: str = "https://texttospeech.googleapis.com",
        model: str = "",
        voices: Sequence[str] = (),
        voice_tone_map: Mapping[str, Any] | None = None,
        language: str = "en-US",
        sample_rate_hz: int = 24_000,
        at_once: int | None = None,
        avg_text_len: int | None = None,
    ) -> None:
        self.troubles: Counter[str] = Counter()
        self._channel = GoogleChannel(NAME, url, api_key=api_key, credentials_file=credentials_file)
        self._wanted = (voices,) if isinstance(voices, str) else tuple(voices)
        self._voices = VoiceNames({})
        self._model, self._language = model, locale_of(language)
        self._tones: ToneSettings = tone_settings(NAME, PROMPTS if model else {}, voice_tone_map, SETTINGS)
        self._types: Any = None
        """Google's messages, once it is warm."""
        self.info = replace(
            GoogleTts.info,
            sample_rate_hz=checked_rate(NAME, sample_rate_hz, RATES_HZ),
            tones=self._tones.tones,
            tone_voices=self._tones.voices,
            at_once_max=at_once,
            text_max_characters=avg_text_len or GoogleTts.info.text_max_characters,
        )

    async def warm_up(self) -> None:
        """Connect, and read the list of voices, which costs nothing. Raises EngineError, ConfigError."""
        self._types = await asyncio.to_thread(imported, NAME, "google.cloud.texttospeech_v1.types.cloud_tts")
        await self._channel.open()
        self._end, self._rpc_error = imported(NAME, "grpc.aio").EOF, imported(NAME, "grpc").RpcError
        types = self._types
        answer = await self._channel.ask(
            f"{SERVICE}ListVoices", types.ListVoicesRequest.pb()(), types.ListVoicesResponse.pb()
        )
        known = [each for each in answer.voices if each.language_codes and self._fits(each.name)]
        known.sort(key=lambda each: not STREAMS.search(each.name))
        known = of_language_first(known, lambda each: each.language_codes[0], self._language)
        self._voices = chosen(
            NAME, self._wanted, {each.name: each.name for each in known}, ID_FORM, self._tones.voices.values()
        )
        self.info = replace(self.info, voices=self._voices.names)

    async def close(self) -> None:
        await self._channel.close()

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        voice_id = self._voices.id_of(NAME, voice_in_tone(voice, self._tones.voices))
        speech = asked_again(NAME, self.troubles, lambda: self._spoken(text, voice_id, voice))
        async with aclosing(speech):
            async for pcm in speech:
                yield pcm

    def _spoken(self, text: str, voice_id: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        streams = bool(self._model) or STREAMS.search(voice_id)
        return (self._streamed if streams else self._whole)(text, voice_id, voice)

    async def _streamed(self, text: str, voice_id: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        await self._channel.reached()
        call = self._channel.stream(f"{SERVICE}StreamingSynthesize", self._types.StreamingSynthesizeResponse.pb())
        try:
            async with asyncio.timeout(FIRST_SOUND_S):
                await call.write(self._config(voice_id, voice))
                await call.write(self._input(text, voice))
                await call.done_writing()
                answer = await call.read()
            while answer is not self._end:
                if answer.audio_content:
                    yield answer.audio_content
                answer = await call.read()
        except TimeoutError:
            raise EngineError(f"{NAME} gave no sound within {FIRST_SOUND_S:g} s.", retryable=True) from None
        except (self._rpc_error, asyncio.InvalidStateError) as error:
            raise await failure(NAME, call, error) from None
        finally:
            call.cancel()

    async def _whole(self, text: str, voice_id: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        sound = await self._synthesized(text, voice_id, voice)
        yield sound[HEADER_BYTES:] if sound[:4] == b"RIFF" else sound

    def _config(self, voice_id: str, voice: VoiceSpec) -> Any:
        sound: dict[str, Any] = {"audio_encoding": "PCM", "sample_rate_hertz": self.info.sample_rate_hz}
        if (speed := self._speed(voice)) != 1.0:
            sound["speaking_rate"] = speed
        config = {"voice": self._voice_of(voice_id, voice), "streaming_audio_config": sound}
        request = self._types.StreamingSynthesizeRequest
        return request.pb(request({"streaming_config": config}))

    def _input(self, text: str, voice: VoiceSpec) -> Any:
        said = {"text": text}
        if self._model and (prompt := self._tones.of(voice.tone).get("prompt")):
            said["prompt"] = prompt
        request = self._types.StreamingSynthesizeRequest
        return request.pb(request({"input": said}))

    async def _synthesized(self, text: str, voice_id: str, voice: VoiceSpec) -> bytes:
        """The sound of a text, in one piece. Raises EngineError."""
        manner = {key: value for key, value in self._tones.of(voice.tone).items() if key in ("pitch", "volume_gain_db")}
        sound = {
            "audio_encoding": "PCM", "sample_rate_hertz": self.info.sample_rate_hz,
            "speaking_rate": self._speed(voice), **manner,
        }  # fmt: skip
        types = self._types
        request = types.SynthesizeSpeechRequest(
            {"input": {"text": text}, "voice": self._voice_of(voice_id, voice), "audio_config": sound}
        )
        answer = await self._channel.ask(
            f"{SERVICE}SynthesizeSpeech", types.SynthesizeSpeechRequest.pb(request),
            types.SynthesizeSpeechResponse.pb(), timeout_s=SYNTHESIS_S,
        )  # fmt: skip
        return answer.audio_content  # type: ignore[no-any-return]

    def _voice_of(self, voice_id: str, voice: VoiceSpec) -> dict[str, Any]:
        if not self._model:
            return {"name": voice_id, "language_code": "-".join(voice_id.split("-")[:2])}
        language = locale_of(voice.language) if voice.language else self._language
        return {"name": voice_id, "language_code": language, "model_name": self._model}

    def _speed(self, voice: VoiceSpec) -> float:
        speed: float = self._tones.of(voice.tone).get("speed", 1.0) * voice.speed
        return round(min(2.0, max(0.25, speed)), 3)

    def _fits(self, name: str) -> bool:
        """Gemini's voices have bare names ("Kore"), all others those of their language."""
        return ("-" not in name) == bool(self._model)
