"""The state diagram of the conversation, drawn from the transition table. `tools/diagram.py` puts it into the docs."""

from voi.core.state import TRANSITIONS, State


def mermaid() -> str:
    """The transition table as a Mermaid state diagram. The transitions to CLOSED, which every state has, are drawn
    once."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.IDLE}"]
    lines += [
        f"    {start} --> {end}: {cause}" for (start, end), cause in TRANSITIONS.items() if end is not State.CLOSED
    ]
    lines.append(f"    {State.CLOSED} --> [*]")
    lines.append(f"    note right of {State.CLOSED}: reached from every state by hanging up")
    return "\n".join(lines) + "\n"
