"""Turns a reply's text into pieces to be spoken, checked by the guard, each in one voice and one tone."""

from collections import deque
from collections.abc import Iterable

from voi.core.guard import PatternGuard
from voi.core.reply_parser import ReplyParser
from voi.core.sentences import Cutter
from voi.core.unspoken import Unspoken
from voi.dialogue import ReplySegment, Voice


class Chunker:
    """`feed` segments, get the pieces that are complete and safe; `close` gives the rest. `guard` reads the text as it
    is written. `language`: decides where sentences end. Sans-I/O."""

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


class ReplyReading:
    """Reads an LLM's answer as it is written: `feed` text, get the pieces to be said; `close` gives the rest.

    `phrases`: denial phrases, which no piece contains as it is written. `language`: decides where sentences end.
    `opened`: the reply may begin in the middle of a thought, and is held back until that is known. Sans-I/O.
    """

    __slots__ = ("_chunker", "_json_expected", "_language", "_narrated", "_parser", "_phrases", "_unspoken", "tone")

    def __init__(
        self,
        json_expected: bool = False,
        *,
        narrated: bool = True,
        phrases: Iterable[str] = (),
        language: str = "en",
        opened: bool = False,
    ) -> None:
        self._json_expected = json_expected
        self._narrated = narrated
        self._phrases = phrases
        self._language = language
        self._unspoken = Unspoken(opened=opened, json_expected=json_expected)
        self.tone = "neutral"
        """The tone of the newest text."""
        self.start_over()

    def start_over(self) -> None:
        """Forget the text so far: it was a thought."""
        self._parser = ReplyParser(self._json_expected, narrated=self._narrated)
        self._chunker = Chunker(PatternGuard(self._phrases) if self._phrases else None, self._language)

    @property
    def denied(self) -> bool:
        """A denial phrase was found. Nothing comes out after that."""
        return self._chunker.denied

    @property
    def thought_first(self) -> bool:
        """A thought ended without a beginning: the pieces given out before it must be withdrawn."""
        return self._unspoken.thought_first

    @property
    def thinks(self) -> bool | None:
        """Whether the reply began in the middle of a thought; None: nothing has shown it yet."""
        return self._unspoken.began == "thought" if self._unspoken.began else None

    def speaks(self) -> list[ReplySegment]:
        """The reply is known not to begin in the middle of a thought: return the pieces that were held back for
        that."""
        return self._pieces(self._parser.feed(self._unspoken.speaks()))

    def feed(self, text: str) -> list[ReplySegment]:
        known = self.thought_first
        spoken = self._unspoken.feed(text)
        if self._json_expected and not spoken and self._unspoken.held.startswith("{"):
            spoken = self._unspoken.speaks()  # the object that the prompt asks for
        if self.thought_first and not known:
            self.start_over()
        return self._pieces(self._parser.feed(spoken))

    def close(self, *, cut: bool = False) -> list[ReplySegment]:
        """Return the remaining pieces. `cut`: the reply is not complete, so the absence of marks in it does not show
        how it began."""
        rest = self._parser.feed(self._unspoken.close(cut=cut)) + self._parser.close()
        return self._pieces(rest) + self._chunker.close()

    def _pieces(self, segments: list[ReplySegment]) -> list[ReplySegment]:
        if segments:
            self.tone = segments[-1].tone
        return self._chunker.feed(segments)
