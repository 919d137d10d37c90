"""Narrator comments in a streamed reply: the narrator speaks `*her eyes widened*` and `@…@`, the character speaks the
rest.

A marker opens a comment where a word could begin and closes it where a word could end, so `2 * 3`, an e-mail address, a
list bullet and `**bold**` are left alone. Whether an opened comment is closed is known only at its end: it is held back
until then, at most `HOLD_CHARACTERS`, and is ordinary text if it never closes.

An agent without a narrator did not ask the model for comments. Its asterisks may be emphasis, as in "I *really* mean
it" and "*Note: we close at nine.*", whose words must not be lost, or stage directions, as in "*sighs* Fine.", which
must not be spoken (`stage_directions.py`).

Notes in brackets are recognized by the same words with or without a narrator: `[sighs] Fine.` is a comment, and `[warm]
Hi` says how to speak and is not spoken.
"""

import re

from voi.core.stage_directions import is_direction, is_gesture, is_tone
from voi.dialogue import Voice

HOLD_CHARACTERS = 400
"""Longest narrator comment. A higher limit would make an unpaired marker hold the character's voice for longer."""

NOTE_MAX_CHARACTERS = 60
"""Longest note in brackets."""

_MARKER = re.compile(r"[*@\[(（【]")
_NOTE_END = re.compile(r"[\[\](){}（）【】\n*@]")
_CLOSING = {"[": "]", "(": ")", "（": "）", "【": "】"}
_BETWEEN_WORDS = re.compile(r"\*(?P<text>[a-z][a-z ]{0,40})?(?P<end>\*(?P<next>[^*])?)?", re.DOTALL)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_BEFORE_AT = frozenset("._-+@/\\")
"""An @ after one of these is part of an address."""
_LINE_CHARACTERS = 24
_NO_SPACES_FROM = "\u0e00"
"""From this code point on (Thai, Chinese, Japanese …) a comment may be between words without a space."""


class NarratorSplitter:
    """`feed` text as it streams in, get (text, voice) as soon as the voice is known. Sans-I/O; never raises."""

    __slots__ = ("_before", "_buffer", "_line", "_narrated")

    def __init__(self, narrated: bool = True) -> None:
        self._buffer = ""
        self._before = " "  # the character before the buffer
        self._narrated = narrated
        self._line = ""  # the end of what precedes the buffer in its line

    def feed(self, text: str) -> list[tuple[str, Voice]]:
        """Take in more text. Returns the text whose voice is known by now, in order."""
        self._buffer += text
        return self._split(final=False)

    def close(self) -> list[tuple[str, Voice]]:
        """Return everything that was held back. After this the splitter can be fed another text."""
        out = self._split(final=True)
        self._before = " "
        self._line = ""
        return out

    def _split(self, final: bool) -> list[tuple[str, Voice]]:
        out: list[tuple[str, Voice]] = []
        while self._buffer:
            marker = _MARKER.search(self._buffer)
            if marker is None:
                self._say(out, len(self._buffer))
            elif marker.start():
                self._say(out, marker.start())
            elif marker[0] in _CLOSING:
                if not self._read_note(out, final):
                    break
            elif len(self._buffer) == 1 and not final:
                break
            elif (between := self._between_words(final)) != 0:
                if between is None:
                    break
                out += [(self._buffer[1:between], "narrator"), (" ", "character")]
                self._drop(between + 1)
            elif not self._opens():
                self._say(out, 2 if self._buffer[1:2] == self._buffer[0] else 1)
            else:
                end = self._closing(final)
                if end is None or (end > 0 and not self._narrated and not final and not self._after(end)):
                    break
                if end > 0 and (self._narrated or is_direction(self._buffer[1:end], self._line, self._after(end))):
                    out.append((self._buffer[1:end], "narrator"))
                    self._drop(end + 1)
                else:
                    self._say(out, end + 1 if end > 0 else -end)
        return out

    def _read_note(self, out: list[tuple[str, Voice]], final: bool) -> bool:
        """Give out the bracket at the buffer's start, or take the note in it. False: more text is needed to tell."""
        opening, before = self._buffer[0], self._before
        if (opening in "[(" and before.isalnum() and before < _NO_SPACES_FROM) or before in "])_":
            self._say(out, 1)
            return True
        end = _NOTE_END.search(self._buffer, 1, NOTE_MAX_CHARACTERS + 2)
        if end is None:
            if len(self._buffer) <= NOTE_MAX_CHARACTERS + 1 and not final:
                return False
            self._say(out, 1)
            return True
        at = end.start()
        if end[0] != _CLOSING[opening] or not any(map(str.isalpha, self._buffer[1:at])):
            self._say(out, 1)
            return True
        if not final and not self._after(at).strip():
            return False
        text, line, after = self._buffer[1:at], self._line, self._after(at)
        if self._buffer[at + 1 : at + 2] in ("(", "[", ":"):
            self._say(out, 1)
        elif is_tone(text, line, after):
            self._drop(at + 1)
        elif is_direction(text, line, after):
            out.append((text, "narrator"))
            self._drop(at + 1)
        else:
            self._say(out, 1)
        return True

    def _say(self, out: list[tuple[str, Voice]], length: int) -> None:
        out.append((self._buffer[:length], "character"))
        self._drop(length)

    def _drop(self, length: int) -> None:
        self._before = self._buffer[length - 1]
        self._line = (self._line + self._buffer[:length]).rpartition("\n")[2][-_LINE_CHARACTERS:]
        self._buffer = self._buffer[length:]

    def _after(self, end: int) -> str:
        """The first character after a comment, skipping one space; "" if it is not known yet."""
        rest = self._buffer[end + 1 :]
        first = rest.lstrip(" \t")[:1]
        return first if rest.startswith(first) else f" {first}"

    def _between_words(self, final: bool) -> int | None:
        """Index of the asterisk that closes a gesture between two words without a blank, "Hello*smiles*there", which
        parts them; 0: there is none; None: more text is needed to tell."""
        if self._buffer[0] != "*" or not (self._before.isalpha() and self._before < _NO_SPACES_FROM):
            return 0
        gesture = _BETWEEN_WORDS.match(self._buffer)
        if gesture is None or (not gesture["end"] and (final or gesture.end() < len(self._buffer))):
            return 0
        if not gesture["next"] and gesture.end() == len(self._buffer) and not final:
            return None
        is_one = (gesture["next"] or "").isalpha() and gesture["text"] and is_gesture(gesture["text"])
        return gesture.end("text") if is_one else 0

    def _opens(self) -> bool:
        marker, follower, before = self._buffer[0], self._buffer[1:2], self._before
        if before == marker or _is_part_of_word(before, marker) or (marker == "@" and before in _BEFORE_AT):
            return False
        return bool(follower) and not follower.isspace() and follower != marker

    def _closing(self, final: bool) -> int | None:
        """Index of the marker that closes the comment at the buffer's start. Negative: minus the length of the text
        that turned out to be ordinary. None: more text is needed to tell."""
        text, marker = self._buffer, self._buffer[0]
        at = 1
        while 0 < (at := text.find(marker, at)) <= HOLD_CHARACTERS:
            if at + 1 == len(text) and not final:
                break
            before, after = text[at - 1], text[at + 1 : at + 2]
            if after == marker:  # `**` inside
                while text[at : at + 1] == marker:
                    at += 1
                continue
            if before == marker:
                at += 1
                continue
            if _BLANK_LINE.search(text, 0, at):
                return -1
            new_word = marker == "*" and after.isupper() and not (before.isupper() or before.isdigit())  # *smiles*Hello
            new_word |= marker == "*" and after.islower() and is_gesture(text[1:at])  # *smiles*hello
            if not before.isspace() and (new_word or not _is_part_of_word(after, marker)):
                return at if any(map(str.isalpha, text[1:at])) else -1
            if not (before.isalnum() or after.isspace()):
                return -at  # another one opens here: the first was unpaired
            at += 1
        if final or len(text) > HOLD_CHARACTERS + 1 or _BLANK_LINE.search(text):
            return -1
        return None


def _is_part_of_word(char: str, marker: str) -> bool:
    """True if a marker beside this character is inside a word."""
    if char == "_":
        return True
    return char.isalnum() and (marker == "@" or char < _NO_SPACES_FROM or char.isdigit())
