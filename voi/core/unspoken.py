"""Removes what models write but must not be spoken: thoughts, and tool calls that are printed as text. Streaming:
`feed` deltas, get the remaining text.

Thoughts stand between tags (`<think>`, `[THINK]`), in channels (`<|channel|>analysis`), or before a lone closing tag if
the prompt template already opened them. Tool calls stand between tags too, after `[TOOL_CALLS]`, or bare at the
beginning of a line: `{"name": …, "arguments": …}` and `name({…})`.
"""

import re

THOUGHTS = (
    "think", "thinking", "thought", "thoughts", "reasoning", "reflection", "analysis", "scratchpad", "antthinking",
    "inner_monologue",
)  # fmt: skip
CALLS = (
    "tool_call", "tool_calls", "function_call", "function_calls", "function", "tool_code", "tool_use", "invoke",
    "tool_response", "tool_result",
)  # fmt: skip
HIDDEN_MAX_CHARACTERS = 100_000
"""How much hidden text is kept at most. Only text that may turn out not to be a tool call is kept."""
_TAG_MAX_CHARACTERS = 100
_BRACKETS = {"[THINK]": "[/THINK]", "[TOOL_CALLS]": "", "[TOOL_REQUEST]": "[END_TOOL_REQUEST]"}
_FENCES = ("```tool_code", "```tool_call", "```tool_calls")
_CALL_KEYS = frozenset({"name", "tool", "tool_name", "function", "tool_calls", "function_call", "action", "type", "id"})
_ARGUMENT_KEYS = ("arguments", "parameters", "args", "input", "action_input", "tool_calls", "function_call")

_NAMES = "|".join((*THOUGHTS, *CALLS))
_MARK = re.compile(
    rf"<(?P<open>{_NAMES})\b[^<>]{{0,{_TAG_MAX_CHARACTERS}}}>"
    rf"|</(?P<close>{_NAMES})\s*>"
    r"|(?P<bracket>\[THINK\]|\[TOOL_CALLS\]|\[TOOL_REQUEST\])|(?P<unbracket>\[/THINK\])"
    r"|(?P<fence>^```tool_(?:code|calls?))"
    r"|<\|(?P<token>[a-z_]{1,30})\|>",
    re.IGNORECASE | re.MULTILINE,
)
_MAY_BE_TAG = re.compile(r"</?(?P<name>[A-Za-z_]*)(?P<rest>[^<>A-Za-z_][^<>]*)?\Z")
_MAY_BE_TOKEN = re.compile(r"<\|?[a-z_]{0,30}\|?\Z", re.IGNORECASE)
_FIRST_KEY = re.compile(r'\{\s*"(?P<key>[^"\\]*)"')
_MAY_BE_FIRST_KEY = re.compile(r'\{\s*(?:"[^"\\]*)?\Z')
_CALL = re.compile(r"[A-Za-z_][\w.]*\(\s*\{")
_MAY_BE_CALL = re.compile(r"[A-Za-z_][\w.]*(?:\(\s*)?\Z")


class Unspoken:
    """The filter of one reply. `opened`: the model is known to begin in the middle of a thought."""

    __slots__ = (
        "_buffer", "_channel", "_ends_at", "_last", "_line_begins", "_opened", "_shown", "_trims", "thought_first",
    )  # fmt: skip

    def __init__(self, *, opened: bool = False) -> None:
        self._buffer = ""
        self._ends_at = "</think>" if opened else ""
        """What ends the current hidden part. "{" or "(": the matching bracket. "": the text is not hidden."""
        self._opened = opened
        self._shown = False
        self._line_begins = True
        self._trims, self._last = False, " "
        """The newest text given out, and whether the white space after it is dropped, because text was hidden there."""
        self._channel = False
        """A channel was opened, and its name comes next."""
        self.thought_first = False
        """A thought ended without a beginning: the text given out before was part of it and must be withdrawn."""

    def feed(self, delta: str) -> str:
        """Take the next text; return what may be spoken."""
        self._buffer += delta
        out: list[str] = []
        while self._step(out):
            pass
        text = "".join(out)
        self._shown |= bool(text)
        return text

    def close(self) -> str:
        """End of the reply: return the rest. An unfinished hidden part stays hidden, unless `opened` was wrong."""
        out: list[str] = []
        while self._buffer and (self._opened or not (self._ends_at or self._channel)):
            self._give(out, len(self._buffer))
        return "".join(out)

    # ---- inside -----------------------------------------------------------------------------------

    def _step(self, out: list[str]) -> bool:
        """Advance by one step. False: more text is needed."""
        if self._channel:
            return self._read_channel()
        if self._ends_at in ("{", "("):
            return self._count_brackets(out)
        if self._ends_at:
            return self._hide()
        if not self._buffer:
            return False
        if self._line_begins and (known := self._begins_call()) is not None:
            return known
        mark = _MARK.search(self._buffer)
        if mark is None:
            length = len(self._buffer)
            self._give(out, length - self._may_begin())
            return self._line_begins and 0 < len(self._buffer) < length  # the next line may begin with a call
        if self._line_break_before(mark.start()):
            self._give(out, self._buffer.index("\n") + 1)  # the beginning of the next line is looked at first
            return True
        self._give(out, mark.start())
        self._buffer = self._buffer[mark.end() - mark.start() :]
        self._enter(mark, out)
        return True

    def _line_break_before(self, end: int) -> bool:
        return "\n" in self._buffer[:end]

    def _give(self, out: list[str], length: int) -> None:
        """Give out up to `length` characters, but stop where a line begins."""
        text = self._buffer[:length]
        if "\n" in text[:-1]:
            length = text.index("\n") + 1
            text = text[:length]
        shown = text
        if self._trims and self._last.isspace():
            shown = text.lstrip()
        if shown:
            self._trims, self._last = False, shown[-1]
        out.append(shown)
        self._buffer = self._buffer[length:]
        if text:
            self._line_begins = text.endswith("\n") or (self._line_begins and not text.strip())

    def _enter(self, mark: re.Match[str], out: list[str]) -> None:
        if mark["open"] and mark[0].endswith("/>"):
            self._trims = True  # `<think/>` hides nothing but itself
        elif mark["open"]:
            self._ends_at = f"</{mark['open'].lower()}>"
        elif mark["bracket"]:
            self._ends_at = _BRACKETS[mark["bracket"].upper()] or "\n"
            if self._ends_at == "\n":
                self._ends_at = "("  # the calls themselves, as JSON, or the rest of the line
        elif mark["fence"]:
            self._ends_at = "```"
        elif mark["token"]:
            self._channel = mark["token"].lower() == "channel"
            if mark["token"].lower() == "start":  # the name of a role comes next
                self._ends_at = "<|"
        elif mark["close"] and mark["close"].lower() in CALLS:
            pass  # it belongs to a call within another one
        else:  # an end without a beginning
            self.thought_first = self._shown or bool("".join(out).strip())
            out.clear()
            self._trims, self._last = True, " "
        self._line_begins = True

    def _hide(self) -> bool:
        at = self._end_of_hidden()
        if at is None:
            if not self._opened:
                self._buffer = self._buffer[-(len(self._ends_at) + _TAG_MAX_CHARACTERS) :]
            elif len(self._buffer) > HIDDEN_MAX_CHARACTERS:
                self._opened = False
            return False
        self._buffer = self._buffer[at:]
        self._ends_at, self._opened, self._trims = "", False, True
        return bool(self._buffer)

    def _end_of_hidden(self) -> int | None:
        if self._ends_at.startswith("</"):
            family = THOUGHTS if self._ends_at[2:-1] in THOUGHTS else CALLS
            found = re.search(rf"</(?:{'|'.join(family)})\s*>", self._buffer, re.IGNORECASE)
            return found.end() if found else None
        at = self._buffer.upper().find(self._ends_at)
        if at < 0:
            return None
        return at if self._ends_at == "<|" else at + len(self._ends_at)

    def _read_channel(self) -> bool:
        """`analysis<|message|>…<|end|>`: all channels but `final` are hidden to their end."""
        name, found, rest = self._buffer.partition("<|message|>")
        if not found:
            if len(name) > _TAG_MAX_CHARACTERS:
                self._channel, self._ends_at, self._buffer = False, "<|", ""
            return False
        self._channel = False
        self._buffer = rest
        if name.strip().lower() != "final":
            self._ends_at = "<|"
        return True

    # ---- calls at the beginning of a line -----------------------------------------------------------

    def _begins_call(self) -> bool | None:
        """True: a tool call begins here. False: more text is needed to tell. None: no call begins here."""
        blank = len(self._buffer) - len(self._buffer.lstrip())
        line = self._buffer[blank:]
        if not line or _MAY_BE_FIRST_KEY.match(line) or (len(line) <= _TAG_MAX_CHARACTERS and _MAY_BE_CALL.match(line)):
            return False
        key = _FIRST_KEY.match(line)
        if key and key["key"].lower() in _CALL_KEYS:
            self._ends_at, self._buffer = "{", line
            return True
        if _CALL.match(line):
            self._ends_at, self._buffer = "(", line
            return True
        self._line_begins = False
        return None

    def _count_brackets(self, out: list[str]) -> bool:
        """Hide text up to the bracket that closes the first one. An object without arguments was no call, and is given
        out."""
        depth, quoted, begun, at = 0, False, False, 0
        while at < len(self._buffer):
            char = self._buffer[at]
            if quoted:
                at += char == "\\"
                quoted = char != '"'
            elif char == '"':
                quoted = True
            elif char in "{[(":
                depth, begun = depth + 1, True
            elif char in "}])":
                depth -= 1
            elif char == "\n" and not begun:
                break
            at += 1
            if begun and depth <= 0:
                break
        else:
            if len(self._buffer) > HIDDEN_MAX_CHARACTERS:
                self._buffer = ""
            return False
        whole, self._buffer = self._buffer[:at], self._buffer[at:]
        is_object, self._ends_at = self._ends_at == "{", ""
        self._line_begins = True
        if is_object and not any(f'"{key}"' in whole for key in _ARGUMENT_KEYS):
            out.append(whole)
            self._line_begins = False
        else:
            self._trims = True
        return bool(self._buffer)

    def _may_begin(self) -> int:
        """How many characters at the end of the text may be the beginning of a mark."""
        for opener in "<[`":
            at = self._buffer.rfind(opener)
            if opener == "`" and at >= 0:
                at = self._buffer.rfind("```") if "```" in self._buffer[-20:] else self._buffer.rfind("\n", 0, at) + 1
            if at < 0 or len(self._buffer) - at > _TAG_MAX_CHARACTERS:
                continue
            end = self._buffer[at:]
            if opener == "<" and (_is_tag_so_far(end) or _MAY_BE_TOKEN.match(end)):
                return len(end)
            if opener == "[" and any(mark.startswith(end.upper()) for mark in (*_BRACKETS, "[/THINK]")):
                return len(end)
            if opener == "`" and any(fence.startswith(end) for fence in _FENCES):
                return len(end)
        return 0


def _is_tag_so_far(text: str) -> bool:
    found = _MAY_BE_TAG.match(text)
    if found is None:
        return False
    name = found["name"].lower()
    if found["rest"]:
        return name in (*THOUGHTS, *CALLS)
    return any(known.startswith(name) for known in (*THOUGHTS, *CALLS))
