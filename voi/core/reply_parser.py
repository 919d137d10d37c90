"""From the stream of an LLM's reply to what is to be said: in whose voice, in which tone."""

import re
from dataclasses import dataclass

from voi.core.narrator import NarratorSplitter
from voi.core.reply_json import NEUTRAL, JsonUnwrapper
from voi.dialogue import Voice

_STRIDE_CHARACTERS = 1_024
"""The parsers below consume the front of their buffer piece by piece; a short one keeps that linear."""

_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ReplySegment:
    """A fragment of the reply (not a sentence): words that one voice says in one tone."""

    text: str
    voice: Voice = "character"
    tone: str = NEUTRAL


class ReplyParser:
    """Streaming and sans-I/O: `feed` deltas, say the segments, `close` at the end. Never raises, whatever is fed.

    However the reply is cut into deltas, the same words come out in the same voices and tones. `json_expected`: the
    agent was told to answer `{"voice_tone": …, "text": …}`; a reply that does so unasked is understood as well.
    `narrated`: somebody speaks the narrator's comments.
    """

    __slots__ = ("_json", "_splitter", "_tone")

    def __init__(self, json_expected: bool, *, narrated: bool = True) -> None:
        self._json = JsonUnwrapper(json_expected)
        self._splitter = NarratorSplitter(narrated)
        self._tone = NEUTRAL

    def feed(self, delta: str) -> list[ReplySegment]:
        """Segments that are certain now; texts are never empty."""
        if not delta.isascii():
            delta = _SURROGATES.sub("", delta)  # half characters: no door can send them
        out: list[ReplySegment] = []
        for at in range(0, len(delta), _STRIDE_CHARACTERS):
            out += self._split(self._json.feed(delta[at : at + _STRIDE_CHARACTERS]))
        return _merged(out)

    def close(self) -> list[ReplySegment]:
        """The rest: the reply is over, whole or cut short."""
        return _merged(self._split(self._json.close()) + self._flushed())

    def _split(self, spoken: list[tuple[str, str]]) -> list[ReplySegment]:
        out: list[ReplySegment] = []
        for text, tone in spoken:
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
