"""espeak-ng TTS (embedded): robotic, instant, a hundred languages.

Synthesis runs about a thousand times faster than real time, in one thread for all callers (the library's state is
global). A text is spoken in parts, and a caller's next part is requested only when the last was taken (backpressure).
So no caller waits for another's long text, and at most one part of sound is buffered for each caller.
"""

import asyncio
import re
import unicodedata
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import numpy as np

from voi.audio.pcm import LOUD
from voi.audio.resample import Resampler
from voi.dialogue import SpokenWord
from voi.engines.base import AS_IT_IS, Speech, VoiceSpec
from voi.engines.info import Licences, TtsInfo
from voi.engines.tts.espeak_library import EspeakLibrary, Prosody, WordBegins, library
from voi.errors import ConfigError, EngineError

RATE_HZ = 24_000
LONGEST_TEXT = 10_000  # characters
PART_DEADLINE_S = 10.0
STEADY_CHUNK_BYTES = 9_600  # 200 ms at 24 kHz; only the first chunk is shorter
NATURAL_WPM = 170

# Rate as a factor of the natural one; pitch and range in espeak-ng's 0..100.
TONES: dict[str, tuple[float, int, int]] = {
    "neutral": (1.0, 50, 50),
    "warm": (0.92, 42, 65),
    "excited": (1.18, 70, 90),
    "sad": (0.78, 32, 20),
}
PAUSE_MIN_MS = 60
"""Shorter silence belongs to the words around it, as before a "p" or "t"."""
NARRATOR_PITCH, NARRATOR_RANGE, NARRATOR_RATE = -18, -20, 0.94  # added, added, multiplied
# espeak-ng ends a text without a pause, but the next piece follows without a gap.
PAUSE_AFTER_MS = {".": 250, "!": 250, "?": 250, "…": 250, ",": 120, ";": 150, ":": 150, "—": 120}

_PART_END = re.compile(r"(?<=[.!?…])\s+|(?<=[,;:—])\s+|\s+")
_DEFAULT_VOICES = ("en-us", "en-us+f3", "en-gb", "en-gb+f3")


class Espeak:
    """A `SentenceTts`. `voices`: espeak-ng names, "language" or "language+variant". `voice_tone_map`: tone -> one of
    these names, or {"rate", "pitch", "range", "voice"} (rate a factor, pitch and range 0 to 100). `avg_text_len`: the
    most characters of a part."""

    info = TtsInfo(
        "espeak",
        sample_rate_hz=RATE_HZ,
        voices=_DEFAULT_VOICES,
        word_times="exact",
        maps_tones=True,
        licences=Licences("GPL-3.0-or-later (espeak-ng)", ""),
    )

    def __init__(
        self,
        *,
        voices: Sequence[str] = _DEFAULT_VOICES,
        voice_tone_map: Mapping[str, str | Mapping[str, Any]] | None = None,
        speed: float = 1.0,
        language: str | None = None,
        avg_text_len: int = 300,
    ) -> None:
        self._voices = tuple(voices) if not isinstance(voices, str) else (voices,)
        if language and voices is _DEFAULT_VOICES:
            self._voices = (language, f"{language}+f3")
        self._tones = {tone: ("", *prosody) for tone, prosody in TONES.items()}
        problems = [] if self._voices else ["espeak: `voices` is empty; name at least one, such as en-us."]
        for tone, wish in (voice_tone_map or {}).items():
            try:
                self._tones[tone] = _tone(wish, TONES.get(tone, TONES["neutral"]))
            except (TypeError, ValueError) as error:
                problems.append(f"espeak: `voice_tone_map`, tone {tone!r}: {error}")
        if not 0.3 <= speed <= 3.0:
            problems.append(f"espeak: `speed` must be 0.3 to 3.0, not {speed}.")
        if problems:
            raise ConfigError(problems)
        named = {tone: wish for tone, wish in (voice_tone_map or {}).items() if isinstance(wish, str)}
        self.info = replace(Espeak.info, voices=self._voices, tones=tuple(self._tones), tone_voices=named)
        self._tones[AS_IT_IS] = ("", *self._tones["neutral"][1:])
        self._speed = speed
        self._part_chars = max(40, avg_text_len)
        self._library = library()
        self._ready = False

    async def warm_up(self) -> None:
        """Raises ConfigError when espeak-ng does not know one of the voices."""
        await asyncio.get_running_loop().run_in_executor(self._library.threads, self._library.load)
        named = dict.fromkeys((*self._voices, *(voice for voice, *_ in self._tones.values() if voice)))
        unknown = [voice for voice in named if self._library.voice_identifier(voice) is None]
        if unknown:
            raise ConfigError(
                [f"espeak-ng has no voice {voice!r}; names are like en-us, de, or en-us+f3." for voice in unknown]
            )
        self._ready = True
        async for _ in self.stream("a", VoiceSpec()):
            pass

    async def close(self) -> None:
        """The library and its thread stay: other engines may speak with them."""
        self._ready = False

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[Speech, None]:
        """Raises EngineError for a text over 10,000 characters, an unknown voice or language, or when espeak-ng
        fails."""
        if not self._ready:
            raise EngineError("espeak-ng is not running.")
        if len(text) > LONGEST_TEXT:
            raise EngineError(f"A text of {len(text)} characters is too long to speak; {LONGEST_TEXT} at most.")
        identifier, prosody = self._voice(voice)
        resampler = Resampler(self._library.rate_hz, RATE_HZ)
        n_bytes = 0
        for part in parts(plain(text), self._part_chars):
            part_ms = n_bytes * 1_000 // (2 * RATE_HZ)
            async with aclosing(self._part(part, identifier, prosody, resampler)) as speech:
                async for item in speech:
                    if isinstance(item, bytes):
                        n_bytes += len(item)
                        yield item
                    else:
                        yield SpokenWord(item.text, part_ms + item.start_ms, part_ms + item.end_ms)

    def _voice(self, spec: VoiceSpec) -> tuple[str, Prosody]:
        tone_voice, rate, pitch, span = self._tones.get(spec.tone, self._tones["neutral"])
        name = tone_voice or spec.voice or self._voices[0]
        if spec.voice is not None and spec.voice not in self._voices:
            raise EngineError(f"No voice {spec.voice!r}; there are {', '.join(self._voices)}.")
        spoken, _, variant = name.partition("+")
        if spec.language and spec.language.split("-")[0].lower() != spoken.split("-")[0].lower():
            name = f"{spec.language}+{variant}" if variant else spec.language
        identifier = self._library.voice_identifier(name)
        if identifier is None:
            raise EngineError(f"espeak-ng has no voice for the language {spec.language!r}.")
        prosody = Prosody(round(NATURAL_WPM * rate * self._speed * spec.speed), pitch, span)
        if spec.role == "narrator":
            prosody = replace(
                prosody,
                rate_wpm=round(prosody.rate_wpm * NARRATOR_RATE),
                pitch=max(0, pitch + NARRATOR_PITCH),
                range=max(0, span + NARRATOR_RANGE),
            )
        return identifier, prosody

    async def _part(
        self, text: str, identifier: str, prosody: Prosody, resampler: Resampler
    ) -> AsyncGenerator[Speech, None]:
        """Sound, and the part's words after it."""
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[Speech | None] = asyncio.Queue()  # at most one part, see `parts`
        stopped = False

        def send(item: Speech) -> None:
            loop.call_soon_threadsafe(chunks.put_nowait, item)

        def work() -> None:
            if not stopped:
                speak_part(self._library, text, identifier, prosody, resampler, send, lambda: stopped)

        job = loop.run_in_executor(self._library.threads, work)
        job.add_done_callback(lambda _: chunks.put_nowait(None))
        try:
            while True:
                async with asyncio.timeout(PART_DEADLINE_S):
                    item = await chunks.get()
                if item is None:
                    break
                yield item
            job.result()
        except TimeoutError:
            raise EngineError("espeak-ng is too slow: too much is being spoken.", retryable=True) from None
        finally:
            stopped = True
            job.cancel()


def speak_part(
    library: EspeakLibrary,
    text: str,
    identifier: str,
    prosody: Prosody,
    resampler: Resampler,
    send: Callable[[Speech], None],
    is_stopped: Callable[[], bool],
) -> None:
    """On the library's thread: speak one part and the pause after it. The first 60 ms go out at once; larger chunks
    follow, since every one costs the event loop a wake-up."""
    held, sound = bytearray(), bytearray()
    threshold = 1

    def emit(pcm: bytes) -> bool:
        nonlocal threshold
        if is_stopped():
            return False
        sound.extend(pcm)
        held.extend(resampler.push(pcm))
        if len(held) >= threshold:
            send(bytes(held))
            held.clear()
            threshold = STEADY_CHUNK_BYTES
        return True

    begins = library.speak(text, identifier, prosody, emit)
    if is_stopped():
        return
    pause_ms = PAUSE_AFTER_MS.get(text.rstrip("\"')]”’»* ")[-1:], 0)
    held.extend(resampler.flush())
    held.extend(bytes(pause_ms * RATE_HZ // 1000 * 2))
    if held:
        send(bytes(held))
    for word in without_pauses(words_of(text, begins, len(sound) * 500 // library.rate_hz), sound, library.rate_hz):
        send(word)


def without_pauses(words: Iterable[SpokenWord], sound: bytes | bytearray, rate_hz: int) -> Iterator[SpokenWord]:
    """The words; each that is followed by silence (as after a comma) ends where its sound ends."""
    loud = np.flatnonzero(np.abs(np.frombuffer(sound, np.int16).astype(np.int32)) > LOUD)
    for word in words:
        last = int(np.searchsorted(loud, word.end_ms * rate_hz // 1_000)) - 1
        end_ms = (int(loud[last]) + 1) * 1_000 // rate_hz if last >= 0 else 0
        pauses = word.start_ms < end_ms <= word.end_ms - PAUSE_MIN_MS
        yield replace(word, end_ms=end_ms) if pauses else word


def words_of(text: str, begins: Sequence[WordBegins], end_ms: int) -> list[SpokenWord]:
    """The words of the text, split at spaces. A word that espeak-ng does not report (a dash) has no duration."""
    found = list(re.finditer(r"\S+", text))
    starts_ms: dict[int, int] = {}
    for begin in begins:  # it reports a word after a dash at the dash
        which = (n for n, word in enumerate(found) if word.end() > begin.at and any(map(str.isalnum, word.group())))
        if (number := next(which, None)) is not None:
            starts_ms.setdefault(number, begin.ms)
    words: list[SpokenWord] = []
    for number in reversed(range(len(found))):
        start_ms = min(starts_ms.get(number, end_ms), end_ms)
        words.append(SpokenWord(found[number].group(), start_ms, end_ms))
        end_ms = start_ms
    return words[::-1]


def plain(text: str) -> str:
    """The text without anything that espeak-ng could take for a command: control characters, surrogates and private use
    become spaces."""
    return "".join(" " if unicodedata.category(char) in {"Cc", "Cs", "Co", "Cn"} else char for char in text)


def parts(text: str, longest: int) -> list[str]:
    """Cut at sentence ends, else at clause ends, else at spaces, else anywhere, so that no part is over `longest`."""
    done: list[str] = []
    rest = text.strip()
    while len(rest) > longest:
        ends = list(_PART_END.finditer(rest, longest // 4, longest + 1))
        by_weight = [[m for m in ends if rest[m.start() - 1] in marks] for marks in (".!?…", ",;:—")]
        cut = next((group[-1].start() for group in (*by_weight, ends) if group), longest)
        done.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest:
        done.append(rest)
    return done


def _tone(wish: object, usual: tuple[float, int, int]) -> tuple[str, float, int, int]:
    """(voice or "", rate factor, pitch, range) from an entry of `voice_tone_map`; ValueError or TypeError."""
    rate, pitch, span = usual
    if isinstance(wish, str):
        return wish, rate, pitch, span
    if not isinstance(wish, Mapping):
        raise TypeError("must be the name of a voice or an object with rate, pitch, range, voice.")
    if unknown := sorted(set(wish) - {"rate", "pitch", "range", "voice"}):
        raise ValueError(f"does not know {', '.join(map(str, unknown))}; there are rate, pitch, range, voice.")
    rate, pitch, span = float(wish.get("rate", rate)), int(wish.get("pitch", pitch)), int(wish.get("range", span))
    if not (0.3 <= rate <= 3 and 0 <= pitch <= 100 and 0 <= span <= 100):
        raise ValueError("rate must be 0.3 to 3, pitch and range 0 to 100.")
    return str(wish.get("voice", "")), rate, pitch, span
