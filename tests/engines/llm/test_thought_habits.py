"""Whether a model begins its replies with unmarked thoughts: by its name, by its replies, in the next process too."""

import json
import logging
from pathlib import Path

import pytest

from voi.engines.llm import thought_habits
from voi.engines.llm.thought_habits import ThoughtHabits, habit_by_name

MAY_THINK = [
    "deepseek-r1", "deepseek/deepseek-r1:free", "groq/deepseek-r1-distill-llama-70b", "deepseek-reasoner",
    "ollama/deepseek-r1:8b", "qwq-32b", "Qwen/QwQ-32B-Preview", "qwen3-8b", "Qwen3-235B-A22B-Thinking-2507",
    "qwen3:4b", "magistral-small", "gpt-oss-20b", "openai/gpt-oss-120b", "glm-z1-9b", "glm-4.5-air", "zai/glm-5",
    "MiniMax-M2", "kimi-k2-thinking", "phi-4-reasoning-plus", "phi4-mini-reasoning", "exaone-deep-7.8b",
    "nvidia/llama-3.1-nemotron-nano-8b", "olmo-3-32b-think", "smollm3-3b", "marco-o1", "openthinker-7b",
    "seed-oss-36b", "hunyuan-a13b", "mistral/ministral-8b-reasoning-2512", "ernie-4.5-21b-a3b-thinking",
    "deepseek-v3.1",
]  # fmt: skip
SPEAK = [
    "gpt-4o", "gpt-4o-mini", "openai/gpt-4.1", "azure/gpt-35-turbo", "gpt-5-mini", "chatgpt-4o-latest", "o3-mini",
    "o1", "claude-sonnet-4-5", "anthropic/claude-3-haiku", "gemini/gemini-2.5-flash", "vertex_ai/gemini-pro",
    "gemma-2-9b", "command-r-plus", "llama-3.1-8b-instant", "meta-llama/Llama-3.3-70B-Instruct", "llama3.2:3b",
    "mistral-small", "mixtral-8x7b", "mistral/mistral-large-latest", "phi-3-mini", "qwen2.5-7b-instruct", "echo",
    "eliza",
]  # fmt: skip
UNKNOWN = ["my-model", "default", "fast", "ollama/custom", "gemma-4-31b", "thunder", "assistant", "clear1", "m", ""]


@pytest.mark.parametrize(("models", "habit"), [(MAY_THINK, "may think"), (SPEAK, "speaks"), (UNKNOWN, "unknown")])
def test_families_are_known_by_their_names(models: list[str], habit: str) -> None:
    assert {model: habit_by_name(model) for model in models} == dict.fromkeys(models, habit)


async def test_what_was_learned_is_known_to_the_next_process(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "data" / "habits.json"
    first = ThoughtHabits(file, "here", unknown="unknown")
    first.load()
    assert first.of("m") == "unknown"
    with caplog.at_level(logging.INFO):
        await first.learn("m", thinks=True)
    assert "LLM m begins its replies with thoughts" in caplog.text
    await first.learn("n", thinks=False)
    elsewhere = ThoughtHabits(file, "there", unknown="unknown")
    await elsewhere.learn("o", thinks=True)
    again = ThoughtHabits(file, "here", unknown="unknown")
    again.load()
    assert [again.of(model) for model in "mno"] == ["thinks", "speaks", "unknown"]
    await again.learn("m", thinks=False)
    assert again.of("m") == "speaks"


async def test_what_the_name_says_is_not_written_down(tmp_path: Path) -> None:
    file = tmp_path / "habits.json"
    habits = ThoughtHabits(file)
    await habits.learn("gpt-4o", thinks=False)
    assert not file.exists()
    await habits.learn("qwq-32b", thinks=False)
    assert habits.of("qwq-32b") == "speaks"
    assert file.exists()


@pytest.mark.parametrize("content", ["", "[]", '{"here": 7}', '{"here": {"m": "yes"}}', "\\xff", "{" * 200_000])
def test_a_broken_file_says_nothing(tmp_path: Path, content: str) -> None:
    file = tmp_path / "habits.json"
    file.write_text(content)
    habits = ThoughtHabits(file, "here", unknown="unknown")
    habits.load()
    assert habits.of("m") == "unknown"


async def test_a_folder_that_cannot_be_written_is_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    habits = ThoughtHabits(tmp_path / "file" / "habits.json", "here", unknown="unknown")
    await habits.learn("m", thinks=True)
    assert habits.of("m") == "thinks"
    assert "lost at the next start" in caplog.text


async def test_names_that_clients_make_up_do_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thought_habits, "MODELS_MAX", 3)
    habits = ThoughtHabits(tmp_path / "habits.json", "here", unknown="unknown")
    for number in range(10):
        await habits.learn(f"m{number}", thinks=True)
    await habits.learn("x" * 1_000, thinks=True)
    assert len(json.loads((tmp_path / "habits.json").read_text())["here"]) == 3
