"""Agents that judge: control agents (is this reply a denial?) and completeness agents (has the person finished?)."""

from collections.abc import Iterable
from typing import Self

from pydantic import AliasChoices, Field, model_validator

from voi.config.parts import Lines
from voi.config.problems import quoted
from voi.config.prompted import Prompted

PATTERN_MATCHING = "pattern_matching"
_COMPLETENESS_PROMPT = """\
You hear one side of a live conversation, as it is being transcribed. Judge whether the speaker has finished what they
want to say for now, or is about to go on: a sentence that breaks off, a trailing "and" or "um", a list half told.
Answer with exactly one JSON object: {"status": "complete", "reason": "<why>"} or
{"status": "incomplete", "reason": "<why>"}."""


_COMMON = (
    "a about all also an and any are as at back be because been but by can come could day did do does even first for "
    "from get give go good had has have he help her here him his how i if in into is it its just know like look "
    "make me model more most my need new no not now of on one only or other our out over people please say see she "
    "sir so some sorry take tell than thank that the their them then there these they thing think this time to today "
    "two up us use very want was way we well what when where which who will with work would yes you your "
    "der die das und ist nicht ich ein eine zu es le la les de et est pas je un une el los y es no que en si"
)
_COMMON_WORDS = frozenset(_COMMON.split())


def ordinary_phrases(phrases: Iterable[str]) -> list[str]:
    """Those denial phrases that harmless sentences contain: a letter or two, or a single common word."""
    return [
        phrase
        for phrase in phrases
        if (said := phrase.strip(" .,!?'\"").casefold()) in _COMMON_WORDS
        or (len(said) <= 2 and said.isascii() and said != "ai")
    ]


class _Classifier(Prompted):
    model: str = Field(min_length=1, validation_alias=AliasChoices("model", "llm_model"))
    temperature: float | None = Field(default=None, ge=0, le=2)
    title: str = ""
    description: str = ""


class ControlAgent(_Classifier):
    """Keeps denials out of another agent's replies: by phrases (model "pattern_matching") or by asking an LLM."""

    denial_phrases: Lines = ()
    """For pattern matching: no reply may contain these, as whole words. Case, markup and disguises don't count."""
    denial_classes: Lines = ()
    """For an LLM, which answers {"class": …}: the classes that are denials."""
    giveup_after: int = Field(default=3, ge=1, le=10)
    """Tries before giving up."""
    temperature_multiplier: float = Field(default=1.5, gt=0, le=10)
    """Each further try runs at the last one's temperature times this."""
    giveup_response: Lines = ()
    """Said after giving up, one at random. None: nothing is said."""

    @property
    def matches_patterns(self) -> bool:
        return self.model == PATTERN_MATCHING

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.matches_patterns:
            if not self.denial_phrases:
                raise ValueError('needs "denial_phrases": phrases that no reply may contain')
            blank = [phrase for phrase in self.denial_phrases if not any(letter.isalnum() for letter in phrase)]
            if blank:
                raise ValueError(
                    f"has a denial phrase without a word in it, which every reply would match: {quoted(blank[0])}"
                )
        elif not (self.denial_classes and "".join(self.system_prompt).strip()):
            raise ValueError(
                f'with the model {quoted(self.model)} needs "system_prompt", which asks for {{"class": …}}, and '
                f'"denial_classes"; without an LLM, the model is "{PATTERN_MATCHING}"'
            )
        return self


class CompletenessAgent(_Classifier):
    """Judges whether a person has finished: an LLM that answers {"status": "complete" | "incomplete", "reason": …}."""

    system_prompt: Lines = (_COMPLETENESS_PROMPT,)
