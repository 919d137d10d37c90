"""What a notation of thoughts or tool calls may turn out to be."""

from typing import Literal, NamedTuple

Family = Literal["", "thought", "call", "turn"]
MarkKind = Literal[
    "open", "close", "answer", "end", "drop", "role", "channel", "call", "python", "until", "label", "note", "text"
]


class Found(NamedTuple):
    """What begins at a place of the text, and the index where its mark ends. open, close: of a thought, of calls, or of
    another speaker's turn. answer: the beginning of what is to be heard, which ends a thought. end: of whatever is
    open. drop: a mark that is not spoken and hides nothing. role: the name of the speaker follows. channel: its name
    follows. call: brackets, and `call_in` decides whether they are a call; python: brackets, and what follows them
    decides; with a family, nothing may follow on the line. until: hidden up to and including the text `until`. label:
    "Thinking:", and what follows decides. note: a thought in brackets, up to the text `until`. text: a mark that the
    reply only speaks of.
    """

    kind: MarkKind
    end: int
    family: Family = ""
    until: str = ""


Seen = Found | Literal["wait"] | None
