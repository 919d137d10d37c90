"""The completeness agent's pure part: what an LLM is asked about a turn, and what its answer means."""

import re

from voi.core.loose_json import loose_object
from voi.dialogue import Message

_VERDICT = re.compile(r"\b(?:(not\s+)?complete|(in-?complete|unfinished))\b", re.IGNORECASE)


def completeness_messages(system_prompt: str, user_text: str) -> tuple[Message, ...]:
    """The question: has the person who said this finished?"""
    return (Message("system", system_prompt), Message("user", user_text))


def parse_completeness(answer: str) -> bool | None:
    """`{"status": "complete" | "incomplete", "reason": …}` or the bare word; None: it said neither, or both."""
    status = loose_object(answer).get("status", answer)
    if isinstance(status, bool):
        return status
    if not isinstance(status, str):
        return None
    verdicts = {not (negated or incomplete) for negated, incomplete in _VERDICT.findall(status[:2_000])}
    return verdicts.pop() if len(verdicts) == 1 else None
