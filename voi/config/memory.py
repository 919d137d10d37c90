"""What an agent remembers of people, and of a dialogue that is longer than its model's context."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from voi.config.parts import FileModel


class AgentMemory(FileModel):
    """What the agent keeps of a person whom the app names, and knows in the next conversation. It is off unless it is
    asked for."""

    facts: bool = True
    """Facts that it was told to remember."""
    facts_max: int = Field(default=50, ge=1, le=200)
    """How many of the newest facts it is shown."""
    summaries: bool = True
    """A summary of each conversation, which its model writes when the conversation is over."""
    summaries_max: int = Field(default=3, ge=1, le=50)
    """How many of the newest summaries it is shown."""
    summary_max_characters: int = Field(default=1_000, ge=100, le=5_000)
    """Longest summary of one conversation."""
    max_characters: int = Field(default=6_000, ge=500, le=50_000)
    """Longest memory in its prompt; the newest facts come first."""
    scope: Literal["app", "agent"] = "app"
    """Whose memories it is shown: those of all agents of the app, or its own."""
    model: str | None = Field(default=None, min_length=1)
    """The model that writes summaries; without it, the agent's own."""


def _switch(value: Any) -> Any:
    return ({} if value else None) if isinstance(value, bool) else value


AgentMemoryOrSwitch = Annotated[
    AgentMemory | None, BeforeValidator(_switch, json_schema_input_type=bool | AgentMemory | None)
]
"""What is remembered of people; true for all of it, false for nothing."""


class HistorySettings(FileModel):
    """How much of a conversation the agent's model is shown."""

    context_tokens: int | None = Field(default=None, ge=1_000, le=100_000_000)
    """Size of the model's context, in tokens; without it, LiteLLM's list tells, or VOI_LLM_CONTEXT_TOKENS."""
    summarize: bool = True
    """Condense the oldest turns into a summary when the dialogue fills the context; otherwise they are forgotten."""
    keep_turns: int = Field(default=4, ge=1, le=100)
    """So many of the newest turns are shown as they were said."""
    model: str | None = Field(default=None, min_length=1)
    """The model that writes the summary; without it, the agent's own."""
