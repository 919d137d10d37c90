"""The common part of all agents that an LLM plays: a prompt, examples, and templates in them."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Self

from pydantic import Field

from voi.config.parts import Example, FileModel, Lines, Phrases, Variables
from voi.config.templates import RENDERED_MAX_CHARACTERS, asks_for_tone, render
from voi.config.tones import DEFAULT_TONES
from voi.dialogue import Message, ReplyForm
from voi.errors import ConfigError

PHRASE_MAX_CHARACTERS = 5_000
"""About five minutes of speech."""
PHRASE_FIELDS = ("greetings", "idle_reminder", "apology", "late_phrase", "welcome_back", "goodbye")
"""Fields of an agent that hold phrases to be said as they are."""

_TONE_KEYS = ("voice_tone", "tone")
_KEY = re.compile(r"""["'](voice_tone|tone|text)["']""")
_COMMENT = re.compile(r"(?<![\w*])\*[^\s*][^*\n]*\*(?![\w*])")
_AT_COMMENT = re.compile(r"(?<![\w.@])@[^\s@][^@\n]*[^\s@]@(?!\w)")


class Prompted(FileModel):
    """An agent that an LLM plays."""

    system_prompt: Lines = ()
    """A text, or an array of lines. May contain the templates that the documentation lists."""
    examples: tuple[Example, ...] = ()
    """Exchanges before the conversation that show how the agent answers."""
    vars: Variables = Field(default_factory=dict)
    """Values for {vars:name} in the prompt, the examples and the greetings."""

    def prompt(self) -> tuple[Message, ...]:
        """The system prompt and the examples, which come before the history."""
        system = "\n".join(self.system_prompt)
        return (
            *((Message("system", system),) if system.strip() else ()),
            *(
                message
                for example in self.examples
                for message in (Message("user", example.user), Message("assistant", example.assistant))
            ),
        )

    @property
    def speaks_json(self) -> bool:
        """Whether replies are JSON objects: the prompt asks for JSON, by a message format or in its own words."""
        return any("json" in line.casefold() for line in self.system_prompt)

    @property
    def reply_form(self) -> ReplyForm:
        """The form in which the prompt asks for replies: that of its JSON examples, else of what it says in words."""
        prompt = "\n".join(self.system_prompt)
        examples = [example.assistant for example in self.examples]
        mark = "@" if _AT_COMMENT.search(prompt) and not _COMMENT.search("\n".join((prompt, *examples))) else "*"
        if not self.speaks_json:
            return ReplyForm(comment_mark=mark)
        fields = next((fields for text in examples if (fields := _fields(text))), None)
        if fields is None:
            fields = dict.fromkeys(_KEY.findall(prompt), "")
        tone = next((name for name in fields if name in _TONE_KEYS), "")
        texts = sorted((name for name in fields if name not in _TONE_KEYS), key=lambda name: -len(fields[name]))
        text = "text" if "text" in texts or not texts else texts[0]
        order = list(fields)
        return ReplyForm(text, tone, not tone or text not in order or order.index(tone) < order.index(text), mark)

    def templated(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The texts that may contain templates, by field."""
        yield "system_prompt", self.system_prompt
        yield "examples", tuple(text for example in self.examples for text in (example.user, example.assistant))
        for field in PHRASE_FIELDS:
            phrases: Phrases | None = getattr(self, field, None)
            if phrases is not None:
                yield field, tuple(choice.content for choice in phrases.choices)

    def rendered(self, tones: Iterable[str] = DEFAULT_TONES) -> Self:
        """The same agent with its templates filled in. `tones`: those of its voice. Raises ConfigError when the result
        is too long."""
        tones = tuple(tones)
        left = RENDERED_MAX_CHARACTERS

        def filled(text: str, where: str, most: int = RENDERED_MAX_CHARACTERS) -> str:
            nonlocal left
            try:
                whole = render(text, self.vars, tones, most=min(most, left))
            except ConfigError as error:
                raise ConfigError(f"{where}: {error}") from None
            left -= len(whole)
            return whole

        prompt = "\n".join(self.system_prompt)
        wants_tone = asks_for_tone(prompt)
        update: dict[str, Any] = {"system_prompt": (filled(prompt, "system_prompt"),) if prompt else ()}
        update["examples"] = tuple(
            Example(
                user=filled(example.user, "examples"),
                assistant=_in_format(filled(example.assistant, "examples"), wants_tone),
            )
            for example in self.examples
        )
        for name in PHRASE_FIELDS:
            phrases: Phrases | None = getattr(self, name, None)
            if phrases is not None and phrases.choices:
                choices = tuple(
                    choice.model_copy(update={"content": filled(choice.content, name, PHRASE_MAX_CHARACTERS)})
                    for choice in phrases.choices
                )
                update[name] = phrases.model_copy(update={"choices": choices})
        return self.model_copy(update=update)


def _fields(example: str) -> dict[str, str]:
    """The texts in an example's JSON object, by name; {} if it is not an object."""
    try:
        fields = json.loads(example)
    except (ValueError, RecursionError):
        return {}
    return {key: text for key, text in fields.items() if isinstance(text, str)} if isinstance(fields, dict) else {}


def _in_format(assistant: str, wants_tone: bool) -> str:
    """An example's answer in the message format, so that the examples don't contradict the prompt."""
    if not wants_tone or assistant.lstrip().startswith("{"):
        return assistant
    return json.dumps({"voice_tone": "neutral", "text": assistant}, ensure_ascii=False)
