"""Recognizes thoughts and tool calls that models write into their text: marks around them (`marks.py`), calls without
any mark (`printed_calls.py`), and labels (`thought_labels.py`). `look` tells what begins at a place of the text."""

import re
from typing import Literal

from voi.core import marks, printed_calls
from voi.core.found import Found, Seen
from voi.core.sentences import begins_line, begins_sentence
from voi.core.thought_labels import LABELS, answer_heading_at, label_at, may_be_note, note_at

TRIGGER = re.compile(
    r"[<&◁\[{`\]✿(]|(?<=[\n\s])[#>（【_=~💭🤔🧠-]|\A[#>（【_=~💭🤔🧠-]|(?<=[.!?。！？])#|(?<![\w.])[^\W\d_]|\*"
)
"""A notation may begin with this."""
_HEADING_MAX_CHARACTERS = 40
_PLAIN = re.compile(r"(?<=\w )[^\W\d_]|(?P<word>[A-Za-z]+) [A-Za-z]")
"""A word within a sentence, or the first of two words."""
_LABEL_MAX_CHARACTERS = 40
"""More than a label of up to three words has, with its colon."""
_LABELS_BEGIN = (*printed_calls.FIRST_WORDS, *sorted({label.split()[0] for label in LABELS}))


def look(text: str, at: int, *, final: bool, any_key: bool = True) -> Seen:
    """What begins at `at`, where TRIGGER matches. "wait": more text is needed to tell. `any_key`: JSON of any kind may
    be a tool call's arguments."""
    if _is_plain(text, at):
        return None
    char = text[at]
    if char in "<&◁":
        return marks.tag(text, at, final=final)
    if char == "#" and (token := marks.hashes(text, at, final=final)):
        return token
    if char in "]✿":
        return marks.odd_token(text, at, final=final)
    if char in "[{`(":
        found = [_note(text, at, final=final)] if char != "`" else [marks.fence(text, at)]
        if char in "[{(":
            found.append(marks.bracket(text, at, final=final))
        if char in "[{`":
            found.append(printed_calls.object_(text, at, final=final, any_key=any_key))
        if char in "[`":
            found.append(printed_calls.python(text, at, final=final))
        if char == "[":
            found += [marks.odd_token(text, at, final=final), printed_calls.prefixed(text, at, final=final)]
            found += [_thought(text, at, final=final)]
        return _first(*found)
    if not begins_sentence(text, at):
        return None
    if not (char.isalpha() or char == "*"):
        odd = marks.odd_token(text, at, final=final) if char == ">" else None
        return _first(odd, _note(text, at, final=final), _thought(text, at, final=final))
    return _first(
        printed_calls.prefixed(text, at, final=final),
        printed_calls.label(text, at, final=final),
        _note(text, at, final=final) if char == "*" else None,
        _thought(text, at, final=final),
        printed_calls.python(text, at, final=final),
    )


def _is_plain(text: str, at: int) -> bool:
    """True for a word at which surely no notation begins, which holds for nearly all words."""
    plain = _PLAIN.match(text, at)
    if plain is None or plain["word"] is None:
        return plain is not None
    may_be_label = ":" in text[at : at + _LABEL_MAX_CHARACTERS]
    return not may_be_label and not plain["word"].lower().startswith(_LABELS_BEGIN)


def _note(text: str, at: int, *, final: bool) -> Seen:
    """A thought in brackets: "(Thinking: …)"."""
    if not begins_sentence(text, at):
        return None
    if note := note_at(text, at):
        return Found("note", note.end, until=note.note_end)
    return "wait" if not final and may_be_note(text, at) else None


def _thought(text: str, at: int, *, final: bool) -> Seen:
    """The label of a thought, at the beginning of a line."""
    if not begins_line(text, at):
        return None
    if at == 0 and text[0] == "#":
        if end := answer_heading_at(text, at):
            return Found("drop", end)
        if not final and "\n" not in text[:_HEADING_MAX_CHARACTERS] and len(text) < _HEADING_MAX_CHARACTERS:
            return "wait"
    label = label_at(text, at, final=final)
    if label is None or label == "wait":
        return label
    return Found("note", label.end, until=label.note_end) if label.note_end else Found("label", label.end)


def _first(*looks: Seen) -> Seen:
    """The first that found something; "wait" if one of them may still find something."""
    found = next((one for one in looks if isinstance(one, Found)), None)
    wait: Literal["wait"] | None = "wait" if "wait" in looks else None
    return found or wait
