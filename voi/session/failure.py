"""What broke on the way of a turn, for the server's log and its metrics. Never what somebody said, never a secret."""

from dataclasses import dataclass
from typing import Literal

FailureKind = Literal["llm", "llm_empty", "llm_cut", "llm_filtered", "tts", "stt", "judge"]
"""`llm_empty`: an answer without a word. `llm_cut`: one that ended in its middle. `llm_filtered`: one that a content
filter cut."""


@dataclass(frozen=True, slots=True)
class Failure:
    """`engine` names the provider, `model` what it was asked for ("" where that says no more). `message`: what happened
    and what to do. `took_ms`: from the beginning of the work until then."""

    kind: FailureKind
    engine: str
    model: str
    message: str
    took_ms: int

    def __str__(self) -> str:
        model = f", model {self.model[:80]!r}" if self.model else ""
        return f"{self.kind} failed after {self.took_ms} ms (engine {self.engine or 'unknown'}{model}): {self.message}"
