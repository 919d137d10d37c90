"""A tone that a model writes before its words without JSON: `voice_tone: warm`, perhaps with `text:` behind it."""

import re

LABEL_MAX_CHARACTERS = 120
"""A reply that begins so is held back that far: long enough for any such label."""

_NAME = "voicetone"
_OPENING = re.compile(r"[\s(\[*_#-]*")
_LABEL = re.compile(
    r"[\s(\[*_#-]*voice(?:_?|(?P<words>[ -]))tone[\s*_]*[:=][\s*_\"']*(?P<tone>\w{1,30})"
    r"(?(words)(?=[\"'*_]*[)\].,;|\n]))[\"'*_)\].,;|]*\s*(?:\**text\**\s*[:=]\**\s*)?",
    re.IGNORECASE,
)
"""Of "voice tone" in two words a sentence may tell as well: the tone must be all that follows on the line."""


def may_be_label(beginning: str) -> bool:
    """Does a reply that begins like this begin with such a label, as far as can be told?"""
    opening = _OPENING.match(beginning)
    assert opening is not None  # it may be empty
    letters = re.sub("[ _-]", "", beginning[opening.end() : opening.end() + len(_NAME) + 2].lower())
    return _NAME.startswith(letters) if len(letters) < len(_NAME) else letters.startswith(_NAME)


def label_of(beginning: str) -> tuple[str, int] | None:
    """The tone, and how long the label is; None: there is none."""
    label = _LABEL.match(beginning[:LABEL_MAX_CHARACTERS])
    return (label["tone"].lower(), label.end()) if label else None
