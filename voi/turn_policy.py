"""The rules of turn-taking, defined once: the core plays by them, and agents.json is checked against their limits."""

from dataclasses import dataclass, field
from typing import Any, Literal

Eagerness = Literal["low", "medium", "high", "auto"]


def _ms(default: int, least: int, most: int, description: str) -> Any:
    return field(default=default, metadata={"ge": least, "le": most, "description": description})


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """When a silence is the end of a turn, and when speech over the agent is an interruption. All in milliseconds."""

    speculate: bool = field(
        default=True,
        metadata={"description": "Begin the answer, muted, in the silence that the end of turn needs anyway."},
    )
    speculate_after_ms: int = _ms(
        64, 0, 10_000, "Silence before the first transcript, and the answer begun on it, is asked for."
    )  # two VAD windows
    eagerness: Eagerness = field(
        default="auto",
        metadata={
            "description": "How soon the agent takes the turn, between the shortest and the longest silence: low for"
            " people who think aloud, high for the impatient; auto is medium, and waits for callers who pause long."
        },
    )
    min_silence_ms: int = _ms(256, 0, 10_000, "Silence that is enough when the turn seems complete.")
    silence_ms: int = _ms(608, 0, 10_000, "Silence that is enough when nobody can tell whether the turn is complete.")
    max_silence_ms: int = _ms(2_240, 100, 30_000, "Silence that is enough even in the middle of a sentence.")
    barge_in_ms: int = _ms(
        300, 0, 10_000, "Speech over the agent that lasts this long interrupts it, words or not; after less it resumes."
    )
    barge_in_timeout_ms: int = _ms(
        1_500,
        100,
        30_000,
        "When neither words nor lasting speech came by then: the agent stops if there is voice, else it resumes.",
    )
    transcript_timeout_ms: int = _ms(5_000, 100, 60_000, "Longest wait for a transcript.")
    audio_timeout_ms: int = _ms(
        2_000, 100, 60_000, "Sound that stops arriving for this long in the middle of a turn counts as silence."
    )
