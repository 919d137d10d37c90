"""Labels that name a tone, as `voice_tone: warm`: at the head of a reply that is plain text (`tone_heading`), and
between its sentences (`tone_label`). They are not spoken; they set the tone of what follows.

Between sentences a lost word is worse than a label that is read out: a label in plain words ("Tone: warm") must be all
that its line holds, must name a tone that is known, and is no item of a list. `voice_tone` is no word, so any tone may
follow it, and in brackets it may stand anywhere.
"""

import re
from typing import Literal, NamedTuple

from voi.core.stage_directions import is_tone

_HEADING_MAX_CHARACTERS = 120
_HEADING = re.compile(
    r"(?i)(?P<fence>```\w{0,8}\s*)?[\s(\[*_#>-]*(?:"
    r"<voice[_ -]?tone>\s*(?P<tagged>\w{1,30})\s*</voice[_ -]?tone>\s*(?P<tag><text>\s*)?|"
    r"(?:voice(?:_?|(?P<words>[ -]))tone|(?P<short>tone))[\s*_]*[:=][\s*_\"']*(?P<tone>\w{1,30}(?(words)|(?(short)|"
    r"(?:[^\n]{1,60}(?=\n[\s*_-]{0,9}text[\s*_]{0,9}[:=])|(?-i:(?:[ -][^\W\d_A-Z]+){1,6})"
    r"(?=[\"'*_]{0,3}(?: ?[\n,;|)\]]| - ))))?))(?: - | (?=\|))?"
    r"(?(words)(?=[\"'*_]*[)\].,;|\n]))(?(short)(?=[\"'*_]*[)\]]|[\"'*_.;|]*(?:\n|\Z)))[\"'*_)\].,;|]*\s*"
    r"(?:[-*]?\s*\**text\**\s*[:=]\**\s*(?:\|\s*)?)?)"
)
"""A sentence may also begin with "tone", or with "voice tone" in two words, so the tone must be all that follows on the
line. A tone of several words is in lower case, or "text:" follows in the next line."""
_HEADING_KEYS = ("voicetone", "tone")
_SHORT_MAY_GROW = re.compile(r"(?i)[^\n\])]*(?:[\])\n]\W*(?:t(?:e(?:x(?:t\**)?)?)?)?)?")
_FENCE = re.compile(r"`{1,3}\Z|```\w{0,8}(?:\s|\Z)")
MAY_BE_HEADING = re.compile(r"(?i)[\s(\[*_#<>-]*(?:[vt`]|\Z)")
_HEADING_MARKS = re.compile(r"[\s(\[*_#<>-]")
_OF_FORM_MAX_CHARACTERS, _PLAIN_MAX_CHARACTERS = 100, 48
"""Longest tone with what closes it, counted from its first character."""
_TONE_WORDS_MAX = 4
_FORM_KEY = "voicetone"
_PLAIN_KEYS = (
    "tone", "voice tone", "tone of voice", "ton", "tonfall", "ton de voix", "tono", "tono de voz", "tom", "toon", "tón",
    "тон", "النبرة", "语气", "语调", "口調", "トーン", "어조", "톤",
)  # fmt: skip
_CERTAIN = ("neutral", "excited")
"""Tones that every voice has, besides those that are known as words for a tone."""

TRIGGER = re.compile(r"\n|[\[(（【<]")
_MARKS = r"[ \t>#*_~`\"'“\[(（【<-]{0,9}"
MAY_BEGIN = re.compile(rf"(?i){_MARKS}(?:[{''.join({key[0] for key in (_FORM_KEY, *_PLAIN_KEYS)})}]|\Z)")
_HEAD = re.compile(
    rf"(?P<marks>{_MARKS})"
    r"(?P<key>[^\W\d_]{1,10}(?:[ _-][^\W\d_]{1,10}){0,2}[ _-]?)?(?P<sign>[\"'”*_ \t]{0,5}(?:[:=：>][\"'“”*_ \t]{0,6})?)"
)
_VALUE = re.compile(
    r"(?P<tone>[^\W\d_][^\n\[\](){}（）【】<>|:=：`\"”*;.!?…。！？]{0,60}?)[\"'”*_.,; \t`]{0,6}"
    r"(?P<end>\r?\n|\Z|[\])）】][*_]{0,3}|</voice[_-]?tone>|"
    r"(?:\|[ \t]?)?(?i:[*_]{0,2}text[*_]{0,2}[ \t]?[:=])[*_ \t]{0,4})"
)
_WORD_BEFORE_TEXT = re.compile(r"(?P<tone>[^\W\d_]{1,30})[\"'*_.,;]{0,4}(?: - |[ \t]{1,4})(?=[^\W\d_])")
_SENTENCE = re.compile(r"[.!?…。！？][ \t]{0,9}\w")
_BULLET = re.compile(r"[ \t]*(?:[*-](?![*_])[ \t]|>)")
TEXT_KEY = re.compile(r"[\s*_-]{0,6}(?:<text>|(?i:text)[*_ \t]{0,4}[:=][*_ \t]{0,4}(?:\|[ \t]{0,4}\r?\n)?)[ \t]{0,9}")
TEXT_KEY_MAY_GROW = re.compile(
    r"[\s*_-]{0,6}(?:<(?:t(?:e(?:xt?)?)?)?|"
    r"(?i:t(?:e(?:x(?:t[*_ \t]{0,4}(?:[:=][*_ \t]{0,4}(?:\|\s{0,5})?)?)?)?)?)?)[ \t]{0,9}"
)


class ToneHeading(NamedTuple):
    """`length`: how many characters of the reply it takes. `closed_by`: what ends the text that it opened; ""."""

    tone: str
    length: int
    closed_by: str


def tone_heading(text: str, *, final: bool) -> "ToneHeading | Literal['wait'] | None":
    """The label that a reply begins with, whose `text` so far `MAY_BE_HEADING` matches. "wait": more text is needed to
    tell. `final`: no more text comes."""
    start = text[:_HEADING_MAX_CHARACTERS]
    fence = _FENCE.match(start)
    letters = _HEADING_MARKS.sub("", start[fence.end() if fence else 0 :]).lower()
    grows = any(key.startswith(letters[: len(_HEADING_KEYS[0])]) for key in _HEADING_KEYS)
    grows |= letters.startswith("tone") and _SHORT_MAY_GROW.fullmatch(start.strip()) is not None
    if grows and len(text) < _HEADING_MAX_CHARACTERS and not final:
        return "wait"
    if (label := _HEADING.match(start)) is None:
        return None
    closed_by = "```" if label["fence"] else "</text>" if label["tag"] else ""
    return ToneHeading((label["tone"] or label["tagged"]).lower(), label.end(), closed_by)


class ToneLabel(NamedTuple):
    """`end`: where it ends in the text. `whole_line`: with the end of its line."""

    tone: str
    end: int
    whole_line: bool


def tone_label(text: str, *, begins_line: bool, final: bool) -> "ToneLabel | Literal['wait'] | None":
    """The label that the text begins with, at a beginning that `MAY_BEGIN` matches. "wait": more text is needed to
    tell. `begins_line`: a line begins there; else an opening bracket does. `final`: no more text comes."""
    head = _HEAD.match(text)
    assert head is not None  # all its parts are optional
    ends = head.end() == len(text) and not final
    written = (head["key"] or "").strip(" _-").casefold()
    of_form = re.sub("[_-]", "", written) == _FORM_KEY
    bracketed = any(mark in head["marks"] for mark in "[(（【<")
    plain = begins_line and not _BULLET.match(text)
    if ends and not head["sign"].strip(" \t\"'*_”"):
        joined = re.sub("[ _-]", "", written)
        grows = _FORM_KEY.startswith(joined) or (plain and any(key.startswith(written) for key in _PLAIN_KEYS))
        return "wait" if grows and (begins_line or bracketed) else None
    if not head["sign"].strip(" \t\"'*_”“") or not (
        (of_form and (begins_line or bracketed)) or (plain and written in _PLAIN_KEYS)
    ):
        return None
    if (">" in head["sign"]) != ("<" in head["marks"]):
        return None
    if of_form and not bracketed and (word := _WORD_BEFORE_TEXT.match(text, head.end())):
        said = text[word.end() : word.end() + len("text")]
        if said[0].isupper() and not "text".startswith(said.casefold()):  # "voice_tone: sad Oh no."
            return ToneLabel(word["tone"].casefold(), word.end(), False)
        if word.end() + len(said) == len(text) and len(said) < len("text") and not final:
            return "wait"
    value = _VALUE.match(text, head.end())
    longest = _OF_FORM_MAX_CHARACTERS if of_form else _PLAIN_MAX_CHARACTERS
    rest = text[head.end() : head.end() + longest]
    if value is None or (value.end() == len(text) and value["end"][-1:] != "\n" and not final):
        grows = len(rest) < longest and "\n" not in rest and not _SENTENCE.search(rest)
        return "wait" if grows and not final else None
    if value.end() - head.end() >= longest or _SENTENCE.search(text, head.end(), value.end()):
        return None
    tone, whole_line = value["tone"].strip().casefold(), value["end"].strip() == ""
    if not whole_line and value["end"][0] in "])）】" and not bracketed:
        return None
    if not begins_line and (whole_line or "text" in value["end"]):
        return None
    if of_form and len(tone.split()) > _TONE_WORDS_MAX:
        return None
    if not of_form and not ((whole_line or bracketed) and (tone in _CERTAIN or is_tone(tone, "", ""))):
        return None
    return ToneLabel(tone, value.end(), whole_line)
