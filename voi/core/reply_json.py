"""The spoken text inside a reply's JSON, `{"voice_tone": "warm", "text": "…"}`, while it streams in.

The reader looks for these two keys and skips everything else, so it reads JSON as models write it: any order, nested or
many objects, other or missing quotes, prose around it, no end. Text that is not JSON is plain text, perhaps after a
label (`tone_heading`). Never raises; how the reply is split into deltas makes no difference.
"""

import json
import re
from collections.abc import Callable

from voi.core.printed_calls import ANSWER_KEYS
from voi.core.tone_lines import MAY_BE_HEADING, tone_heading

NEUTRAL = "neutral"
PROSE_HOLD_CHARACTERS = 64
"""Where JSON is expected, up to this much text before the object is held back as a preface ("Here is the JSON:")."""
TONE_HOLD_CHARACTERS = 600
"""Text that comes before its tone is held back up to this length, then said in the neutral tone."""
_BEHIND_MAX_CHARACTERS, _TONE_MAX_CHARACTERS = 120, 64
_FIELD_MAX_CHARACTERS, _RAW_MAX_CHARACTERS = 700, 2_000
_GUESSED_MAX_CHARACTERS = 8_000

_Q, _S, _KEY = r"""\\?["'“”„‘’]""", r"\s{0,200}", r"[\w .-]{0,40}"
_KNOWN, _NAMES = "(?:text|voice[_ -]?tone|tone)", ("text", "voicetone", "tone")
_BEGIN = re.compile(rf"(?:```\w{{0,10}}{_S})?(\{{?){_S}({_Q})?({_KEY})({_Q})?{_S}([:=]|{_Q})?")
_FIELD = re.compile(
    rf"(?i)\{{|(?:{_Q}(?P<quoted>{_KNOWN}){_Q}|,{_S}(?P<bare>{_KNOWN}){_S}(?=[:=])){_S}[:=]?{_S}"
    rf"(?P<list>\[{_S})?(?P<value>{_Q}|[^\s\\:=\[]|\\[^\"'“”„‘’])"
)
_MORE_IN_LIST = re.compile(rf"{_S},{_S}({_Q})")
_OTHER = re.compile(r"""(?s)(?<!thought")(?<!thinking")(?<!reasoning")(?<!analysis")[:=]\s*["'“]((?:\\.|[^"”\\])*)""")
_NAMELESS = re.compile(r""",\s*["“]((?:\\.|[^"”\\])*)(?:["”]\s*(?=[},]|\Z)|\Z)""")
"""A text that lost its key: `{"voice_tone": "warm", "Hello there."}`."""
_CLOSED = re.compile(r"\}[\s}\]`:,]*")
_GOES_ON = re.compile(rf"(?i)[{{]|{_Q}{_KEY}{_Q}{_S}[:=]|{_KNOWN}{_S}[:=]")
_MAY_GO_ON = re.compile(rf"{_Q}{_KEY}(?:{_Q}{_S})?")
_LONE_TONE = re.compile(
    rf"(?i)(?P<key>{_Q}(?:voice[_ -]?tone|tone){_Q}{_S}[:=])"
    rf"(?:{_S}(?:{_Q}[^\"'“”„‘’\\\n]{{0,100}}(?:{_Q}[ \t]{{0,9}}(?:(?P<line>\r?\n){_S})?)?)?)?"
)
"""`"voice_tone": "warm"` without a brace. If `line` is there, it is all that its line holds."""
_ANSWER_KEY = re.compile(rf"[\"'“](?:{'|'.join(ANSWER_KEYS)}|value|words)[\"'”]\s*\Z", re.IGNORECASE)
_KEY_CHARACTERS = 40
_SENTENCE = re.compile(r"[.!?…。！？।؟][\"'”’)*]*\s*\Z|(?:\S+\s+){4}|[\u3000-\u9fff\uac00-\ud7a3]{8}")
_TONE_END = re.compile(r"[\"'“”‘’\\,}\]\n]")
_TAIL = re.compile(rf"{_S},?{_S}(?:{_Q})?{_KEY}(?:{_Q})?{_S}\\?")
_END = re.compile(rf"(?i){_S},?{_S}(?:\Z|[}}\]`]|(?<=,){_S}[{{\[]|{_Q}{_KEY}{_Q}{_S}[:=]|{_Q}{_KNOWN}{_Q}{_S}{_Q})")
_END_BEFORE_BARE_KEY = re.compile(rf"{_S},{_S}{_KEY}[:=]")
_NO_VALUE = re.compile(r"[{},\]]|(?:null|none|true|false)(?![\w ])", re.IGNORECASE)
_ESCAPE = re.compile(r"(?is)\\(?:ud[89ab][\da-f]{2}\\ud[c-f][\da-f]{2}|u[\da-f]{4}|([^u]))")
_ESCAPE_MAY_GROW = re.compile(r"(?i)\\(?:u(?:[\da-f]{0,3}|d[89ab][\da-f]{2}(?:\\(?:ud?|ud[c-f][\da-f]?)?)?))?\Z")
_CONTROLS = {"n": "\n", "r": "\n", "f": "\n", "t": "\t", "b": ""}
_CLOSING = {'"': '"', "'": "'", "“": "”“", "”": "”", "„": "”“", "‘": "’", "’": "’", "": "},]\n"}


class JsonUnwrapper:
    """`feed` deltas, get (text, tone) pairs to be said. Sans-I/O."""

    def __init__(self, json_expected: bool) -> None:
        self._preface = json_expected
        self._buffer = self._held = self._raw = self._quote = self._ending = self._guessed = ""
        self._out: list[tuple[str, str]] = []
        self._tone: str | None = None
        self._prose_tone = NEUTRAL
        self._final = self._said = self._has_text = self._in_list = self._quoted_keys = False
        self._state: Callable[[JsonUnwrapper], bool] = JsonUnwrapper._heading
        """Unbound, because a bound method makes a reference cycle that only the garbage collector can free."""

    def feed(self, delta: str) -> list[tuple[str, str]]:
        """Take in more of the reply. Returns what can be said by now, in order."""
        self._buffer += delta
        if self._guessed:
            self._guessed = (self._guessed + delta)[:_GUESSED_MAX_CHARACTERS]
        while self._buffer and self._state(self):  # False: more text is needed
            pass
        out, self._out = self._out, []
        return out

    def close(self) -> list[tuple[str, str]]:
        """The reply is complete. Returns the rest of what is to be said."""
        self._final = True
        out = self.feed("")
        self._end_object()
        if self._guessed and not self._said:  # the sign without a brace was no object's: lose no words to a guess
            return [(self._guessed, self._prose_tone)]
        return out + self._out

    def _drop(self, length: int) -> bool:
        self._buffer = self._buffer[length:]
        return True

    def _heading(self) -> bool:
        """State: at the reply's start, where a label may name its tone."""
        found = tone_heading(self._buffer, final=self._final) if MAY_BE_HEADING.match(self._buffer) else None
        if found == "wait":
            return False
        if found is not None:
            self._prose_tone, self._ending = found.tone, found.closed_by
            self._drop(found.length)
        self._state = JsonUnwrapper._until_ending if self._ending else JsonUnwrapper._prose
        return True

    def _until_ending(self) -> bool:
        """State: plain text after a label; its closing mark is not said."""
        said, mark, _ = self._buffer.partition(self._ending)
        if mark:
            self._state = JsonUnwrapper._prose
            return self._say(said.rstrip(), self._prose_tone, len(said + mark))
        if not self._final:  # the mark may have begun to come
            begun = (self._ending[:length] for length in range(len(self._ending), 0, -1))
            said = said.removesuffix(next(filter(said.endswith, begun), "")).rstrip()
        self._say(said, self._prose_tone, len(said))
        return False

    def _prose(self) -> bool:
        """State: plain text, which an object may follow. A preface to the object is not said."""
        limit = PROSE_HOLD_CHARACTERS + 1 if self._preface else len(self._buffer)
        for sign in re.finditer(r"[{`\"'“]" if self._preface else r"[{`]", self._buffer[:limit]):
            if (begins := self._begins(sign.start())) is not False:
                if begins and sign[0] not in "{`":
                    self._guessed = self._buffer
                if begins or not self._preface:
                    self._say("" if self._preface else self._buffer[: sign.start()], self._prose_tone, sign.start())
                self._state = JsonUnwrapper._object if begins else self._state
                return bool(begins)
        if self._preface and len(self._buffer) < limit and not self._final:
            return False
        self._preface = False
        return self._say(self._buffer, self._prose_tone, len(self._buffer))

    def _begins(self, at: int) -> bool | None:
        """True if an object begins there. None: more text is needed to tell."""
        begin = _BEGIN.match(self._buffer, at)
        assert begin is not None  # all its parts are optional
        brace, opening, key, closing, follower = begin.groups()
        name, any_key = "".join(c for c in key.casefold() if c.isalnum()), self._preface and bool(brace)
        known, grows = name in _NAMES, not closing and any(one.startswith(name) for one in _NAMES)
        reached = self._buffer[begin.end() :] in ("", "\\") and not (name and follower) and not self._final
        if self._buffer[at] == "`" and not brace:
            return None if (reached or "```".startswith(self._buffer[at:])) and not name and not self._final else False
        if not brace and not (self._preface and opening):
            return False
        if reached:
            return None if any_key or known or grows else False
        if not brace and (lone := _LONE_TONE.match(self._buffer, at)):
            if lone.end() == len(self._buffer) and not self._final:
                return None
            if lone["line"] and (goes_on := self._goes_on(self._buffer[lone.end() :])) is not True:
                return goes_on  # a label of plain words: `ToneLines` takes it
        self._quoted_keys = bool(opening)
        if not name or not follower:
            return any_key and (self._buffer[begin.end() :] or "}").startswith("}") and bool(opening or not name)
        return (known or any_key) and (follower in ":=" or (known and bool(closing)))

    def _object(self) -> bool:
        """State: in an object or after it. Everything but the two keys is skipped."""
        field = _FIELD.search(self._buffer)
        closed = self._buffer.find("}") if self._tone is not None and not self._has_text else -1
        if closed >= 0 and (field is None or closed < field.start()):
            return self._close_tone(closed)
        passed = max(0, field.start() if field else len(self._buffer) - (0 if self._final else _FIELD_MAX_CHARACTERS))
        self._raw = (self._raw + self._buffer[:passed])[:_RAW_MAX_CHARACTERS]
        self._drop(passed)
        if field is None:
            return False
        if field[0] == "{":
            if self._has_text:
                self._end_object()
            self._buffer = "," + self._buffer[1:]  # a key follows a comma, or the brace
            return True
        begin = field.start("value") - passed
        quote = field["value"] if field["value"][-1] in _CLOSING else ""
        if not quote and len(self._buffer) - begin < len("false,") and not self._final:
            return False
        if not quote and _NO_VALUE.match(self._buffer, begin):
            return self._drop(begin)
        begin += len(quote)
        if (field["quoted"] or field["bare"]).casefold() == "text":
            return self._begin_text(begin, quote, in_list=bool(field["list"]))
        tone = _TONE_END.split(self._buffer[begin : begin + _TONE_MAX_CHARACTERS], maxsplit=1)[0]
        if begin + len(tone) + max(1, len(quote)) > len(self._buffer) and not self._final:
            return False
        self._tone = tone.strip().lower() or NEUTRAL
        return self._say("", self._tone, begin + len(tone) + len(quote))

    def _close_tone(self, at: int) -> bool:
        """An object with a tone and no text closes, at `at`. Plain words behind it are to be said in that tone."""
        closed = _CLOSED.match(self._buffer, at)
        assert closed is not None
        assert self._tone is not None
        rest = self._buffer[closed.end() : closed.end() + _BEHIND_MAX_CHARACTERS]
        if (goes_on := self._goes_on(rest)) is None:
            return False
        self._raw = (self._raw + self._buffer[:at])[:_RAW_MAX_CHARACTERS]
        self._drop(closed.end())
        in_quotes = (self._raw.count('"') - self._raw.count('\\"')) % 2
        if in_quotes or goes_on:
            self._buffer = "," + self._buffer  # a key follows a comma, or the brace
            return True
        if self._other():
            self._end_object()
            self._has_text = True
            return True
        self._prose_tone, self._preface, self._state = self._tone, False, JsonUnwrapper._prose
        self._end_object()
        return True

    def _goes_on(self, rest: str) -> bool | None:
        """Whether another field or object follows a tone, as `rest` does. None: more text is needed to tell."""
        bare = "".join(c for c in rest[:_BEHIND_MAX_CHARACTERS].casefold() if c not in " _-")
        grows = _MAY_GO_ON.fullmatch(rest) or any(f"{name}:".startswith(bare) for name in _NAMES)
        return None if grows and not self._final else _GOES_ON.match(rest) is not None

    def _begin_text(self, at: int, quote: str, *, in_list: bool) -> bool:
        self._quote, self._in_list, self._has_text, self._state = quote, in_list, True, JsonUnwrapper._text
        self._guessed = ""
        return self._say("\n" if self._said or self._held else "", self._tone, at)

    def _text(self) -> bool:
        """State: in the value to be spoken."""
        sign, length = self._quote[-1:], len(self._quote)
        plain = re.split(rf"[\\{re.escape(_CLOSING[sign])}]", self._buffer, maxsplit=1)[0]
        if plain:
            return self._say(plain, self._tone, len(plain))
        if self._buffer[0] == "\\" and not (length == 2 and self._buffer[1:2] in ("", sign)):
            return self._escape()
        if _TAIL.fullmatch(self._buffer, length) and not self._final:
            return False
        if self._in_list and (more := _MORE_IN_LIST.match(self._buffer, length)):
            return self._begin_text(more.end(), more[1], in_list=True)
        ends = (_END,) if self._quoted_keys and sign else (_END, _END_BEFORE_BARE_KEY)
        if (sign or self._buffer[0] == ",") and not any(end.match(self._buffer, length) for end in ends):
            return self._say(self._buffer[max(0, length - 1)], self._tone, max(1, length))
        self._state = JsonUnwrapper._object
        return self._drop(length)

    def _escape(self) -> bool:
        """A backslash is at the buffer's start. A broken escape loses its backslash and keeps its letters."""
        if (grows := _ESCAPE_MAY_GROW.match(self._buffer)) and not self._final:
            return False
        if escape := _ESCAPE.match(self._buffer):
            return self._say(_unescaped(escape), self._tone, escape.end())
        return self._drop(len(self._buffer) if grows else 1)

    def _end_object(self) -> None:
        if not self._has_text:
            self._held += _ESCAPE.sub(_unescaped, self._other())
        self._say("", self._tone or NEUTRAL)
        self._tone, self._raw, self._has_text = None, "", False

    def _other(self) -> str:
        """What an object without a text gives: the longest of its other values, if that is an answer or a sentence.
        Data such as `{"city": "Rome"}` is not said."""
        others = list(_OTHER.finditer(self._raw)) or (self._tone is not None and list(_NAMELESS.finditer(self._raw)))
        if not others:
            return ""
        longest = max(others, key=lambda other: len(other[1]))
        key = _ANSWER_KEY.search(self._raw, max(0, longest.start() - _KEY_CHARACTERS), longest.start())
        return longest[1] if key or _SENTENCE.search(longest[1]) else ""

    def _say(self, text: str, tone: str | None, written: int = 0) -> bool:
        """Say the text, which is `written` characters long in the buffer. Without a tone it is held, up to a limit."""
        self._held += text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")  # without halves of characters
        if tone is None and len(self._held) > TONE_HOLD_CHARACTERS:
            tone = self._tone = NEUTRAL
        if tone is not None and self._held:
            self._out.append((self._held, tone))
            self._held, self._said = "", True
        return self._drop(written)


def _unescaped(escape: re.Match[str]) -> str:
    return _CONTROLS.get(escape[1], escape[1]) if escape[1] else str(json.loads(f'"{escape[0]}"'))
