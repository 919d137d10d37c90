"""What failed during a turn, for the server's log and metrics. It never holds what people said, or a secret."""

from dataclasses import dataclass
from typing import Literal

from voi.errors import EngineError

FailureKind = Literal["llm", "llm_empty", "llm_cut", "llm_filtered", "tts", "stt", "judge"]
"""`llm_empty`: an answer without a word. `llm_cut`: an answer that ended in the middle. `llm_filtered`: an answer that
a content filter cut."""


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
