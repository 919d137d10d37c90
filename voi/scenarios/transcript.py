"""A conversation as people read it: who said what, in order."""

from dataclasses import dataclass
from typing import Any, Literal

from voi.scenarios.trace import Trace

Who = Literal["person", "agent", "narrator", "tool", "event"]
TOLD = ("interruption", "denial", "gave_up", "failure", "error", "hang_up", "late_phrase")
"""Happenings that a transcript shows."""


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """`tone`: of the agent's words, "" if it is none that matters. `kind`: "answer", or which phrase or event it is."""

    at_ms: int
    who: Who
    text: str
    tone: str = ""
    kind: str = ""

    def __str__(self) -> str:
        tone = f" ({self.tone})" if self.tone not in ("", "neutral") else ""
        return f"{self.who}{tone}: {self.text}"


def lines_of(trace: Trace) -> list[TranscriptLine]:
    """The transcript. A message of the agent is one line, or one for each change of speaker."""
    lines = [TranscriptLine(heard.at_ms, "person", heard.text) for heard in trace.heard if heard.text]
    for said in trace.said:
        parts = said.parts()
        both = len({part.voice for part in parts}) > 1
        if said.shown.strip() and not (both and _whole(said.shown, parts)):
            tone = next((part.tone for part in parts if part.voice == "character"), "")
            lines.append(TranscriptLine(said.at_ms, "agent", said.shown.strip(), tone, said.kind))
            continue
        for part in parts:
            who: Who = "narrator" if part.voice == "narrator" else "agent"
            last = lines[-1] if lines else None
            if last is not None and (last.who, last.at_ms, last.kind, last.tone) == (
                who, said.at_ms, said.kind, part.tone,
            ):  # fmt: skip
                lines[-1] = TranscriptLine(last.at_ms, who, f"{last.text} {part.text.strip()}", last.tone, last.kind)
            else:
                lines.append(TranscriptLine(said.at_ms, who, part.text.strip(), part.tone, said.kind))
    lines += [TranscriptLine(call.at_ms, "tool", f"{call.name} {call.arguments}", kind="call") for call in trace.called]
    lines += [
        TranscriptLine(
            event.at_ms, "event", f"{event.kind}{f': {event.detail}' if event.detail else ''}", kind=event.kind
        )
        for event in trace.events
        if event.kind in TOLD
    ]
    return sorted(lines, key=lambda line: line.at_ms)


def _whole(shown: str, parts: list[Any]) -> bool:
    """Whether all that was written is shown, so that it was not cut."""
    return len(shown.split()) >= sum(len(part.text.split()) for part in parts)


def as_text(trace: Trace) -> str:
    """What happened, one line each."""
    return "\n".join(map(str, lines_of(trace)))
