"""Writes what was said of a reply: as one text for people, and for the model in the form that the prompt asks for."""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby

from voi.dialogue import ReplyForm, ReplySegment

OWN_WORD = "\u2e80"
"""From this code point on (CJK) each character counts as a word, as no spaces stand between words."""

_CLOSES = ",.;:!?…)]}"
"""These follow a word without a space, even where a change of voice or tone split a sentence before them."""


class Joined:
    """The text of the segments that were added, and where in it the narrator speaks: begin and end index of each
    comment. Segments that have no space between them get one."""

    __slots__ = ("_comment_goes_on", "_narrated", "_whole")

    def __init__(self, segments: Iterable[ReplySegment] = ()) -> None:
        self._whole = ""
        self._narrated: list[tuple[int, int]] = []
        self._comment_goes_on = False
        for segment in segments:
            self.add(segment)

    @property
    def text(self) -> str:
        return self._whole.rstrip()

    @property
    def narrated(self) -> tuple[tuple[int, int], ...]:
        return tuple(self._narrated)

    def add(self, segment: ReplySegment) -> None:
        text = segment.text if self._whole else segment.text.lstrip()
        self._whole += _gap(self._whole, text)
        begin = len(self._whole) + len(text) - len(text.lstrip())
        self._whole += text
        if not text.strip():
            return
        if segment.voice == "narrator":
            begin = self._narrated.pop()[0] if self._comment_goes_on else begin
            self._narrated.append((begin, begin + len(self._whole[begin:].rstrip())))
        self._comment_goes_on = segment.voice == "narrator"


def join(texts: Iterable[str]) -> str:
    """Join pieces of text; two that have no space between them get one."""
    return Joined(map(ReplySegment, texts)).text


def in_form(segments: Sequence[ReplySegment], form: ReplyForm) -> str:
    """The segments as the model should have written them: comments between marks, and a JSON object for each tone."""
    if not form.text_key:
        return _marked(segments, form.comment_mark)
    objects = []
    for tone, group in groupby(segments, key=lambda segment: segment.tone):
        text = _marked(list(group), form.comment_mark)
        fields = [(form.tone_key, tone), (form.text_key, text)] if form.tone_key else [(form.text_key, text)]
        objects.append(json.dumps(dict(fields if form.tone_first else reversed(fields)), ensure_ascii=False))
    return "\n".join(objects)


def _marked(segments: Sequence[ReplySegment], mark: str) -> str:
    runs = []
    for voice, group in groupby(segments, key=lambda segment: segment.voice):
        text = join(segment.text for segment in group)
        runs.append(f"{mark}{text}{mark}" if voice == "narrator" and text else text)
    return join(runs)


def _gap(before: str, text: str) -> str:
    bare = before and text and not (before[-1].isspace() or text[0].isspace() or text[0] in _CLOSES)
    return " " if bare and before[-1] < OWN_WORD else ""
