"""Removes what models write but must not be spoken: thoughts, and tool calls that are printed as text. Streaming:
`feed` deltas, get the remaining text.

Thoughts and calls are recognized by their notation (`notations.py`). A reply that only speaks of such marks keeps them.
Where a decision needs the next characters, text is held back. The same text comes out however it is split into deltas;
only a thought that ends without a beginning may have been given out before.
"""

import re
from typing import Literal

from voi.core.notations import MARK_MAX_CHARACTERS, TRIGGER, Family, Found, is_call, look

HIDDEN_MAX_CHARACTERS = 100_000
"""Limit on the hidden text that is kept. Only text that may turn out not to be hidden is kept."""
_THOUGHT_MAX_CHARACTERS = 2_000
"""A longer "Thought: …" without "Action:" or "Answer:" is given out."""
_TAIL_CHARACTERS = 16

_BRACKET = re.compile(r"[\"'\\\[\](){}\n]")
_OPENING = re.compile(r"[\[({]")
_MARKS_A_BEGINNING = frozenset(("open", "channel", "until", "drop"))
_ARGUMENT_LABEL = re.compile(r"\[(?:ARGS|CALL_ID|TOOL_CONTENT)\]\Z")
_AFTER_THOUGHT = re.compile(
    r"^[*_ \t]{0,4}(?:(?P<action>Action)|(?:Final )?Answer|Response|Reply)[*_ \t]{0,4}:[*_ \t]{0,4}",
    re.MULTILINE | re.IGNORECASE,
)


_ANSWER_LABEL_CHARACTERS = 24
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_EMPHASIZED = ("**", "__")
_SURELY_THOUGHT = re.compile(
    r"(?:my |inner |internal )?(?:thinking|thoughts?|monologue)(?: process)?|chain of thought", re.I
)


class Unspoken:
    """The filter of one reply. `opened`: it may begin inside a thought; all is held back until a mark, `speaks`
    or the end tells."""

    __slots__ = (
        "_begin", "_buffer", "_depth", "_hidden", "_kind", "_no_calls", "_opened", "_quote", "_scanned",
        "_shown", "_tail", "_trims", "_until", "began", "thought_first",
    )  # fmt: skip

    def __init__(self, *, opened: bool = False) -> None:
        self._buffer = ""
        self._tail = ""
        """The end of what precedes the buffer; "\\n" after hidden text."""
        self._hidden: Family = "thought" if opened else ""
        """What is hidden at the moment, until its closing mark."""
        self._until = ""
        """The text that ends the hidden part, if no mark does."""
        self._kind = ""
        """What the buffer begins with, if more text is needed to tell: "call", "python", "calls" (a call follows the
        mark), "thought", "channel"."""
        self._begin = self._depth = self._scanned = 0
        self._quote = ""
        """Where the brackets of a call begin; how many are open at `_scanned` (-1: the first is closed there); the
        quote that is open there."""
        self._no_calls = 0
        """Number of characters at the start of the buffer in which no call is searched for, because they belong to an
        object that is not one."""
        self._opened = opened
        """It is not known yet whether what is hidden is a thought."""
        self.began: Literal["", "thought", "speech"] = ""
        """How the reply began: in the middle of a thought, or otherwise; "": that is not known yet."""
        self._shown = False
        self._trims = False
        """Text was hidden after white space, so the white space after it is dropped."""
        self.thought_first = False
        """A thought ended without a beginning: the text given out before was part of it and must be withdrawn."""

    def feed(self, delta: str) -> str:
        """Take the next text; return what may be spoken."""
        self._buffer += delta
        return self._run(final=False)

    @property
    def held(self) -> str:
        """The beginning of what is held back until it is known how the reply begins."""
        return self._buffer[:_TAIL_CHARACTERS].lstrip() if self._opened else ""

    def speaks(self) -> str:
        """The reply is known not to begin in the middle of a thought. Returns what was held back for that."""
        return self._run(final=False) if self._opened and self._spoke() else ""

    def close(self, *, cut: bool = False) -> str:
        """End of the reply: return the rest. What is hidden and not ended stays hidden, except for a reply without any
        mark, which began with speech. `cut`: the reply is not complete, and could have had a mark."""
        if self._opened and not cut:
            return self.speaks() + self._run(final=True)
        return self._run(final=True)

    def _run(self, *, final: bool) -> str:
        out: list[str] = []
        while self._step(out, final):
            pass
        text = "".join(out)
        self._shown |= bool(text.strip())
        return text

    def _step(self, out: list[str], final: bool) -> bool:
        """Advance by one step. False: more text is needed."""
        if self._until:
            return self._hide_until()
        if self._hidden:
            return self._hide(out, final)
        match self._kind:
            case "channel":
                return self._read_channel()
            case "thought":
                return self._weigh_thought(out, final)
            case "":
                return self._read(out, final)
            case _:
                return self._weigh_call(out, final)

    # ---- text -----------------------------------------------------------------------------------------

    def _read(self, out: list[str], final: bool) -> bool:
        text, base = self._tail + self._buffer, len(self._tail)
        spoken_of = base
        for trigger in TRIGGER.finditer(text, base):
            at = trigger.start()
            found = look(text, at, final=final) if at >= spoken_of else None
            if found is None:
                continue
            if found == "wait" and not final:
                self._give(out, at - base)
                return False
            if not isinstance(found, Found):
                continue
            if found.kind == "text":
                spoken_of = found.end
            if found.kind == "text" or (found.kind in ("call", "python") and at - base < self._no_calls):
                continue
            self._give(out, at - base)
            self._enter(found, found.end - at, out)
            return True
        self._give(out, len(self._buffer))
        return False

    def _give(self, out: list[str], length: int) -> None:
        """Give out `length` characters."""
        text, self._buffer = self._buffer[:length], self._buffer[length:]
        shown = text.lstrip() if self._trims else text
        if shown:
            self._trims = False
        if text:
            self._tail = (self._tail + text)[-_TAIL_CHARACTERS:]
            self._no_calls -= length
            out.append(shown)

    def _enter(self, found: Found, length: int, out: list[str]) -> None:
        """A notation begins at the buffer's start; its mark is `length` characters long."""
        match found.kind:
            case "open":
                self._skip(length)
                self._hidden = found.family
            case "close" if found.family == "thought":
                self._skip(length)
                self.began = self.began or "thought"
                self.thought_first |= self._shown or bool("".join(out).strip())
                out.clear()
                self._trims = True
            case "until":
                self._skip(length)
                self._until = found.until
            case "channel":
                self._skip(length)
                self._kind = "channel"
            case "call" | "python" | "thought":
                self._kind = "calls" if found.kind == "call" and found.family else found.kind
                self._begin = self._scanned = length
                self._depth, self._quote = 0, ""
            case _:
                self._skip(length)

    def _skip(self, length: int) -> None:
        """Drop hidden text from the buffer's start."""
        self._trims = self._trims or not self._tail or self._tail[-1].isspace()
        self._buffer = self._buffer[length:]
        self._no_calls -= length
        if length:
            self._tail = "\n"

    # ---- what is hidden ---------------------------------------------------------------------------------

    def _hide(self, out: list[str], final: bool) -> bool:
        if self._opened and self._scanned <= _TAIL_CHARACTERS and not self._buffer[: self._scanned].strip():
            match self._begins_marked(final):
                case "wait":
                    return False
                case True:
                    return self._spoke()
        for trigger in TRIGGER.finditer(self._buffer, self._scanned):
            at = trigger.start()
            if self._buffer[at] not in "<&◁[":
                continue
            found = look(self._buffer, at, final=final)
            if found == "wait" and not final:
                return self._keep_hidden(at)
            if self._opened and isinstance(found, Found) and (found.kind, found.family) == ("open", "thought"):
                return self._spoke()  # no other thought was open
            if isinstance(found, Found) and (
                found.kind == "end" or (found.kind, found.family) == ("close", self._hidden)
            ):
                if self._opened:
                    self.began = "thought"
                self._hidden, self._opened, self._scanned = "", False, 0
                self._skip(found.end)
                return True
        return self._keep_hidden(len(self._buffer))

    def _spoke(self) -> bool:
        """What is held back is not a thought."""
        self._hidden, self._opened, self._scanned, self.began = "", False, 0, "speech"
        return True

    def _begins_marked(self, final: bool) -> bool | Literal["wait"]:
        """True if the reply begins with the mark of a thought, a call or a channel: then no thought was open before."""
        at = len(self._buffer) - len(self._buffer.lstrip())
        if not TRIGGER.match(self._buffer, at):
            return False
        found = look(self._buffer, at, final=final)
        if found == "wait" and not final:
            return "wait"
        return isinstance(found, Found) and found.kind in _MARKS_A_BEGINNING

    def _keep_hidden(self, scanned: int) -> bool:
        if self._opened and len(self._buffer) <= HIDDEN_MAX_CHARACTERS:
            self._scanned = scanned
        else:
            self._opened, self._scanned = False, min(scanned, 2)  # a mark is told by what precedes it, too
            self._buffer = self._buffer[max(0, scanned - 2) :]
        return False

    def _hide_until(self) -> bool:
        at = self._buffer.lower().find(self._until)
        if at < 0:
            self._buffer = self._buffer[-len(self._until) :]
            return False
        self._skip(at if self._until == "<|" else at + len(self._until))
        self._until = ""
        return True

    def _read_channel(self) -> bool:
        """`analysis<|message|>…<|end|>`: all channels but `final` are hidden to their end."""
        name, found, rest = self._buffer.partition("<|message|>")
        if not found and len(name) <= MARK_MAX_CHARACTERS:
            return False
        self._kind, self._buffer = "", rest
        if name.strip().lower() != "final":
            self._until = "<|"
        return True

    def _weigh_thought(self, out: list[str], final: bool) -> bool:
        """ "Thought: …" is a thought if "Action:" or "Answer:" follows."""
        if found := _AFTER_THOUGHT.search(self._buffer, self._begin):
            if not found["action"] and found.end() == len(self._buffer) and not final:
                return False
            self._kind = ""
            self._skip(found.start() if found["action"] else found.end())
            return True
        blank = _BLANK_LINE.search(self._buffer, self._begin)
        if blank and self._is_own_paragraph() and (final or self._tells_answer(blank.end())):
            self._kind = ""
            self._skip(blank.end())
            return True
        if not final and len(self._buffer) <= _THOUGHT_MAX_CHARACTERS:
            return False
        self._kind = ""
        self._give(out, self._begin)
        return True

    def _is_own_paragraph(self) -> bool:
        """True if the label alone marks a thought, without "Answer:" after it: it is bold, or a word with no other
        use."""
        label = self._buffer[: self._begin]
        return label.startswith(_EMPHASIZED) or bool(_SURELY_THOUGHT.fullmatch(label.strip(" \t*_:")))

    def _tells_answer(self, at: int) -> bool:
        """True if enough of what follows is known to see that it is not "Answer:"."""
        line = self._buffer[at:].partition("\n")[0]
        return len(line) > _ANSWER_LABEL_CHARACTERS or len(line) < len(self._buffer) - at

    # ---- calls without marks ----------------------------------------------------------------------------

    def _weigh_call(self, out: list[str], final: bool) -> bool:
        """Read to the bracket that closes the first one. Text that is not a call is given out."""
        end = self._closing_bracket()
        if end is None:
            if not final and len(self._buffer) <= HIDDEN_MAX_CHARACTERS:
                return False
            end, self._kind = len(self._buffer), "calls"
        rest = self._buffer[end:]
        if self._kind == "python":
            after = rest.lstrip(" \t")
            if not after and not final:
                return False
            if after[:1].islower() or after[:1] in tuple(".,:)?!-"):
                return self._give_no_call(out, end)
        elif self._kind == "call":
            opening = _OPENING.search(self._buffer, self._begin)
            if not opening or not is_call(self._buffer[opening.start() : end]):
                return self._give_no_call(out, end)
            if "```" in self._buffer[: opening.start()]:
                after = rest.lstrip()
                if not final and len(after) < 3 and "```".startswith(after):
                    return False
                end = len(self._buffer) - len(after) + 3 if after.startswith("```") else end
        self._kind = ""
        self._scanned = 0
        self._skip(end)
        return True

    def _give_no_call(self, out: list[str], end: int) -> bool:
        """What seemed to be a call, up to `end`, is text. Thoughts may begin in it, but not calls."""
        opening = _OPENING.search(self._buffer)
        self._kind, self._scanned = "", 0
        self._no_calls = end
        self._give(out, opening.end() if opening else end)
        return bool(self._buffer)

    def _closing_bracket(self) -> int | None:
        """Index after the bracket that closes the first one; None if it has not arrived yet."""
        if self._depth < 0:
            return self._scanned
        for found in _BRACKET.finditer(self._buffer, self._scanned):
            if found.start() < self._scanned:
                continue
            char = found[0]
            self._scanned = found.end()
            if char == "\\":
                self._scanned = found.end() + 1
            elif self._quote:
                self._quote = "" if char == self._quote else self._quote
            elif char in "\"'":
                self._quote = char if self._depth else ""
            elif char in "[({":
                self._depth += 1
            elif char == "\n":
                if self._kind == "calls" and not self._depth and self._buffer[self._begin : found.start()].strip():
                    return found.start()
            else:
                self._depth -= 1
                if self._depth <= 0 and not _ARGUMENT_LABEL.search(self._buffer, 0, found.end()):
                    self._depth = -1
                    return found.end()
        self._scanned = max(self._scanned, len(self._buffer))
        return None
