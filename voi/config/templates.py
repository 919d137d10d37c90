"""The templates of prompts, examples and greetings: message formats and `{vars:name}`. Other braces are left alone,
since prompts contain JSON."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from voi.config.problems import did_you_mean
from voi.config.tones import DEFAULT_TONES
from voi.errors import ConfigError

RENDERED_MAX_CHARACTERS = 100_000
"""Longest prompt or example: some 25,000 tokens, which go to the model with each turn."""
VOICE_TONE = "character_agent_message_format_voice_tone"
NARRATOR_COMMENTS = "character_agent_message_format_narrator_comments"

_TONE_MEANINGS = {
    "neutral": "calm and matter-of-fact, for everyday things, facts and people you hardly know",
    "warm": "kind and close, for friends, comfort and thanks",
    "excited": "bright and lively, for good news, surprise and play",
    "sad": "soft and slow, for loss, worry and bad news",
}
# The tone stands first so that the text can be spoken while it is still being written.
_TONE_FORMAT = """\
Answer with exactly one JSON object and nothing around it. Its keys stand in this order:
{{"voice_tone": "<tone>", "text": "<your words>"}}
<tone> is how your voice sounds while it says <your words>. It is one of:
{tones}
<your words> are spoken aloud, so write them as people talk: no markdown, no lists, no emoji, no web addresses."""
_NARRATOR_FORMAT = """\
Between <your words> a narrator may comment on what you do, feel or see. A comment is short, in the third person, and
stands between asterisks; asterisks are used for nothing else. For example:
  - *She leans closer.* Promise me that you won't tell anybody.
  - That was you? *he laughs until he has to sit down* I should have known!
  - I missed you. *She looks away.*"""

_FORMAT = re.compile(r"\{(?:prompt_pattern:)?(" + f"{VOICE_TONE}|{NARRATOR_COMMENTS}" + r")\}")
_VARIABLE = re.compile(r"\{(?:prompt_pattern:)?vars:([^{}]*)\}")
_EITHER = re.compile(f"{_FORMAT.pattern}|{_VARIABLE.pattern}")
_LOOKS_LIKE_FORMAT = re.compile(r"\{(prompt_pattern:(?!vars:)[^{}\s]*|character_agent_[^{}\s]*)\}")


def render(
    text: str,
    variables: Mapping[str, Any],
    tones: Iterable[str] = DEFAULT_TONES,
    *,
    most: int = RENDERED_MAX_CHARACTERS,
) -> str:
    """`text` with its templates filled in. `tones`: those of the voice. Values of variables are not rendered again.
    Raises ConfigError when the result would have more than `most` characters, before it is made: a few kilobytes of
    `{vars:x}` can stand for gigabytes."""
    tone_format_given = False
    length = len(text)
    if length > most:
        raise _too_long(most)

    def fill(found: re.Match[str]) -> str:
        nonlocal length
        filled = fill_one(found)
        length += len(filled) - len(found[0])
        if length > most:
            raise _too_long(most)
        return filled

    def fill_one(found: re.Match[str]) -> str:
        nonlocal tone_format_given
        name, variable = found.groups()
        if variable is not None:
            return str(variables[variable]) if variable in variables else found[0]
        parts = [] if tone_format_given else [_TONE_FORMAT.format(tones=_tone_list(tones))]
        tone_format_given = True
        if name == NARRATOR_COMMENTS:
            parts.append(_NARRATOR_FORMAT)
        return "\n".join(parts)

    return _EITHER.sub(fill, text)


def _too_long(most: int) -> ConfigError:
    return ConfigError(f"has more than {most:,} characters once its templates are filled in")


def asks_for_tone(text: str) -> bool:
    """Whether a message format template is in the text."""
    return _FORMAT.search(text) is not None


def oddities(text: str, variables: Mapping[str, Any]) -> list[str]:
    """Unknown templates, perhaps misspelt; `render` leaves them as they are."""
    found = []
    for name in dict.fromkeys(_VARIABLE.findall(text)):
        if name not in variables:
            hint = did_you_mean(name, variables) or ' (give it in the agent\'s "vars")'
            found.append(f"{{vars:{name}}} is not defined{hint}")
    for whole in dict.fromkeys(_LOOKS_LIKE_FORMAT.findall(text)):
        name = whole.removeprefix("prompt_pattern:")
        if name not in (VOICE_TONE, NARRATOR_COMMENTS):
            found.append(f"{{{whole}}} is no template{did_you_mean(name, (VOICE_TONE, NARRATOR_COMMENTS))}")
    return found


def _tone_list(tones: Iterable[str]) -> str:
    names = dict.fromkeys(("neutral", *tones))
    return "\n".join(
        f'  - "{name}"' + (f": {_TONE_MEANINGS[name]}" if name in _TONE_MEANINGS else "") for name in names
    )
