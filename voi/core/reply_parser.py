"""Parses the stream of an LLM's reply into text to be said, each part with its voice and tone."""

import re

from voi.core.narrator import NarratorSplitter
from voi.core.reply_json import NEUTRAL, JsonUnwrapper
from voi.core.tone_lines import MAY_BEGIN, TEXT_KEY, TEXT_KEY_MAY_GROW, TRIGGER, tone_label
from voi.dialogue import ReplySegment

_STRIDE_CHARACTERS = 1_024
"""Longest text fed to a parser at once. The parsers delete the front of their buffer, so a short buffer keeps the time
linear."""

_SURROGATES = re.compile("[\ud800-\udfff]")


class ToneLines:
    """`feed` text as it streams in, get pairs of text and the tone that a label before it named; None: none did.
    `close` returns the rest and forgets the tone. The same comes out however the text is split. Never raises."""

    __slots__ = ("_begins_line", "_buffer", "_text_key", "_tone")

    def __init__(self) -> None:
        self._buffer = ""
        self._tone: str | None = None
        self._begins_line = True
        self._text_key = False
        """A label came just before, and `text:` may follow it."""

    def feed(self, text: str) -> list[tuple[str, str | None]]:
        """Take in more text. Returns the text whose tone is known by now, in order."""
        self._buffer += text
        return self._read(final=False)

    def close(self) -> list[tuple[str, str | None]]:
        """The text is complete. Returns the rest of it."""
        out = self._read(final=True)
        self._tone, self._text_key = None, False
        return out

    def _read(self, *, final: bool) -> list[tuple[str, str | None]]:
        out: list[tuple[str, str | None]] = []
        while self._buffer:
            if self._text_key:
                if not final and TEXT_KEY_MAY_GROW.fullmatch(self._buffer):
                    break
                self._text_key = False
                if key := TEXT_KEY.match(self._buffer):
                    self._buffer = self._buffer[key.end() :]
                    continue
            if (self._begins_line or TRIGGER.match(self._buffer)) and MAY_BEGIN.match(self._buffer):
                found = tone_label(self._buffer, begins_line=self._begins_line, final=final)
                if found == "wait":
                    break
                if found is not None:
                    self._tone, self._text_key, self._begins_line = found.tone, True, found.whole_line
                    self._buffer = self._buffer[found.end :]
                    continue
            trigger = TRIGGER.search(self._buffer, 0 if self._buffer[0] == "\n" else 1)
            at = len(self._buffer) if trigger is None else trigger.start() + (trigger[0] == "\n")
            out.append((self._buffer[:at], self._tone))
            self._begins_line = self._buffer[at - 1] == "\n"
            self._buffer = self._buffer[at:]
        return out


class ReplyParser:
    """Streaming and sans-I/O: `feed` deltas, say the segments, `close` at the end. Never raises.

    The same words come out in the same voices and tones, however the reply is split into deltas. `json_expected`: the
    agent was told to answer `{"voice_tone": …, "text": …}`; a reply that does so unasked is understood as well.
    `narrated`: the agent has a narrator, who speaks the comments.
    """

    __slots__ = ("_json", "_json_tone", "_lines", "_splitter", "_tone")

    def __init__(self, json_expected: bool, *, narrated: bool = True) -> None:
        self._json = JsonUnwrapper(json_expected)
        self._lines = ToneLines()
        self._splitter = NarratorSplitter(narrated)
        self._json_tone = self._tone = NEUTRAL

    def feed(self, delta: str) -> list[ReplySegment]:
        """Take the next text; return the segments that are certain now. Their texts are never empty."""
        if not delta.isascii():
            delta = _SURROGATES.sub("", delta)  # lone surrogates: UTF-8 cannot hold them
        out: list[ReplySegment] = []
        for at in range(0, len(delta), _STRIDE_CHARACTERS):
            out += self._split(self._json.feed(delta[at : at + _STRIDE_CHARACTERS]))
        return _merged(out)

    def close(self) -> list[ReplySegment]:
        """End of the reply, complete or cut short: return the remaining segments."""
        rest = self._split(self._json.close())
        return _merged(rest + self._toned(self._lines.close()) + self._flushed())

    def _split(self, spoken: list[tuple[str, str]]) -> list[ReplySegment]:
        out: list[ReplySegment] = []
        for text, tone in spoken:
            if tone != self._json_tone:
                out += self._toned(self._lines.close())
                self._json_tone = tone
            out += self._toned(self._lines.feed(text))
        return out

    def _toned(self, parts: list[tuple[str, str | None]]) -> list[ReplySegment]:
        """The segments of text, in the tone that a label in it names, else in the one of the reply's form."""
        out: list[ReplySegment] = []
        for text, named in parts:
            tone = named or self._json_tone
            if tone != self._tone:
                out += self._flushed()
                self._tone = tone
            out += [ReplySegment(piece, voice, tone) for piece, voice in self._splitter.feed(text)]
        return out

    def _flushed(self) -> list[ReplySegment]:
        return [ReplySegment(piece, voice, self._tone) for piece, voice in self._splitter.close()]


def _merged(segments: list[ReplySegment]) -> list[ReplySegment]:
    out: list[ReplySegment] = []
    for segment in segments:
        if out and out[-1].voice == segment.voice == "character" and out[-1].tone == segment.tone:
            out[-1] = ReplySegment(out[-1].text + segment.text, segment.voice, segment.tone)
        else:
            out.append(segment)
    return out
