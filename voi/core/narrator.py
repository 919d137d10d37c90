"""Narrator comments in a streamed reply: the narrator speaks `*her eyes widened*` and `@…@`, the character speaks the
rest.

A marker opens a comment where a word could begin and closes it where a word could end, so `2 * 3`, an e-mail address, a
list bullet and `**bold**` are left alone. Whether an opened comment is closed is known only at its end: it is held back
until then, at most `HOLD_CHARACTERS`, and is ordinary text if it never closes.

An agent without a narrator did not ask the model for comments. Its asterisks may be emphasis, as in "I *really* mean
it", whose words must not be lost, or stage directions, as in "*sighs* Fine.", which must not be spoken.
"""

import re

from voi.dialogue import Voice

HOLD_CHARACTERS = 400
"""Longest narrator comment. A higher limit would make an unpaired marker hold the character's voice for longer."""

_MARKER = re.compile(r"[*@]")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_BEFORE_AT = frozenset("._-+@/\\")
"""An @ after one of these is part of an address."""

_WORD = re.compile(r"[^\W_][\w'’-]*")
_ACTION = re.compile(r"[^\W_]{3,}(?:s|ing)", re.IGNORECASE)
"""Verbs of stage directions, such as sighs or laughing. The words below only look like them."""
_NO_ACTIONS = frozenset(
    {"this", "his", "its", "always", "perhaps", "sometimes", "yes", "thanks", "less", "unless", "thus", "plus",
     "across", "during", "thing", "nothing", "something", "anything", "everything", "being", "having", "king"}
)  # fmt: skip
_THIRD_PERSON = frozenset({"he", "she", "they", "his", "her", "hers", "their", "its"})
_EMPHASIS_MAX_WORDS = 5


class NarratorSplitter:
    """`feed` text as it streams in, get (text, voice) as soon as the voice is known. Sans-I/O; never raises."""

    __slots__ = ("_before", "_buffer", "_narrated", "_sentence")

    def __init__(self, narrated: bool = True) -> None:
        self._buffer = ""
        self._before = " "  # the character before the buffer
        self._narrated = narrated
        self._sentence = ""  # its last character that is no space: "" at the beginning and after the end of a line

    def feed(self, text: str) -> list[tuple[str, Voice]]:
        self._buffer += text
        return self._split(final=False)

    def close(self) -> list[tuple[str, Voice]]:
        """Everything that was held back. After this the splitter can be fed another text."""
        out = self._split(final=True)
        self._before = " "
        self._sentence = ""
        return out

    def _split(self, final: bool) -> list[tuple[str, Voice]]:
        out: list[tuple[str, Voice]] = []
        while self._buffer:
            marker = _MARKER.search(self._buffer)
            if marker is None:
                self._say(out, len(self._buffer))
            elif marker.start():
                self._say(out, marker.start())
            elif len(self._buffer) == 1 and not final:
                break
            elif not self._opens():
                self._say(out, 2 if self._buffer[1:2] == self._buffer[0] else 1)
            else:
                end = self._closing(final)
                if end is None:
                    break
                if end > 0 and not self._narrated and _is_emphasis(self._buffer[1:end], self._sentence):
                    self._say(out, end + 1)
                elif end > 0:
                    out.append((self._buffer[1:end], "narrator"))
                    self._drop(end + 1)
                else:
                    self._say(out, -end)
        return out

    def _say(self, out: list[tuple[str, Voice]], length: int) -> None:
        out.append((self._buffer[:length], "character"))
        self._drop(length)

    def _drop(self, length: int) -> None:
        self._before = self._buffer[length - 1]
        said = self._buffer[:length].rstrip(" \t")
        self._sentence = "" if said.endswith("\n") else said[-1:] or self._sentence
        self._buffer = self._buffer[length:]

    def _opens(self) -> bool:
        marker, follower, before = self._buffer[0], self._buffer[1:2], self._before
        if before.isalnum() or before in ("_", marker) or (marker == "@" and before in _BEFORE_AT):
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
            if not before.isspace() and not (after.isalnum() or after == "_"):
                return at if any(map(str.isalpha, text[1:at])) else -1
            if not (before.isalnum() or after.isspace()):
                return -at  # another one opens here: the first was unpaired
            at += 1
        if final or len(text) > HOLD_CHARACTERS + 1 or _BLANK_LINE.search(text):
            return -1
        return None


def _is_emphasis(text: str, sentence: str) -> bool:
    """True if the text is emphasis; False if it is a stage direction. `sentence`: the last character of what precedes
    it in this sentence."""
    words = [word.lower() for word in _WORD.findall(text)]
    if text[-1] in "!?":
        return True
    acts = words[0] in _THIRD_PERSON or (_ACTION.fullmatch(words[0]) is not None and words[0] not in _NO_ACTIONS)
    if sentence.isalnum() or sentence == ",":
        return len(words) == 1 or (len(words) <= _EMPHASIS_MAX_WORDS and not acts)
    return len(words) == 1 and not acts
