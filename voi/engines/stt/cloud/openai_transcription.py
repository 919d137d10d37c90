"""Any server with OpenAI's `/v1/audio/transcriptions`: OpenAI itself, Groq, Speaches, vLLM, another Voi. One request an
utterance.

https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import aiohttp

from voi.audio.wav import to_wav
from voi.engines.base import STT_RATE_HZ, SttOptions, TimedWord, Transcript
from voi.engines.cloud.client import CloudClient, checked_key, checked_url
from voi.engines.info import SttInfo
from voi.engines.stt.cloud.ear_script import now_s
from voi.engines.stt.cloud.options import ServiceSetting, checked_settings, hot_words, iso, ms
from voi.engines.stt.cloud.speech_only import SpeechOnly
from voi.engines.stt.flushes import LONGEST_BUFFER_MS, too_far_behind
from voi.engines.stt.hallucination import believable
from voi.engines.stt.segments import BYTES_PER_MS
from voi.errors import EngineError
from voi.tasks import FAULT, Tasks

NAME = "openai-transcription"
SHORTEST_MS = 200
"""The service refuses less than 100 ms; shorter sound is followed by silence."""
ANSWER_S = 20.0
AGAIN_S = 0.25
PARTIAL_MS = 1_000
"""So much new speech, and so much time, is between two requests for partial text."""
NO_SPEECH, UNSURE = 0.6, -1.0
"""Of the service's segments those are dropped that are probably no speech and whose words it is unsure of."""
OURS = ("file", "model", "language", "prompt", "response_format", "timestamp_granularities[]", "stream")
TRANSLATING = ("whisper-1", "whisper-large-v3")
CODES: Mapping[str, str] = {
    "arabic": "ar", "bulgarian": "bg", "catalan": "ca", "chinese": "zh", "croatian": "hr", "czech": "cs",
    "danish": "da", "dutch": "nl", "english": "en", "estonian": "et", "finnish": "fi", "french": "fr", "german": "de",
    "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "indonesian": "id", "italian": "it",
    "japanese": "ja", "korean": "ko", "latvian": "lv", "lithuanian": "lt", "malay": "ms", "norwegian": "no",
    "persian": "fa", "polish": "pl", "portuguese": "pt", "romanian": "ro", "russian": "ru", "serbian": "sr",
    "slovak": "sk", "slovenian": "sl", "spanish": "es", "swahili": "sw", "swedish": "sv", "tagalog": "tl",
    "tamil": "ta", "thai": "th", "turkish": "tr", "ukrainian": "uk", "urdu": "ur", "vietnamese": "vi", "welsh": "cy",
}  # fmt: skip
"""The service writes names of languages, in English."""

log = logging.getLogger(__name__)


class OpenAiTranscriptionStream:
    """An `SttStream`. One request at a time: the newest, with all sound so far, takes the place of an older one."""

    def __init__(
        self, engine: "OpenAiTranscription", options: SttOptions, on_partial: Callable[[Transcript], None] | None
    ) -> None:
        self._engine, self._options = engine, options
        self._on_partial = on_partial if engine.info.partials else None
        self._sound = SpeechOnly()
        self._heard = Transcript("")
        self._covers_bytes = self._asked_bytes = 0
        """Speech that the text covers, and that the newest request holds."""
        self._asked_s = float("-inf")
        self._error: EngineError | None = None
        self._job: asyncio.Task[None] | None = None
        self._closed = False

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        """See `SttStream.feed`. Raises EngineError for more than ten minutes of speech."""
        if self._closed:
            return
        if len(self._sound.pcm) + len(pcm) > LONGEST_BUFFER_MS * BYTES_PER_MS:
            raise too_far_behind()
        self._sound.feed(pcm, speech=speech)
        if (
            self._on_partial is not None
            and (self._job is None or self._job.done())
            and self._sound.voiced_bytes - self._asked_bytes >= PARTIAL_MS * BYTES_PER_MS
            and now_s() - self._asked_s >= PARTIAL_MS / 1_000
        ):
            self._ask()

    async def flush(self) -> Transcript:
        """See `SttStream.flush`."""
        wanted = self._sound.voiced_bytes
        while self._covers_bytes < wanted and not self._closed:
            if self._job is None or self._job.done() or self._asked_bytes < wanted:
                self._ask()
            assert self._job is not None
            await asyncio.wait({self._job})
            if self._error is not None and self._job.done():
                raise self._error
        if self._closed:
            raise EngineError("This utterance was closed.")
        return self._heard

    def close(self) -> None:
        """See `SttStream.close`."""
        self._closed = True
        if self._job is not None:
            self._job.cancel()

    def _ask(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._asked_bytes, self._asked_s, self._error = self._sound.voiced_bytes, now_s(), None
        self._job = self._engine.tasks.start(self._hear(self._asked_bytes), f"an utterance of {NAME}")

    async def _hear(self, voiced_bytes: int) -> None:
        sound = self._sound
        pcm = bytes(sound.pcm[: len(sound.pcm) // 2 * 2])
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self._engine.answer_for_sure(pcm, self._options)
        except EngineError as error:
            self._error = error
            return
        except TimeoutError:
            self._error = EngineError(f"{NAME} did not answer within {ANSWER_S:g} s.", retryable=True)
            return
        except Exception:
            self._error = EngineError(FAULT)
            raise
        text, words = _said(answer)
        text = believable(text, voiced_bytes // BYTES_PER_MS)
        timed = [
            replace(
                word, start_ms=sound.clock.utterance_ms(word.start_ms), end_ms=sound.clock.utterance_ms(word.end_ms)
            )
            for word in aligned(words, text)
        ]
        self._heard = Transcript(text, language=_language(answer.get("language")), words=tuple(timed))
        self._covers_bytes = voiced_bytes
        if self._on_partial is not None and not self._closed:
            self._on_partial(Transcript("", text, self._heard.language))


class OpenAiTranscription:
    """An `Stt`. `api_key`: write "${OPENAI_API_KEY}"; "" for a server without keys. `word_times`: ask for the times of
    words; None: of models named Whisper, which have them. `partials`: ask again about once a second while the person
    speaks, which is billed each time. `settings`: the service's own fields. Raises ConfigError."""

    info = SttInfo(NAME, cloud=True, partials=False, word_times="exact", counts_troubles=True)

    def __init__(
        self,
        *,
        api_key: str = "",
        url: str = "https://api.openai.com/v1",
        model: str = "gpt-4o-mini-transcribe",
        language: str | None = None,
        word_times: bool | None = None,
        partials: bool = False,
        settings: Mapping[str, ServiceSetting] | None = None,
        at_once: int | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {checked_key(NAME, api_key)}"} if api_key else {}
        self.tasks = Tasks()
        self.troubles: Counter[str] = Counter()
        self._client = CloudClient(NAME, headers)
        self._base = checked_url(NAME, url, ("https", "http"))
        self._model, self._language = model, language
        self._timed = "whisper" in model.lower() if word_times is None else word_times
        self._settings = checked_settings(NAME, settings, OURS)
        self.info = replace(
            OpenAiTranscription.info,
            partials=partials,
            word_times="exact" if self._timed else "none",
            translates=model in TRANSLATING,
            at_once_max=at_once,
        )

    async def warm_up(self) -> None:
        """Connect, and have the key checked by the list of models, which costs nothing; not every server has one.
        Raises EngineError."""
        await self._client.probe(f"{self._base}/models")

    async def close(self) -> None:
        await self.tasks.close()
        await self._client.close()

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> OpenAiTranscriptionStream:
        """See `Stt.open`."""
        return OpenAiTranscriptionStream(self, options, on_partial)

    async def answer_for_sure(self, pcm: bytes, options: SttOptions) -> Mapping[str, Any]:
        """`answer`; what fails in passing is asked once more, and counted. Raises EngineError."""
        try:
            return await self.answer(pcm, options)
        except EngineError as error:
            if not error.retryable:
                raise
        self.troubles["asked_again"] += 1
        log.info("%s: a request failed, and is made again", NAME)
        await asyncio.sleep(AGAIN_S)
        return await self.answer(pcm, options)

    async def answer(self, pcm: bytes, options: SttOptions) -> Mapping[str, Any]:
        """What the service says of 16 kHz PCM. Raises EngineError."""
        pcm += bytes(max(0, SHORTEST_MS * BYTES_PER_MS - len(pcm)))
        form = aiohttp.FormData()
        form.add_field("file", to_wav(pcm, STT_RATE_HZ), filename="utterance.wav", content_type="audio/wav")
        for name, value in self._fields(options):
            form.add_field(name, value)
        translate = options.translate and self.info.translates
        url = f"{self._base}/audio/{'translations' if translate else 'transcriptions'}"
        answer = await self._client.json("POST", url, data=form)
        if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
            raise EngineError(f"{NAME} answered without a text: check the option `url`.")
        return answer

    def _fields(self, options: SttOptions) -> list[tuple[str, str]]:
        translate = options.translate and self.info.translates
        fields = [("model", self._model), ("response_format", "verbose_json" if self._timed else "json")]
        if (spoken := options.language or self._language) and not translate:
            fields.append(("language", iso(spoken) or spoken))
        if prompt := " ".join((options.prompt, ", ".join(hot_words(options.hot_words)))).strip():
            fields.append(("prompt", prompt))
        if self._timed and not translate:
            fields += [("timestamp_granularities[]", each) for each in ("word", "segment")]
        for key, value in self._settings.items():
            values = [value] if isinstance(value, str | int | float | bool) else value
            fields += [(key, str(each).lower() if isinstance(each, bool) else str(each)) for each in values]
        return fields


def _said(answer: Mapping[str, Any]) -> tuple[str, list[TimedWord]]:
    """The text and the words with times, without segments that are probably no speech."""
    words = [word for each in answer.get("words") or () if (word := _word(each)) is not None]
    segments = [each for each in answer.get("segments") or () if isinstance(each, dict)]
    silent = [each for each in segments if _silent(each)]
    if not silent:
        return answer["text"].strip(), words
    text = "".join(str(each.get("text") or "") for each in segments if each not in silent)
    spans = []
    for each in silent:
        try:
            spans.append((ms(each.get("start")), ms(each.get("end"))))
        except ValueError:
            continue
    return text.strip(), [word for word in words if not any(start <= word.start_ms < end for start, end in spans)]


def _silent(segment: Mapping[str, Any]) -> bool:
    no_speech, sure = segment.get("no_speech_prob"), segment.get("avg_logprob")
    return (
        isinstance(no_speech, int | float) and isinstance(sure, int | float) and no_speech > NO_SPEECH and sure < UNSURE
    )


def _word(each: Any) -> TimedWord | None:
    try:
        return TimedWord(str(each["word"]).strip(), ms(each["start"]), ms(each["end"]))
    except (KeyError, TypeError, ValueError):
        return None


def _language(name: Any) -> str | None:
    return CODES.get(name.lower()) or iso(name) if isinstance(name, str) else None


def aligned(words: Sequence[TimedWord], text: str) -> list[TimedWord]:
    """The words as they stand in the text, with its punctuation: the service's have none. Where the two do not fit, or
    the language has no spaces, the words as they are."""
    parts = text.split()
    if len(parts) * 4 < len(words):
        return list(words)
    fitted, left = [], list(words)
    for part in parts:
        letters = _letters(part)
        taken: list[TimedWord] = []
        while left and len("".join(_letters(each.text) for each in taken)) < len(letters):
            taken.append(left.pop(0))
        if "".join(_letters(each.text) for each in taken) != letters:
            return list(words)
        if taken:
            fitted.append(replace(taken[0], text=part, end_ms=taken[-1].end_ms))
        elif fitted:  # a dash that stands alone
            fitted[-1] = replace(fitted[-1], text=f"{fitted[-1].text} {part}")
    return fitted


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
