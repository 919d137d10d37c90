"""What failed during a turn, for the server's log and metrics. It never holds what people said, or a secret."""

from dataclasses import dataclass
from typing import Literal

from voi.engines.base import FinishReason
from voi.errors import EngineError

FailureKind = Literal[
    "llm", "llm_empty", "llm_cut", "llm_filtered", "tts", "stt", "vad", "judge", "summary", "memory", "knowledge"
]
"""`llm_empty`: an answer without a word. `llm_cut`: an answer that ended in the middle. `llm_filtered`: an answer that
a content filter cut. `summary`: no summary of the dialogue's oldest turns. `memory`: the store did not say what is
known of the person."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure of an engine. `engine`: the provider. `model`: the model asked for; "" if that says no more.
    `message`: what happened and what to do. `took_ms`: time from the start of the work to the failure."""

    kind: FailureKind
    engine: str
    model: str
    message: str
    took_ms: int

    def __str__(self) -> str:
        model = f", model {self.model[:80]!r}" if self.model else ""
        return f"{self.kind} failed after {self.took_ms} ms (engine {self.engine or 'unknown'}{model}): {self.message}"


class NothingSaid(EngineError):
    """An LLM's answers have no word that can be spoken."""

    def __init__(self, message: str, kind: FailureKind) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind


class JudgeFailed(EngineError):
    """The LLM of a control agent failed, after its own second try. Writing the reply once more would not help."""

    def __init__(self, model: str, error: EngineError) -> None:
        super().__init__(str(error))
        self.model = model


UNREAD_VERDICT = (
    "the control agent's answer names no class, so what it judged passed: tell it in its prompt to answer "
    '{"class": "…"}, or take another model.'
)


def nothing_said(model: str, finish: FinishReason | None, *, wrote: bool) -> str:
    """Why an answer has no word that is spoken. `wrote`: it had some text."""
    named = f"LLM model {model[:80]!r}"
    if finish == "content_filter":
        return f"The content filter of {named} refused the conversation."
    if finish == "length":
        return f"{named} wrote nothing that can be spoken within its max_tokens: raise them, or let it think less."
    if wrote:
        return (
            f"{named} twice wrote only thoughts, tool calls or punctuation: tell it in the prompt to answer in words."
        )
    return f"{named} answered nothing, twice: is it made for conversations?"


def cut_short(finish: FinishReason | None) -> str:
    """How an answer ended before its end."""
    if finish == "length":
        return "the answer was cut at its longest: raise the agent's max_tokens, or ask for shorter answers."
    if finish == "content_filter":
        return "the provider's content filter cut the answer."
    return "the answer ended without a finish."


class VadFailed(EngineError):
    """The VAD failed: nobody hears the person any more, so the conversation ends."""

    def __init__(self, engine: str, error: Exception) -> None:
        why = str(error) if isinstance(error, EngineError) else f"{type(error).__name__}."
        super().__init__(f"The VAD {engine} failed: {why}")
        self.failure = Failure("vad", engine, "", str(self), 0)
