"""Writes what was said of a reply for the model, in the form that the prompt asks for."""

import json
from collections.abc import Sequence
from itertools import groupby

from voi.core.ledger import join
from voi.dialogue import ReplyForm, ReplySegment


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
