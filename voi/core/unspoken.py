"""Removes what models write but must not be spoken: thoughts, and tool calls that are printed as text. Streaming:
`feed` deltas, get the remaining text.

Thoughts and calls are recognized by their notation (`notations.py`), and so is what a model writes of turns that are
not its own. A reply that only speaks of such marks keeps them.
Where a decision needs the next characters, text is held back. The same text comes out however it is split into deltas;
only a thought that ends without a beginning may have been given out before.
"""

import re
from typing import Literal

from voi.core.brackets import Brackets
from voi.core.found import Family, Found
from voi.core.marks import MARK_MAX_CHARACTERS
from voi.core.notations import TRIGGER, look
from voi.core.printed_calls import call_follows, call_in, stands_alone_from
from voi.core.sentences import begins_line
from voi.core.thought_labels import Label, answer_at, kept_of, label_at

HIDDEN_MAX_CHARACTERS = 100_000
"""Limit on the hidden text that is kept. Only text that may turn out not to be hidden is kept."""
_TAIL_CHARACTERS = 16

_OPENING = re.compile(r"[\[({]")
_MARKS_A_BEGINNING = frozenset(("open", "channel", "until", "drop", "answer", "role"))
_ROLE = re.compile(r"\s{0,4}(?P<name>\w{0,20})(?P<end>[ \t]{0,4}[:\n<]\s{0,4})?")
_OWN_ROLES = frozenset(("assistant", "model", "ai", "bot", "chatbot", "gpt", "all", "agent"))
_OTHERS_ROLES = frozenset(
    ("user", "human", "system", "tool", "function", "environment", "developer", "customer", "ipython")
)


class Unspoken:
    """The filter of one reply. `opened`: it may begin inside a thought; all is held back until a mark, `speaks` or the
    end tells. `json_expected`: the reply is JSON of some kind, which is then not a call."""

    __slots__ = (
        "_alone", "_any_key", "_begin", "_brackets", "_buffer", "_hidden", "_kind", "_label", "_no_calls", "_no_labels",
        "_note_end", "_opened", "_scanned", "_shown", "_tail", "_trims", "_until", "began", "thought_first",
    )  # fmt: skip

    def __init__(self, *, opened: bool = False, json_expected: bool = False) -> None:
        self._any_key = not json_expected
        self._buffer = ""
        self._tail = ""
        """The end of what precedes the buffer; "\\n" after hidden text."""
        self._hidden: Family = "thought" if opened else ""
        """What is hidden at the moment, until its closing mark."""
        self._until = ""
        """The text that ends the hidden part, if no mark does."""
        self._kind = ""
        """What the buffer begins with, if more text is needed to tell: "call", "python", "calls" (a call follows
        the mark), "label", "note", "role", "channel"."""
        self._label: Label | None = None
        self._note_end = ""
        """What ends the thought in brackets."""
        self._begin = self._scanned = 0
        """Where the brackets of a call begin, and how far the hidden text has been read."""
        self._brackets = Brackets(0, line_ends=False)
        self._alone = False
        """What may be a call is one only if nothing follows it on its line."""
        self._no_calls = 0
        """Number of characters at the start of the buffer in which no call is searched for, because they belong to an
        object that is not one."""
        self._no_labels = 0
        """The same for labels of thoughts, because they belong to text that is not a thought."""
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
            case "label":
                return self._weigh_label(out, final)
            case "note":
                return self._read_note()
            case "role":
                return self._read_role(out, final)
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
            found = look(text, at, final=final, any_key=self._any_key) if at >= spoken_of else None
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
            if found.kind == "label" and at - base < self._no_labels:
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
            self._no_labels -= length
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
            case "channel" | "role":
                self._skip(length)
                self._kind = found.kind
            case "note":
                self._skip(length)
                self._kind, self._note_end = "note", found.until
            case "label":
                label = label_at(self._buffer, 0, final=True)
                assert isinstance(label, Label)
                self._kind, self._label = "label", label
            case "call" | "python":
                self._kind = "calls" if found.kind == "call" and found.family else found.kind
                self._alone = bool(found.family)
                self._begin = length
                self._brackets = Brackets(length, line_ends=self._kind == "calls")
            case _:
                self._skip(length)

    def _skip(self, length: int) -> None:
        """Drop hidden text from the buffer's start."""
        self._trims = self._trims or not self._tail or self._tail[-1].isspace()
        self._buffer = self._buffer[length:]
        self._no_calls -= length
        self._no_labels -= length
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
            if self._buffer[at] not in "<&◁[{(]":
                continue
            found = look(self._buffer, at, final=final, any_key=self._any_key)
            if found == "wait" and not final:
                return self._keep_hidden(at)
            if self._opened and isinstance(found, Found) and (found.kind, found.family) == ("open", "thought"):
                return self._spoke()  # no other thought was open
            if isinstance(found, Found) and self._hidden == "turn":
                if found.kind not in ("answer", "role") or self._shown or "".join(out).strip():
                    continue  # after another's turn a reply that was spoken does not go on
                self._hidden, self._scanned = "", 0
                self._skip(found.end)
                self._kind = "role" if found.kind == "role" else ""
                return True
            if isinstance(found, Found) and self._ends_hidden(found, at):
                if self._opened:
                    self.began = "thought"
                self._hidden, self._opened, self._scanned = "", False, 0
                self._skip(found.end)
                return True
        return self._keep_hidden(len(self._buffer))

    def _ends_hidden(self, found: Found, at: int) -> bool:
        if found.kind == "answer" and self._hidden == "thought":
            return (
                self._buffer[at] == "["
                or begins_line(self._buffer, at)
                or self._buffer[:at].rstrip()[-1:] in (".", "!", "?", ">", "。")
            )
        return found.kind == "end" or (found.kind, found.family) == ("close", self._hidden)

    def _spoke(self) -> bool:
        """What is held back is not a thought."""
        self._hidden, self._opened, self._scanned, self.began = "", False, 0, "speech"
        return True

    def _begins_marked(self, final: bool) -> bool | Literal["wait"]:
        """True if the reply begins with the mark of a thought, a call or a channel: then no thought was open before."""
        at = len(self._buffer) - len(self._buffer.lstrip())
        if not TRIGGER.match(self._buffer, at):
            return False
        found = look(self._buffer, at, final=final, any_key=self._any_key)
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

    def _read_role(self, out: list[str], final: bool) -> bool:
        """`assistant\\n`: the name of a role after its mark."""
        role = _ROLE.match(self._buffer)
        assert role is not None
        if (not role["end"] or role.end() == len(self._buffer)) and role.end() == len(self._buffer) and not final:
            return False
        name, self._kind = role["name"].lower(), ""
        if name in _OTHERS_ROLES:
            self._hidden, self._scanned = "turn", 0
        elif name in _OWN_ROLES and (role["end"] or role.end() == len(self._buffer)):
            ends_in_mark = role[0].rstrip().endswith("<")
            self._skip(role.end() - len(role[0]) + len(role[0].rstrip()) - 1 if ends_in_mark else role.end())
        return True

    def _weigh_label(self, out: list[str], final: bool) -> bool:
        """ "Thinking: …" is a thought if something tells where it ends."""
        assert self._label is not None
        end = answer_at(self._buffer, self._label, final=final)
        if end is None:
            return False
        if end < 0:
            self._skip(kept_of(self._buffer))
            self._label = Label(0, True, False, certain=True)
            return True
        self._kind = ""
        if end:
            self._skip(end)
        else:
            self._no_labels = len(self._buffer)
            self._give(out, self._label.end)
        return True

    def _read_note(self) -> bool:
        """Hide text up to the closing bracket, or to a blank line."""
        ends = [at for mark in (self._note_end, "\n\n") if (at := self._buffer.find(mark)) >= 0]
        if not ends:
            self._buffer = self._buffer[-1:]
            return False
        self._kind = ""
        self._skip(min(ends) + 1)
        return True

    # ---- calls without marks ----------------------------------------------------------------------------

    def _weigh_call(self, out: list[str], final: bool) -> bool:
        """Read to the bracket that closes the first one. Text that is not a call is given out."""
        end = self._brackets.end(self._buffer)
        if end is None:
            if not final and len(self._buffer) <= HIDDEN_MAX_CHARACTERS:
                return False
            end, self._kind = len(self._buffer), "calls"
        if self._kind == "python":
            after = self._buffer[end:].lstrip(" \t;`")
            if not after and not final:
                return False
            ticked = self._buffer.startswith("`")
            another = False if self._alone else call_follows(after, final=final)
            if another is None:
                return False
            if self._alone and after[:1] not in ("", "\n"):
                return self._give_no_call(out, end)
            if another:
                pass
            elif after[:1].islower() or after[:1] in tuple(".,:?!-") or (ticked and after[:1] not in ("", "\n")):
                return self._give_no_call(out, end)
            end += len(self._buffer[end:]) - len(self._buffer[end:].lstrip(" \t;`"))
        elif self._kind == "call":
            weighed = self._weigh_object(end, final)
            if weighed is None:
                return False
            if weighed is False:
                return self._give_no_call(out, end)
            end = weighed
        elif self._kind == "calls":
            after = self._buffer[end : end + 8].lstrip(" \t]`")
            if not after and not final and len(self._buffer) - end < 8:
                return False
            end += len(self._buffer[end : end + 8]) - len(after)
        self._kind = ""
        self._skip(end)
        return True

    def _weigh_object(self, end: int, final: bool) -> int | Literal[False] | None:
        """Where the call that ends at `end` ends with its fence; False: it is not a call; None: more text is needed. A
        field with an answer is left in its place."""
        opening = _OPENING.search(self._buffer, self._begin)
        if opening is None or end <= opening.start():
            return False
        fenced = "```" in self._buffer[: opening.start()]
        after = self._buffer[end:].lstrip() if fenced else self._buffer[end:].lstrip(" \t")
        if fenced:
            if not final and len(after) < 3 and "```".startswith(after):
                return None
            end = len(self._buffer) - len(after) + 3 if after.startswith("```") else end
            after = self._buffer[end:].lstrip(" \t")
        stands = self._any_key and stands_alone_from(self._tail + self._buffer, len(self._tail))
        if stands and not after and not final:
            return None
        said = call_in(self._buffer[opening.start() : end], alone=stands and after[:1] in ("", "\n", "{"))
        if said is None:
            return False
        if said:
            self._buffer = self._buffer[:end] + said + self._buffer[end:]
            self._no_calls = end + len(said)
        return end

    def _give_no_call(self, out: list[str], end: int) -> bool:
        """What seemed to be a call, up to `end`, is text. Thoughts may begin in it, but not calls."""
        opening = _OPENING.search(self._buffer)
        self._kind = ""
        self._no_calls = end
        self._give(out, opening.end() if opening else end)
        return bool(self._buffer)
