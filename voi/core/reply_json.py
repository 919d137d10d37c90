"""The spoken text inside a reply's JSON, `{"voice_tone": "warm", "text": "…"}`, while it streams in.

Models wrap the object in prose and code fences, quote it wrongly, escape it wrongly, leave it unfinished, or forget it.
So the parser reads what can be read and never raises: keys in any order, nested objects, single, curly, escaped and
missing quotes, unescaped quotes in the text, several objects in a row. Everything else is plain text.

Every decision depends on the characters alone, never on how they were split into deltas. Where a decision needs the
next characters, text is held back, for a bounded number of characters.
"""

import re
from collections.abc import Callable

from voi.core.tone_label import LABEL_MAX_CHARACTERS, label_of, may_be_label

NEUTRAL = "neutral"

PROSE_HOLD_CHARACTERS = 64
"""Where JSON is expected, up to this much text before the object is held back as a preface ("Here is the JSON:")."""

TONE_HOLD_CHARACTERS = 600
"""Text that comes before its tone is held back up to this length, then said in the neutral tone."""

_KEPT_CHARACTERS = 2_000  # of a value that may turn out to be the text
_TONE_CHARACTERS = 64
_KEY_HOLD_CHARACTERS = 64
_DEPTH_MAX = 32

_TEXT_KEYS = frozenset({"text"})
_TONE_KEYS = frozenset({"voicetone", "tone"})
_KNOWN_KEYS = _TEXT_KEYS | _TONE_KEYS

_QUOTE = r"""\\?["'“”„‘’]"""
_KEY = r"[\w .-]{0,40}"
_SPACE = r"\s{0,200}"
_HEAD = re.compile(rf"(```\w{{0,10}}{_SPACE})?(\{{?){_SPACE}({_QUOTE})?({_KEY})({_QUOTE})?{_SPACE}")
_TAIL = re.compile(rf"{_SPACE}(,?){_SPACE}({_QUOTE})?({_KEY})({_QUOTE})?{_SPACE}")
_KEY_FORM = re.compile(rf"""(?:({_QUOTE})([^"'“”\\\n]{{0,60}}){_QUOTE}|([\w.-]{{1,60}})){_SPACE}([:=])?""")
_LITERAL = re.compile(r"(?:null|none|true|false)(?![\w ])", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([^u]))", re.DOTALL)
_ESCAPE_MAY_GROW = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_LOW_SURROGATE = re.compile(r"\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
_LOW_MAY_GROW = re.compile(r"(?:\\(?:u(?:d(?:[c-f][0-9a-f]?)?)?)?)?\Z", re.IGNORECASE)
_CONTROLS = {"n": "\n", "r": "\n", "f": "\n", "t": "\t", "b": ""}
_BARE_END = re.compile(r"[\\},\]\n]")
_STRING_END = {
    opening: re.compile(rf"[\\{closing}]")
    for opening, closing in {'"': '"', "'": "'", "“": "”“", "”": "”", "„": "”“", "‘": "’", "’": "’"}.items()
}


class JsonUnwrapper:
    """`feed` deltas, get (text, tone) pairs to be said. Sans-I/O."""

    def __init__(self, json_expected: bool) -> None:
        self._buffer = ""
        self._out: list[tuple[str, str]] = []
        self._final = False
        self._said = False
        self._after_label = JsonUnwrapper._preface if json_expected else JsonUnwrapper._prose
        self._prose_tone = NEUTRAL
        self._state: Callable[[JsonUnwrapper], bool] = JsonUnwrapper._label
        """Unbound, because a bound method makes a reference cycle that only the garbage collector can free."""
        self._enter_object()

    def feed(self, delta: str) -> list[tuple[str, str]]:
        self._buffer += delta
        return self._run()

    def close(self) -> list[tuple[str, str]]:
        self._final = True
        self._run_states()
        if self._state is JsonUnwrapper._string:
            self._end_value()
        self._end_object()
        return self._run()

    def _run(self) -> list[tuple[str, str]]:
        self._run_states()
        out, self._out = self._out, []
        return out

    def _run_states(self) -> None:
        """Run states until one returns False: it needs more text. Each consumes what it can of the buffer."""
        while self._buffer and self._state(self):
            pass

    def _drop(self, length: int) -> None:
        self._buffer = self._buffer[length:]

    # ---- outside the object ---------------------------------------------------------------------------

    def _label(self) -> bool:
        """At the reply's beginning: a tone may stand there without JSON."""
        if may_be_label(self._buffer[:LABEL_MAX_CHARACTERS]):
            if len(self._buffer) < LABEL_MAX_CHARACTERS and not self._final:
                return False
            if label := label_of(self._buffer):
                self._prose_tone, length = label
                self._drop(length)
        self._state = self._after_label
        return True

    def _preface(self) -> bool:
        """State: no text was given out yet and JSON is expected."""
        for at, char in enumerate(self._buffer[: PROSE_HOLD_CHARACTERS + 1]):
            if char in "{`\"'“":
                start = self._object_at(at, any_key=True)
                if start is None:
                    return False
                if start >= 0:
                    return self._begin(start)
        if len(self._buffer) <= PROSE_HOLD_CHARACTERS and not self._final:
            return False
        self._state = JsonUnwrapper._prose
        return True

    def _prose(self) -> bool:
        """State: plain text, which an object may still follow."""
        at = _first(self._buffer, "{`")
        if at:
            self._speak(self._buffer[:at], self._prose_tone)
            self._drop(at)
            return True
        start = self._object_at(0, any_key=False)
        if start is None:
            return False
        if start >= 0:
            return self._begin(start)
        self._speak(self._buffer[0], self._prose_tone)
        self._drop(1)
        return True

    def _between(self) -> bool:
        """State: after an object. Everything but another object is dropped."""
        self._drop(_first(self._buffer, "{`"))
        if not self._buffer:
            return False
        start = self._object_at(0, any_key=False)
        if start is None:
            return False
        if start >= 0:
            return self._begin(start)
        self._drop(1)
        return True

    def _object_at(self, at: int, *, any_key: bool) -> int | None:
        """Index of the first key of the object that begins at `at`. -1: no object begins there. None: more text is
        needed to tell."""
        text = self._buffer
        head = _HEAD.match(text, at)
        if head is None:
            return -1
        fence, brace, opening, key, closing = head.groups()
        if text[at] == "`" and not brace:
            partial = text.startswith("```"[: len(text) - at], at) if fence is None else head.end(1) == len(text)
            return None if partial and len(text) - at < 240 and not self._final else -1
        if not brace and not (any_key and opening):
            return -1
        name, follower = _name(key), text[head.end() : head.end() + 1]
        known = name in _KNOWN_KEYS
        first = head.start(3) if opening else head.start(4)
        if not follower or (follower == "\\" and head.end() + 1 == len(text)):
            growing = not closing and any(known_key.startswith(name) for known_key in _KNOWN_KEYS)
            likely = (any_key and bool(brace)) or known or growing
            if not self._final:
                return None if likely else -1
            return first if likely and any_key and brace and (opening or not name) else -1
        if any_key and brace and not name and follower == "}":
            return first
        if not name or not (known or (any_key and brace)):
            return -1
        missing_colon = known and bool(closing) and follower in _STRING_END
        return first if follower in ":=" or missing_colon else -1

    # ---- inside the object --------------------------------------------------------------------------

    def _enter_object(self) -> None:
        self._stack = [("}", "")]  # closing bracket of each open container, and the key that an array belongs to
        self._name = ""
        self._tone: str | None = None
        self._held = ""
        self._kept = ""
        self._fallback = ""
        self._has_text = False
        self._quoted_keys = True
        self._delimiter = ""
        self._escaped = False

    def _begin(self, start: int) -> bool:
        self._drop(start)
        self._enter_object()
        self._quoted_keys = self._buffer[:1] in _STRING_END or self._buffer[:1] == "\\"
        self._state = JsonUnwrapper._item
        return True

    def _item(self) -> bool:
        """State: a key, an array's next value, or a closing bracket comes next."""
        self._buffer = self._buffer.lstrip(" \t\r\n,;")
        if not self._buffer:
            return False
        char = self._buffer[0]
        if char in "}]":
            self._drop(1)
            self._stack.pop()
            if not self._stack:
                self._end_object()
                self._state = JsonUnwrapper._between
            return True
        closer, array_name = self._stack[-1]
        if closer == "]":
            self._name = array_name
            self._state = JsonUnwrapper._value
            return True
        if char in "{[":
            return self._nest("")
        form = _KEY_FORM.match(self._buffer)
        if form is None:
            beginning = self._buffer[:_KEY_HOLD_CHARACTERS]
            may_grow = (char == "\\" or char in _STRING_END) and "\n" not in beginning
            if may_grow and len(beginning) < _KEY_HOLD_CHARACTERS and not self._final:
                return False
            self._drop(1)
            return True
        if form.end() == len(self._buffer) and not form[4] and not self._final:
            return False
        self._name = _name(form[2] or form[3] or "")
        self._drop(form.end())
        if form[4] or self._name in _KNOWN_KEYS:
            self._state = JsonUnwrapper._value
        return True

    def _nest(self, name: str) -> bool:
        if len(self._stack) < _DEPTH_MAX:
            self._stack.append(("}" if self._buffer[0] == "{" else "]", name))
        self._drop(1)
        self._state = JsonUnwrapper._item
        return True

    def _value(self) -> bool:
        self._buffer = self._buffer.lstrip(" \t\r\n:=")
        if not self._buffer or (self._buffer == "\\" and not self._final):
            return False
        char = self._buffer[0]
        if char in "{[":
            return self._nest(self._name)
        if char in ",}]":
            self._state = JsonUnwrapper._item
            return True
        self._escaped = char == "\\" and self._buffer[1:2] in _STRING_END
        quote = self._buffer[1] if self._escaped else char
        self._delimiter = quote if quote in _STRING_END else ""
        if not self._delimiter:
            if len(self._buffer) < len("false,") and not self._final:
                return False
            if literal := _LITERAL.match(self._buffer):
                self._drop(literal.end())
                self._state = JsonUnwrapper._item
                return True
        self._drop((1 + self._escaped) if self._delimiter else 0)
        self._kept = ""
        if self._name in _TEXT_KEYS:
            if self._said or self._held:
                self._say("\n")
            self._has_text = True
        self._state = JsonUnwrapper._string
        return True

    def _string(self) -> bool:
        special = (_STRING_END[self._delimiter] if self._delimiter else _BARE_END).search(self._buffer)
        if special is None or special.start():
            length = special.start() if special else len(self._buffer)
            self._take(self._buffer[:length])
            self._drop(length)
            return True
        if self._buffer[0] == "\\" and not (self._escaped and self._buffer[1:2] in ("", self._delimiter)):
            return self._escape()
        length = 0 if not self._delimiter else 1 + self._escaped
        ends = self._ends(length)
        if ends is None and not self._final:
            return False
        if ends is False:
            self._take(self._buffer[max(0, length - 1)])
            self._drop(max(1, length))
            return True
        self._drop(length)
        self._end_value()
        self._state = JsonUnwrapper._item
        return True

    def _ends(self, length: int) -> bool | None:
        """True if the quote (`length` characters) at the buffer's start ends the value. None: more text is needed."""
        if not self._delimiter and self._buffer[0] != ",":
            return True
        if len(self._buffer) < length:
            return None
        if self._delimiter and self._name in _TONE_KEYS:  # no name of a tone has quotes in it
            return True
        tail = _TAIL.match(self._buffer, length)
        assert tail is not None  # every part of it is optional
        comma, opening, key, closing = tail.groups()
        follower = self._buffer[tail.end() : tail.end() + 1]
        in_array = bool(self._stack) and self._stack[-1][0] == "]"
        if opening is None and key.strip() and self._quoted_keys and self._delimiter:
            return False
        if not follower or (follower == "\\" and tail.end() + 1 == len(self._buffer)):
            return None
        if opening is None and not key.strip():
            return follower in "}]`" or (bool(comma) and follower in "{[")
        if opening is None:
            return bool(comma) and follower in ":="
        if in_array and (comma or follower in ",]"):
            return True
        return bool(closing) and (follower in ":=" or (_name(key) in _KNOWN_KEYS and follower in _STRING_END))

    def _escape(self) -> bool:
        """A backslash is at the buffer's start. A broken escape loses its backslash and keeps its letters."""
        escape = _ESCAPE.match(self._buffer)
        if escape is None:
            if _ESCAPE_MAY_GROW.match(self._buffer) and not self._final:
                return False
            self._drop(len(self._buffer) if _ESCAPE_MAY_GROW.match(self._buffer) else 1)
            return True
        length, text = escape.end(), escape[2]
        if text is None:
            code = int(escape[1], 16)
            if 0xD800 <= code < 0xDC00:
                low = _LOW_SURROGATE.match(self._buffer, length)
                if low is None and _LOW_MAY_GROW.match(self._buffer, length) and not self._final:
                    return False
                code = 0x10000 + ((code - 0xD800) << 10) + (int(low[1], 16) - 0xDC00) if low else 0xD800
                length = low.end() if low else length
            text = "" if 0xD800 <= code < 0xE000 else chr(code)
        else:
            text = _CONTROLS.get(text, text)
        self._take(text)
        self._drop(length)
        return True

    # ---- what it means --------------------------------------------------------------------------------

    def _take(self, text: str) -> None:
        if self._name in _TEXT_KEYS:
            self._say(text)
        else:
            self._kept = (self._kept + text)[:_KEPT_CHARACTERS]

    def _end_value(self) -> None:
        if self._name in _TONE_KEYS:
            self._release(self._kept.strip().lower()[:_TONE_CHARACTERS] or NEUTRAL)
        elif self._name not in _TEXT_KEYS and self._delimiter and len(self._kept) > len(self._fallback):
            self._fallback = self._kept

    def _end_object(self) -> None:
        """An object without a text key gives the text of another key, and without a tone the neutral tone."""
        if not self._has_text and self._fallback:
            self._say(self._fallback)
        self._fallback = ""
        if self._tone is None:
            self._release(NEUTRAL)

    def _release(self, tone: str) -> None:
        self._tone = tone
        held, self._held = self._held, ""
        self._speak(held, tone)

    def _say(self, text: str) -> None:
        if self._tone is not None:
            self._speak(text, self._tone)
            return
        self._held += text
        if len(self._held) > TONE_HOLD_CHARACTERS:
            self._release(NEUTRAL)

    def _speak(self, text: str, tone: str) -> None:
        if text:
            self._out.append((text, tone))
            self._said = True


def _name(key: str) -> str:
    """`Voice_Tone`, `voice tone` and `voiceTone` are one key."""
    return "".join(c for c in key.casefold() if c.isalnum())


def _first(text: str, chars: str) -> int:
    """Index of the first of these characters, or the length of the text."""
    return min((at for c in chars if (at := text.find(c)) >= 0), default=len(text))
