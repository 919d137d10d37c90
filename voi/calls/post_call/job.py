"""What is still to be done for one call that is over. A job is data: it can wait in the store for the next process."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from voi.core.kept import KeptMessage
from voi.dialogue import ToolCall
from voi.session.redaction import Redaction

PostCallStep = Literal["ask", "webhook", "tool", "order"]
"""What is done next: the model is asked, or its answer is sent there. "order": what came of a call that Voi was to make
is sent to the order's webhook; there may have been no conversation."""
PostCallProblem = Literal["", "silent", "model", "fields", "quota"]
"""Why there is no summary ("silent": the person said nothing; "model": it failed; "quota": the
app has used up what it may), or no fields that fit ("fields")."""

TRANSCRIPT_MAX_CHARACTERS = 60_000
"""Of a longer conversation, the newest part is kept: some 15,000 tokens."""
RESULT_MAX_CHARACTERS = 2_000
"""How much of a tool's result stands in the transcript."""
PICTURE = "(a picture)"


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """A line of the transcript, redacted. `role`: user, assistant, tool for a call and its result, or
    earlier for a summary of what came before."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class PostCallJob:
    """One step for one call. `id`: the same for every try, also after a restart. `agent`: its name in agents.json.
    `about`: what templates name as {call:NAME}. `fields` None: there are none. `tries`: how often the step has failed.
    `due_ms`: when it is tried (again), ms since 1970. `trying`: it was begun, and nobody knows its outcome."""

    id: str
    step: PostCallStep
    conversation_id: str
    agent: str
    about: Mapping[str, Any]
    transcript: tuple[SpokenLine, ...] = ()
    summary: str | None = None
    fields: Mapping[str, Any] | None = None
    problem: PostCallProblem = ""
    tries: int = 0
    due_ms: int = 0
    trying: bool = field(default=False, compare=False)

    def as_state(self) -> dict[str, Any]:
        """The job as JSON."""
        state = {name: getattr(self, name) for name in self.__slots__}
        state["transcript"] = [[line.role, line.text] for line in self.transcript]
        return state


def job_of(state: Mapping[str, Any]) -> PostCallJob:
    """The job that `as_state` gave. Raises ValueError for anything else."""
    try:
        lines = tuple(SpokenLine(str(role), str(text)) for role, text in state["transcript"])
        return PostCallJob(**{**state, "transcript": lines})
    except (KeyError, TypeError) as error:
        raise ValueError("not a job of this version") from error


def transcript_of(
    messages: Sequence[KeptMessage], redaction: Redaction | None, earlier: str = ""
) -> tuple[SpokenLine, ...]:
    """The newest lines of what was said and done, redacted. `earlier`: a summary of what came before. Redaction takes
    milliseconds: not for the event loop."""
    lines: list[SpokenLine] = []
    left = TRANSCRIPT_MAX_CHARACTERS
    for message in reversed(messages):
        for line in reversed(list(_lines(message, redaction))):
            left -= len(line.text)
            if left < 0:
                return tuple(reversed(lines))
            lines.append(line)
    if earlier:
        lines.append(SpokenLine("earlier", redaction.text(earlier) if redaction else earlier))
    return tuple(reversed(lines))


def _lines(kept: KeptMessage, redaction: Redaction | None) -> Iterator[SpokenLine]:
    message, clean = kept.message, redaction.text if redaction else str
    said = clean(message.text).strip()
    if message.image_urls:
        said = f"{said} {PICTURE}".strip()
    if said and message.role in ("user", "assistant"):
        yield SpokenLine(message.role, said)
    names = {call.call_id: call.name for call in message.tool_calls}
    for call in message.tool_calls:
        yield SpokenLine("tool", f"{call.name}({_arguments(call, redaction)})")
    for result in message.tool_results:
        told = "failed" if result.failed else "returned"
        name = names.get(result.call_id, "the tool")
        yield SpokenLine("tool", f"{name} {told}: {clean(result.text[:RESULT_MAX_CHARACTERS])}")


def _arguments(call: ToolCall, redaction: Redaction | None) -> str:
    return redaction.arguments(call.name, call.arguments) if redaction else call.arguments
