"""A labelled set of what takes calls: sound of a telephone line, and the words as an STT engine hears them bit by bit.

What it is, honestly: synthetic. The sentences are of `greetings.py`, `greetings_unseen.py` and `greetings_later.py`,
the voices espeak-ng's (for English hibari's too), the beeps and the music made here. Every sample is cut to the
telephone's band, coded as G.711, has a silence before it as it comes between "answered" and the first word, and the
noise of a line. The words are those that are spoken, told as Moonshine tells them: every 400 ms, 300 ms late; each word
is lost or wrong with a probability of 12 %. What real lines have besides (echo, crosstalk, bad voices, accents) it does
not have."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.transports.telephone.greetings import HELD_OUT, TUNED, VOICES
from tests.transports.telephone.greetings_later import LATER, LATER_VOICES
from tests.transports.telephone.greetings_unseen import UNSEEN, UNSEEN_VOICES
from voi.audio.g711 import decode, encode
from voi.audio.resample import resample

RATE_HZ = 8_000
SPOKEN_HZ = 24_000
PARTIAL_EVERY_MS, PARTIAL_LATE_MS = 400, 300
NEURAL = "hibari"
WRONG = 0.12
"""How probable it is that a word is lost or wrong."""
AFTER_MS = 4_000
"""Silence behind what is said: the one that took the call waits."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Answered:
    """One sample. `pcm`: 8 kHz s16le. `words`: when which text was heard, in ms. `spoken_until_ms`: the end of what is
    said. `first`: what is said before the first pause of a second or more is `first_ms` long."""

    kind: str
    language: str
    voice: str
    text: str
    pcm: bytes
    words: tuple[tuple[int, str], ...]
    began_ms: int
    spoken_until_ms: int


@cache
def spoken(text: str, voice: str, rate_wpm: int) -> bytes:
    """24 kHz."""
    if voice == NEURAL:
        return _neural(text)
    from voi.engines.tts.espeak_library import Prosody, library

    espeak = library()
    espeak.load()
    identifier = espeak.voice_identifier(voice)
    assert identifier, voice
    pcm = bytearray()

    def emit(piece: bytes) -> bool:
        pcm.extend(piece)
        return True

    espeak.speak(text, identifier, Prosody(rate_wpm, 50, 50), emit)
    return resample(bytes(pcm), espeak.rate_hz, SPOKEN_HZ) if espeak.rate_hz != SPOKEN_HZ else bytes(pcm)


@cache
def _hibari() -> Any:
    from voi.engines.tts.hibari_model import HibariModel

    return HibariModel(None)


def _neural(text: str) -> bytes:
    from voi.engines.tts.part_speech import Manner

    return bytes(_hibari().speak(text, Manner()).pcm)


def samples(half: str, variants: int = 2, *, neural: bool = False) -> Iterator[Answered]:
    """The samples of that part, "tuned", "held out", "unseen" or "later". `variants`: of each sentence, with other
    noise, pace and silence before it. `neural`: every second English one is spoken by hibari."""
    texts, voices = {
        "tuned": (TUNED, {language: both[0] for language, both in VOICES.items()}),
        "held out": (HELD_OUT, {language: both[1] for language, both in VOICES.items()}),
        "unseen": (UNSEEN, UNSEEN_VOICES),
        "later": (LATER, LATER_VOICES),
    }[half]
    for language, kinds in texts.items():
        for kind, sentences in kinds.items():
            for text in sentences:
                for variant in range(variants):
                    voice = voices[language]
                    if neural and language == "en" and variant % 2:
                        voice = NEURAL
                    yield made(kind, language, voice, text, random.Random(f"{half} {language} {text} {variant}"))


def made(kind: str, language: str, voice: str, text: str, chance: random.Random) -> Answered:
    """One sample."""
    lead_ms = chance.randrange(150, 900, 10)
    parts: list[Floats] = [np.zeros(lead_ms * RATE_HZ // 1_000, np.float32)]
    timed: list[tuple[int, str]] = []
    rate_wpm = chance.choice((150, 165, 180))
    until_ms = lead_ms
    at_ms = lambda: sum(map(len, parts)) * 1_000 // RATE_HZ  # noqa: E731
    for part in _parts(text):
        if part == "|":
            parts.append(np.zeros(chance.choice((450, 600, 900)) * RATE_HZ // 1_000, np.float32))
        elif part == "(beep)":
            parts.append(np.zeros(chance.randrange(300, 1_100) * RATE_HZ // 1_000, np.float32))
            parts.append(beep(chance))
        elif part == "(music)":
            parts.append(music(chance, 8.0))
        else:
            pcm = resample(spoken(part, voice, rate_wpm), SPOKEN_HZ, RATE_HZ)
            sound = np.frombuffer(pcm, "<i2").astype(np.float32) / 32_768
            began, words = at_ms(), part.split()
            step = len(sound) * 1_000 / RATE_HZ / len(words)
            timed += [(round(began + (i + 1) * step), _heard(word, chance)) for i, word in enumerate(words)]
            parts.append(_level(sound, chance.uniform(-26, -16)))
            until_ms = at_ms()
    parts.append(np.zeros(AFTER_MS * RATE_HZ // 1_000, np.float32))
    return Answered(
        kind, language, voice, text, on_the_line(np.concatenate(parts), chance), _partials(timed), lead_ms, until_ms
    )


def _parts(text: str) -> list[str]:
    found = [""]
    for word in text.split():
        if word in ("|", "(beep)", "(music)"):
            found += [word, ""]
        else:
            found[-1] = f"{found[-1]} {word}".strip()
    return [part for part in found if part]


def _heard(word: str, chance: random.Random) -> str:
    return word if chance.random() >= WRONG else chance.choice(("", "uh", "the", "Anna"))


def _partials(timed: list[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    if not timed:
        return ()
    told = []
    for at_ms in range(PARTIAL_EVERY_MS, timed[-1][0] + 2 * PARTIAL_EVERY_MS, PARTIAL_EVERY_MS):
        if text := " ".join(word for end_ms, word in timed if end_ms <= at_ms and word):
            told.append((at_ms + PARTIAL_LATE_MS, text))
    return tuple(told)


def beep(chance: random.Random) -> Floats:
    """A machine's beep: a sine, or two."""
    length = chance.choice((200, 300, 450, 800, 1_000)) * RATE_HZ // 1_000
    time = np.arange(length, dtype=np.float32) / RATE_HZ
    lines = [chance.choice((425.0, 800.0, 1_000.0, 1_400.0, 1_850.0))]
    if chance.random() < 0.2:
        lines = [852.0, 1_336.0]
    sound = sum(np.sin(2 * math.pi * hz * time) for hz in lines)
    return (sound * 10 ** (chance.uniform(-24, -12) / 20) / len(lines)).astype(np.float32)


def music(chance: random.Random, length_s: float) -> Floats:
    """Chords of three plucked or bowed notes with harmonics, over a bass; a new one every 300 to 700 ms."""
    time_s, out = 0.0, []
    root = chance.choice((196.0, 220.0, 261.6, 293.7))
    while time_s < length_s:
        size_s = chance.choice((0.3, 0.4, 0.5, 0.7))
        time = np.arange(round(size_s * RATE_HZ), dtype=np.float32) / RATE_HZ
        base = root * 2 ** (chance.choice((0, 2, 4, 5, 7, 9)) / 12)
        chord = np.zeros(len(time), np.float32)
        for third in (0, chance.choice((3, 4)), 7):
            hz = base * 2 ** (third / 12)
            for harmonic in range(1, 6):
                if hz * harmonic < 3_400:
                    chord += (np.sin(2 * math.pi * hz * harmonic * time + chance.uniform(0, 6)) / harmonic**1.3).astype(
                        np.float32
                    )
        fade = np.exp(-time * chance.choice((0.6, 1.5, 2.5))) * np.minimum(1, time / 0.01)
        out.append((chord * fade).astype(np.float32))
        time_s += size_s
    return _level(np.concatenate(out), chance.uniform(-26, -18))


def _level(sound: Floats, dbfs: float) -> Floats:
    rms = float(np.sqrt(np.mean(sound[np.abs(sound) > 0.001] ** 2))) if np.any(np.abs(sound) > 0.001) else 1.0
    return (sound * (10 ** (dbfs / 20) / rms)).astype(np.float32)


def on_the_line(sound: Floats, chance: random.Random) -> bytes:
    """The telephone's band, a line's noise, G.711."""
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    spectrum *= 1 / (1 + np.exp(-(hz - 260) / 25)) * 1 / (1 + np.exp((hz - 3_450) / 40))
    noise = np.random.default_rng(chance.randrange(2**32)).normal(
        0, 10 ** (chance.choice((-65, -55, -48)) / 20), len(sound)
    )
    heard = np.clip(np.fft.irfft(spectrum, len(sound)) + noise, -1, 1)
    return decode(encode((heard * 32_767).astype("<i2").tobytes(), "ulaw"), "ulaw")
