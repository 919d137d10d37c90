"""Azure's voices over HTTP, a sentence at a time, as SSML.

https://learn.microsoft.com/azure/ai-services/speech-service/rest-text-to-speech
"""

import re
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from voi.engines.base import VoiceSpec
from voi.engines.cloud.client import CloudClient, checked_key, checked_url
from voi.engines.info import TtsInfo
from voi.engines.tts.cloud.http_sound import asked_again, pcm_of
from voi.engines.tts.cloud.tone_settings import AllowedSetting, tone_settings
from voi.engines.tts.cloud.voice_names import VoiceNames, chosen, of_language_first
from voi.engines.tts.tone_map import voice_in_tone
from voi.errors import ConfigError

NAME = "azure-tts"
FORMATS: Mapping[int, str] = {
    8_000: "raw-8khz-16bit-mono-pcm", 16_000: "raw-16khz-16bit-mono-pcm", 22_050: "raw-22050hz-16bit-mono-pcm",
    24_000: "raw-24khz-16bit-mono-pcm", 44_100: "raw-44100hz-16bit-mono-pcm", 48_000: "raw-48khz-16bit-mono-pcm",
}  # fmt: skip
TONES: Mapping[str, Mapping[str, Any]] = {
    "warm": {"style": "friendly", "speed": 0.95},
    "excited": {"style": "excited"},
    "sad": {"style": "sad"},
}
SPEED_MIN, SPEED_MAX = 0.5, 2.0
SETTINGS: Mapping[str, AllowedSetting] = {
    "style": str, "degree": (0.01, 2.0), "role": str, "speed": (SPEED_MIN, SPEED_MAX), "pitch": (-50.0, 50.0),
    "volume": (-50.0, 50.0),
}  # fmt: skip
REGION = re.compile(r"[a-z0-9]+")
ID_FORM = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+){2,}(:[A-Za-z0-9]+)?")
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML may hold."""


class AzureTts:
    """A `SentenceTts`. `api_key`: write "${AZURE_SPEECH_KEY}". `region`: of the key, such as "westeurope"; or `url`, of
    a server of your own. `voices`: names ("en-US-JennyNeural") of those that agents may use; none: all, those of
    `language` first. `voice_tone_map`: tone -> a voice, or {"style", "degree", "role", "speed", "pitch" and "volume" in
    percent}. `at_once`: the plan's limit of requests. Raises ConfigError."""

    info = TtsInfo(
        NAME, cloud=True, tones=("neutral", *TONES), maps_tones=True, counts_troubles=True, text_max_characters=3_000
    )  # fmt: skip

    def __init__(
        self,
        *,
        api_key: str,
        region: str | None = None,
        url: str | None = None,
        voices: Sequence[str] = (),
        voice_tone_map: Mapping[str, Any] | None = None,
        language: str = "en-US",
        sample_rate_hz: int = 24_000,
        at_once: int | None = None,
        avg_text_len: int | None = None,
    ) -> None:
        if url is None and not (region and REGION.fullmatch(region)):
            raise ConfigError(f"{NAME}: `region` must name the region of your key, such as westeurope.")
        if sample_rate_hz not in FORMATS:
            raise ConfigError(f"{NAME}: `sample_rate_hz` is one of {', '.join(map(str, FORMATS))}.")
        self.troubles: Counter[str] = Counter()
        key = checked_key(NAME, api_key)
        self._client = CloudClient(NAME, {"Ocp-Apim-Subscription-Key": key, "User-Agent": "voi"})
        base = checked_url(NAME, url or f"https://{region}.tts.speech.microsoft.com", ("https", "http"))
        self._base = f"{base}/cognitiveservices"
        self._wanted = (voices,) if isinstance(voices, str) else tuple(voices)
        self._voices = VoiceNames({})
        self._styles: dict[str, frozenset[str]] = {}
        """By voice, of those that say it."""
        self._language = language
        self._tones = tone_settings(NAME, TONES, voice_tone_map, SETTINGS)
        self.info = replace(
            AzureTts.info,
            sample_rate_hz=sample_rate_hz,
            tones=self._tones.tones,
            tone_voices=self._tones.voices,
            at_once_max=at_once,
            text_max_characters=avg_text_len or AzureTts.info.text_max_characters,
        )

    async def warm_up(self) -> None:
        """Read the region's voices, which costs nothing and proves the key. Raises EngineError, ConfigError."""
        listed = await self._client.json("GET", f"{self._base}/voices/list")
        known = [
            each for each in (listed if isinstance(listed, list) else ())
            if isinstance(each, dict) and isinstance(each.get("ShortName"), str)
        ]  # fmt: skip
        known = of_language_first(known, lambda each: str(each.get("Locale") or each["ShortName"]), self._language)
        self._styles = {
            each["ShortName"]: frozenset(map(str, styles))
            for each in known
            if isinstance(styles := each.get("StyleList", []), list)
        }
        self._voices = chosen(
            NAME,
            self._wanted,
            {each["ShortName"]: each["ShortName"] for each in known},
            ID_FORM,
            self._tones.voices.values(),
        )
        self.info = replace(self.info, voices=self._voices.names)

    async def close(self) -> None:
        await self._client.close()

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        headers = {
            "Content-Type": "application/ssml+xml",
            "X-Microsoft-OutputFormat": FORMATS[self.info.sample_rate_hz],
        }
        ssml = self._ssml(text, voice).encode()

        async def speak() -> AsyncGenerator[bytes, None]:
            async with self._client.request("POST", f"{self._base}/v1", headers=headers, data=ssml) as response:
                async for pcm in pcm_of(NAME, response, self.info.sample_rate_hz):
                    yield pcm

        async with aclosing(asked_again(NAME, self.troubles, speak)) as speech:
            async for pcm in speech:
                yield pcm

    def _ssml(self, text: str, voice: VoiceSpec) -> str:
        name = self._voices.id_of(NAME, voice_in_tone(voice, self._tones.voices))
        manner = self._tones.of(voice.tone)
        said = escape(NO_XML.sub(" ", text))
        speed = min(SPEED_MAX, max(SPEED_MIN, manner.get("speed", 1.0) * voice.speed))
        changes = {"rate": 100 * (speed - 1), "pitch": manner.get("pitch", 0), "volume": manner.get("volume", 0)}
        if prosody := "".join(f" {key}='{value:+.3g}%'" for key, value in changes.items() if round(value, 2)):
            said = f"<prosody{prosody}>{said}</prosody>"
        style = manner.get("style")
        if style and style in self._styles.get(name, (style,)):
            degree = f" styledegree='{manner['degree']:g}'" if "degree" in manner else ""
            role = f" role={quoteattr(manner['role'])}" if "role" in manner else ""
            said = f"<mstts:express-as style={quoteattr(style)}{degree}{role}>{said}</mstts:express-as>"
        locale = "-".join(name.split("-")[:2])
        return (
            f"<speak version='1.0' xmlns='http://www.w3.org/2001/10/synthesis' "
            f"xmlns:mstts='https://www.w3.org/2001/mstts' xml:lang={quoteattr(locale)}>"
            f"<voice name={quoteattr(name)}>{said}</voice></speak>"
        )
