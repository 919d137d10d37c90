"""Questions that an LLM answers with one JSON object: is this reply a denial, has the person finished?"""

from collections.abc import Sequence
from contextlib import aclosing

from voi.config.classifiers import CompletenessAgent, ControlAgent
from voi.core.completeness import parse_completeness
from voi.core.guard import denied_class, names_class
from voi.dialogue import Message
from voi.engines.base import Llm, LlmRequest, TextDelta
from voi.errors import EngineError

LOG_MESSAGES_MAX = 20
"""How many of the newest messages the completeness agent is shown."""
ANSWER_MAX_CHARACTERS = 4_000
"""A judge's answer is a short object; a longer answer is cut."""


async def is_denial(llm: Llm, control: ControlAgent, reply: str) -> bool | None:
    """True if the control agent puts the reply into one of its denial classes; None: its answer names no class. Raises
    EngineError."""
    answer = await _ask(llm, control, reply)
    return denied_class(answer, control.denial_classes) if names_class(answer) else None


async def completeness(llm: Llm, agent: CompletenessAgent, said_before: Sequence[Message], text: str) -> float:
    """Probability 0..1 that the person who said `text`, after what was said before, has finished. Raises EngineError.

    The agent is shown the conversation's log, one line per message; `text` is the last line.
    """
    log = [f"{m.role}: {' '.join(m.text.split())}" for m in said_before if m.text and m.role in ("user", "assistant")]
    verdict = parse_completeness(await _ask(llm, agent, "\n".join([*log[-LOG_MESSAGES_MAX:], f"user: {text}"])))
    if verdict is None:
        raise EngineError(f"The completeness agent (model {agent.model!r}) said neither complete nor incomplete.")
    return float(verdict)


async def _ask(llm: Llm, judge: ControlAgent | CompletenessAgent, text: str) -> str:
    messages = (*judge.prompt(), Message("user", text))
    request = LlmRequest(judge.model, messages, judge.temperature, json_mode=judge.speaks_json)
    return await complete(llm, request, ANSWER_MAX_CHARACTERS)


async def complete(llm: Llm, request: LlmRequest, max_characters: int) -> str:
    """Text of the complete answer, cut to that many characters. Raises EngineError."""
    parts: list[str] = []
    characters = 0
    async with aclosing(llm.stream(request)) as events:  # type: ignore[type-var]
        async for event in events:
            if isinstance(event, TextDelta):
                parts.append(event.text)
                characters += len(event.text)
                if characters >= max_characters:
                    break
    return "".join(parts)[:max_characters]
