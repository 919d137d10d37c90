"""espeak-ng's C library, through ctypes: voices, prosody, synthesis. Blocks; its state is global to the process.

All `Espeak` engines share the one library and its one thread.
Constants and structures: espeak-ng/speak_lib.h. The library is GPL-3 and loaded at run time from the espeakng-loader
package.
"""

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from voi.errors import EngineError

CHUNK_MS = 60
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1  # and neither espeakSSML nor espeakPHONEMES: what looks like markup is read as text
_POS_CHARACTER = 1
_PHONEMES_IPA = 2
_PHONEMES_TIE = 0x80
_TIE_SHIFT = 8
_RATE, _PITCH, _RANGE = 1, 3, 4
_SLOWEST_WPM, _FASTEST_WPM = 80, 450

_EVENT_LIST_ENDS, _EVENT_WORD = 0, 1

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class _Voice(ctypes.Structure):
    """The head of espeak_VOICE; `languages` is a list of (priority byte, NUL-terminated name), ended by a zero byte."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_ubyte)),
        ("identifier", ctypes.c_char_p),
    )


class _Event(ctypes.Structure):
    """espeak_EVENT; lists of them end with one of type 0."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


@dataclass(frozen=True, slots=True)
class WordBegins:
    """`at`: index of the word's first character in the text; `ms`: into the sound of the text."""

    at: int
    ms: int


@dataclass(frozen=True, slots=True)
class Prosody:
    """`rate_wpm` words a minute (80 to 450), `pitch` and pitch `range` 0 to 100, 50 being the voice's own."""

    rate_wpm: int = 170
    pitch: int = 50
    range: int = 50


class EspeakLibrary:
    """The loaded library. All methods belong on its own thread, `threads`."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(1, thread_name_prefix="espeak")
        self.rate_hz = 0
        self._voices: dict[str, str] = {}
        self._variants: frozenset[str] = frozenset()
        self._current = ""
        self._words: list[WordBegins] = []

    def load(self) -> None:
        """Raises EngineError when the package is missing or broken. Takes a few milliseconds the first time."""
        if self.rate_hz:
            return
        try:
            import espeakng_loader

            data = Path(espeakng_loader.get_data_path())
            self._c: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        except (ImportError, OSError, RuntimeError) as error:
            raise EngineError(
                f"espeak-ng cannot be loaded ({error}); reinstall it with `pip install espeakng-loader==0.2.4`.",
            ) from error
        rate_hz = self._c.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, CHUNK_MS, str(data).encode(), _INITIALIZE_DONT_EXIT
        )
        if rate_hz <= 0:
            raise EngineError(f"espeak-ng cannot read its data in {data}.")
        self._c.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self._c.espeak_Synth.argtypes = [ctypes.c_char_p, ctypes.c_size_t, *[ctypes.c_uint] * 4, *[ctypes.c_void_p] * 2]
        self._c.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._c.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
        self._emit: Callable[[bytes], bool] = lambda _: False
        self._callback = _Callback(self._take)  # kept, or the C side would call freed memory
        self._c.espeak_SetSynthCallback(self._callback)
        self._voices = self._list_voices()
        self._variants = frozenset(path.name for path in (data / "voices" / "!v").iterdir())
        self.rate_hz = rate_hz

    def _list_voices(self) -> dict[str, str]:
        """Language name -> identifier of the voice that speaks it best (lowest priority number)."""
        best: dict[str, tuple[int, str]] = {}
        pointers = self._c.espeak_ListVoices(None)
        count = 0
        while pointers[count]:
            voice = pointers[count].contents
            count += 1
            at = 0
            while priority := voice.languages[at]:
                name = bytearray()
                at += 1
                while byte := voice.languages[at]:
                    name.append(byte)
                    at += 1
                at += 1
                language = name.decode("ascii", "replace")
                best[language] = min(best.get(language, (99, "")), (priority, voice.identifier.decode()))
        return {language: identifier for language, (_, identifier) in best.items()}

    def voice_identifier(self, name: str) -> str | None:
        """espeak-ng's identifier of a voice such as "en-us" or "en-us+f3"; None when it has no such voice."""
        language, plus, variant = name.partition("+")
        identifier = self._voices.get(language.lower().replace("_", "-"))
        if identifier is None or (plus and variant not in self._variants):
            return None
        return identifier + plus + variant

    def speak(self, text: str, identifier: str, prosody: Prosody, emit: Callable[[bytes], bool]) -> list[WordBegins]:
        """Synthesize `text` (without control characters, in which espeak-ng takes commands). `emit` gets s16le mono at
        `rate_hz`, `CHUNK_MS` at a time, and returns False to stop. Returns when each of espeak-ng's words begins; it
        does not split words at spaces alone. Raises EngineError when espeak-ng refuses."""
        rate_wpm = max(_SLOWEST_WPM, min(_FASTEST_WPM, prosody.rate_wpm))
        failed = 0
        if identifier != self._current:  # switching reads the language's dictionary again
            failed = self._c.espeak_SetVoiceByName(identifier.encode())
            self._current = "" if failed else identifier
        for parameter, value in ((_RATE, rate_wpm), (_PITCH, prosody.pitch), (_RANGE, prosody.range)):
            failed = failed or self._c.espeak_SetParameter(parameter, value, 0)
        self._emit, self._words = emit, []
        utf8 = text.encode() + b"\0"
        failed = failed or self._c.espeak_Synth(utf8, len(utf8), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None)
        if failed:
            raise EngineError(f"espeak-ng failed (error {failed}).", retryable=True)
        return self._words

    def phonemes(self, text: str, identifier: str, tie: str = "") -> str:
        """The sounds of the text in IPA, words apart by spaces; punctuation is left out. `tie`: a letter to stand
        between the signs of one sound, such as those of a diphthong. Raises EngineError."""
        if identifier != self._current:
            if self._c.espeak_SetVoiceByName(identifier.encode()):
                self._current = ""
                raise EngineError(f"espeak-ng has no voice {identifier!r}.")
            self._current = identifier
        rest = ctypes.c_char_p(text.encode())
        clauses = []
        form = _PHONEMES_IPA | (_PHONEMES_TIE | ord(tie) << _TIE_SHIFT if tie else 0)
        while rest.value:  # each call reads one clause and moves the pointer past it
            clauses.append(self._c.espeak_TextToPhonemes(ctypes.byref(rest), _CHARS_UTF8, form) or b"")
        return " ".join(clause.decode("utf-8", "replace").strip() for clause in clauses)

    def _take(self, samples: int | None, count: int, events: int | None) -> int:
        """Called by espeak-ng; 1 aborts the synthesis."""
        while events and (event := _Event.from_address(events)).type != _EVENT_LIST_ENDS:
            if event.type == _EVENT_WORD:
                self._words.append(WordBegins(event.text_position - 1, event.audio_position))
            events += ctypes.sizeof(_Event)
        if not samples or count <= 0:
            return 0
        return 0 if self._emit(ctypes.string_at(samples, count * 2)) else 1


@cache
def library() -> EspeakLibrary:
    """The process's one library. It stays loaded, with its thread, since all engines share it."""
    return EspeakLibrary()
