"""Parses the stream of an LLM's reply into text to be said, each part with its voice and tone."""

import re

from voi.core.narrator import NarratorSplitter
from voi.core.reply_json import NEUTRAL, JsonUnwrapper
from voi.dialogue import ReplySegment

_STRIDE_CHARACTERS = 1_024
"""Longest text fed to a parser at once. The parsers delete the front of their buffer, so a short buffer keeps the time
linear."""

_SURROGATES = re.compile("[\ud800-\udfff]")


class ReplyParser:
    """Streaming and sans-I/O: `feed` deltas, say the segments, `close` at the end. Never raises.

    The same words come out in the same voices and tones, however the reply is split into deltas. `json_expected`: the
    agent was told to answer `{"voice_tone": …, "text": …}`; a reply that does so unasked is understood as well.
    `narrated`: the agent has a narrator, who speaks the comments.
    """

    __slots__ = ("_json", "_splitter", "_tone")

    def __init__(self, json_expected: bool, *, narrated: bool = True) -> None:
        self._json = JsonUnwrapper(json_expected)
        self._splitter = NarratorSplitter(narrated)
        self._tone = NEUTRAL

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
