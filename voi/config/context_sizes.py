"""How much each language model can read, in tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voi.config.agents import Agent
from voi.config.litellm_list import litellm_list

TOKENS_MAX = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ContextSizes:
    """`default`: of models that nobody knows; 0: not known. `known`: by the name of the model."""

    default: int = 0
    known: Mapping[str, int] = field(default_factory=dict)

    def of(self, model: str) -> int:
        """Tokens that the model can take; 0: not known. A name like `openai/gpt-4o` is also looked for without what
        stands before its slash."""
        return self.known.get(model) or self.known.get(model.partition("/")[2]) or self.default

    def of_agent(self, agent: Agent) -> int:
        """Tokens that the agent's model can take: as its author says, or as its model is known."""
        return agent.history.context_tokens or self.of(agent.llm_model)


def usual_contexts(aliases: Mapping[str, str]) -> dict[str, int]:
    """LiteLLM's own sizes by model; none if it is not installed. `aliases`: names of models in its configuration, and
    the models behind them. Reads a file of some megabytes: call it in a thread."""
    found = {name: size for name, entry in litellm_list().items() if (size := _size_in(entry))}
    for alias, model in aliases.items():
        behind = ContextSizes(known=found).of(model)
        if behind:
            found[alias] = behind
    return found


def _size_in(entry: Any) -> int:
    size = entry.get("max_input_tokens") or entry.get("max_tokens") if isinstance(entry, dict) else None
    return size if isinstance(size, int) and 0 < size <= TOKENS_MAX else 0
