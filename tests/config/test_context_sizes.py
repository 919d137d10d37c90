"""How much a model can read: as the author, LiteLLM's list or the setting says."""

import pytest

from voi.config import context_sizes
from voi.config.agents import Agent
from voi.config.context_sizes import ContextSizes, usual_contexts

LIST = {
    "gpt-x": {"max_input_tokens": 128_000, "max_tokens": 16_000},
    "old": {"max_tokens": 4_096},
    "odd": {"max_input_tokens": "many"},
    "huge": {"max_input_tokens": 10**12},
    "no object": 7,
}


def test_litellms_list_by_names_and_aliases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context_sizes, "litellm_list", lambda: LIST)
    assert usual_contexts({"clever": "openai/gpt-x", "plain": "old", "unknown": "openai/none"}) == {
        "gpt-x": 128_000, "old": 4_096, "clever": 128_000, "plain": 4_096,
    }  # fmt: skip


def test_the_real_list_knows_real_models() -> None:
    pytest.importorskip("litellm")
    assert ContextSizes(known=usual_contexts({})).of("openai/gpt-4o") == 128_000


def test_who_says_it_first() -> None:
    sizes = ContextSizes(8_000, {"gpt-x": 128_000})
    assert [sizes.of(model) for model in ("gpt-x", "openai/gpt-x", "mine")] == [128_000, 128_000, 8_000]
    assert ContextSizes().of("mine") == 0
    assert sizes.of_agent(Agent(llm_model="gpt-x")) == 128_000
    assert sizes.of_agent(Agent.model_validate({"llm_model": "gpt-x", "history": {"context_tokens": 4_000}})) == 4_000
