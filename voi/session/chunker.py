"""Turns a reply's fragments into pieces to be spoken, checked by the guard, each in one voice and one tone."""

from collections import deque
from collections.abc import Iterable

from voi.core.guard import PatternGuard
from voi.core.reply_parser import ReplySegment
from voi.core.sentences import Cutter
from voi.dialogue import Voice


class Chunker:
    """`feed` segments, get the pieces that are complete and safe; `close` gives the rest. `language`: decides where
    sentences end. Sans-I/O."""

    __slots__ = ("_cutter", "_guard", "_guarded_voice", "_held", "_tone", "_voice")

    def __init__(self, guard: PatternGuard | None = None, language: str = "en") -> None:
        self._guard = guard
        self._guarded_voice: Voice = "character"
        self._held: deque[ReplySegment] = deque()
        """Segments that the guard has not released yet. It releases text in order, without voices and tones."""
        self._cutter = Cutter(language)
        self._voice: Voice = "character"
        self._tone = "neutral"

    @property
    def denied(self) -> bool:
        """True once the guard has found a denial. Nothing comes out after that."""
        return self._guard is not None and self._guard.denied

    def feed(self, segments: Iterable[ReplySegment]) -> list[ReplySegment]:
        return [piece for segment in segments for safe in self._past_guard(segment) for piece in self._cut(safe)]

    def close(self) -> list[ReplySegment]:
        rest = self._dole(self._guard.close()) if self._guard else []
        pieces = [piece for segment in rest for piece in self._cut(segment)]
        if not self.denied:
            pieces += self._cut_rest()
        return pieces

    def _past_guard(self, segment: ReplySegment) -> list[ReplySegment]:
        if self._guard is None:
            return [segment]
        if segment.voice != self._guarded_voice:
            self._guarded_voice = segment.voice
            self._guard.part()
        self._held.append(segment)
        return self._dole(self._guard.feed(segment.text))

    def _dole(self, text: str) -> list[ReplySegment]:
        """Split released text into segments with the voices and tones that it came in."""
        out = []
        while text:
            held = self._held.popleft()
            part, text = text[: len(held.text)], text[len(held.text) :]
            if len(part) < len(held.text):
                self._held.appendleft(ReplySegment(held.text[len(part) :], held.voice, held.tone))
            out.append(ReplySegment(part, held.voice, held.tone))
        return out

    def _cut(self, segment: ReplySegment) -> list[ReplySegment]:
        pieces = []
        if (segment.voice, segment.tone) != (self._voice, self._tone):
            pieces = self._cut_rest()
            self._voice, self._tone = segment.voice, segment.tone
        return pieces + [ReplySegment(text, self._voice, self._tone) for text in self._cutter.feed(segment.text)]

    def _cut_rest(self) -> list[ReplySegment]:
        return [ReplySegment(text, self._voice, self._tone) for text in self._cutter.close()]
