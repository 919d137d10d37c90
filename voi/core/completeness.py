"""Parses the completeness agent's answer."""

import re

from voi.core.loose_json import loose_object

_VERDICT = re.compile(r"\b(?:(not\s+)?complete|(in-?complete|unfinished))\b", re.IGNORECASE)


def parse_completeness(answer: str) -> bool | None:
    """True for complete, False for incomplete. The answer is `{"status": "complete" | "incomplete", "reason": …}` or
    the bare word. None: it says neither, or both."""
    status = loose_object(answer).get("status", answer)
    if isinstance(status, bool):
        return status
    if not isinstance(status, str):
        return None
    verdicts = {not (negated or incomplete) for negated, incomplete in _VERDICT.findall(status[:2_000])}
    return verdicts.pop() if len(verdicts) == 1 else None
