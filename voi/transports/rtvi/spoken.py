"""What of a message was heard, as RTVI tells it: sentence by sentence, word by word, in time with the sound."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from voi.dialogue import SpokenWord
from voi.transports.rtvi import wire

_WORD = re.compile(r"\S+")


@dataclass(slots=True)
class _Sentence:
    text: str
    spoken: bool
    segment_id: int
    word_ends: tuple[int, ...]
    """Where each word ends in the text."""
    start_ms: int = 0
    ends_ms: int | None = None
    """When its sound is over; None: not known yet. Times count from the start of the message's sound."""
    words: tuple[SpokenWord, ...] = ()
    told: bool = False
    said: int = 0
    """How many words were told as heard."""


class SpokenText:
    """The text of one message. All methods return the RTVI messages that are due, as JSON. `segments` counts the
    sentences of the whole conversation; `legacy`: for a client of RTVI 1."""

    __slots__ = ("_legacy", "_segments", "_sentences")

    def __init__(self, segments: Iterator[int], *, legacy: bool = False) -> None:
        self._segments = segments
        self._legacy = legacy
        self._sentences: dict[int, _Sentence] = {}
        """Those that were not heard to their end, by piece, in order."""

    def add(self, piece: int, text: str, *, spoken: bool) -> list[bytes]:
        """The next piece was written. "": that piece is withdrawn."""
        self._sentences.pop(piece, None)
        text = text.strip()
        if text:
            ends = tuple(match.end() for match in _WORD.finditer(text))
            self._sentences[piece] = _Sentence(text, spoken, next(self._segments), ends)
        return self._unspoken()

    def voiced(self, piece: int, start_ms: int, audio_ms: int, words: tuple[SpokenWord, ...]) -> None:
        """When the piece is heard, counted from the start of the message's sound."""
        if (sentence := self._sentences.get(piece)) is not None:
            sentence.start_ms, sentence.ends_ms = start_ms, start_ms + audio_ms
            sentence.words = words if len(words) == len(sentence.word_ends) else ()

    def heard(self, played_ms: int) -> list[bytes]:
        """So much of the message's sound was heard."""
        out = []
        for piece, sentence in list(self._sentences.items()):
            if not sentence.spoken:
                out += self._finish(piece, sentence)
                continue
            if sentence.start_ms > played_ms:
                break
            out += self._begin(sentence)
            if sentence.ends_ms is None:
                break
            out += self._words(sentence, played_ms - sentence.start_ms)
            if sentence.ends_ms > played_ms:
                break
            out += self._finish(piece, sentence)
        return out

    def all_heard(self) -> list[bytes]:
        """All of the message was heard."""
        return [said for piece, sentence in list(self._sentences.items()) for said in self._finish(piece, sentence)]

    def _unspoken(self) -> list[bytes]:
        """Sentences without sound, as long as none with sound is before them."""
        out = []
        for piece, sentence in list(self._sentences.items()):
            if sentence.spoken:
                break
            out += self._finish(piece, sentence)
        return out

    def _begin(self, sentence: _Sentence) -> list[bytes]:
        if sentence.told:
            return []
        sentence.told = True
        return [] if self._legacy else [self._output(sentence, "new")]

    def _words(self, sentence: _Sentence, at_ms: int) -> list[bytes]:
        """The words whose sound has begun. The last one is told with the end of the sentence."""
        out = []
        while sentence.said < len(sentence.words) and sentence.words[sentence.said].start_ms <= at_ms:
            out.append(wire.text_of("bot-tts-text", sentence.words[sentence.said].text))
            sentence.said += 1
            if not self._legacy and sentence.said < len(sentence.words):
                out.append(self._output(sentence, "in-progress", sentence.word_ends[sentence.said - 1]))
        return out

    def _finish(self, piece: int, sentence: _Sentence) -> list[bytes]:
        del self._sentences[piece]
        out = self._begin(sentence)
        if not sentence.spoken:
            return [self._output(sentence, "new")] if self._legacy else out
        left = [word.text for word in sentence.words[sentence.said :]] if sentence.words else [sentence.text]
        out += [wire.text_of("bot-tts-text", text) for text in left]
        return [*out, self._output(sentence, "completed", len(sentence.text))]

    def _output(self, sentence: _Sentence, status: str, said: int = 0) -> bytes:
        return wire.bot_output(
            sentence.text, sentence.segment_id, status,
            spoken=sentence.spoken, said=sentence.text[:said], legacy=self._legacy,
        )  # fmt: skip
