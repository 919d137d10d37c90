from pathlib import Path

import pytest

from voi.engines.llm.litellm_config import LiteLlmConfig
from voi.errors import ConfigError, EngineError

pytest.importorskip("yaml")

CONFIG = """
model_list:
  - model_name: small
    litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/MY_KEY, rpm: 10, extra: {list: [os.environ/MY_KEY]}}
  - model_name: shared
    litellm_params: {model: openai/one}
  - model_name: shared
    litellm_params: {model: openai/two}
  - model_name: "local/*"
    litellm_params: {model: "ollama_chat/*"}
litellm_settings: {drop_params: true}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "litellm_config.yaml"
    path.write_text(CONFIG)
    return path


def test_params_with_keys_from_the_environment(file: Path) -> None:
    config = LiteLlmConfig(file, {"MY_KEY": "sk-1"})
    assert config.params("small") == {"model": "openai/gpt-4o-mini", "api_key": "sk-1", "extra": {"list": ["sk-1"]}}


def test_entries_of_one_name_take_turns(file: Path) -> None:
    config = LiteLlmConfig(file, {})
    assert {config.params("shared")["model"] for _ in range(2)} == {"openai/one", "openai/two"}


def test_wildcard(file: Path) -> None:
    assert LiteLlmConfig(file, {}).params("local/llama3:8b") == {"model": "ollama_chat/llama3:8b"}


def test_what_cannot_be_used(file: Path) -> None:
    config = LiteLlmConfig(file, {})
    with pytest.raises(EngineError, match="MY_KEY from the environment, and it is not set"):
        config.params("small")
    with pytest.raises(EngineError, match="no LLM model 'large' in model_list"):
        config.params("large")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "is not YAML at line"),
        ("[]", "needs model_list"),
        ("model_list: 3", "needs model_list"),
        ("model_list: [3]", r"model_list\[0\].model_name"),
        ("model_list: [{model_name: a}]", r"model_list\[0\].litellm_params.model"),
        ("x: !!python/object/apply:os.system [true]", "is not YAML"),
        ("x: &x [*x]", "needs model_list"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "litellm_config.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=problem):
        LiteLlmConfig(file, {})


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    file = tmp_path / "litellm_config.yaml"
    file.write_text("model_list: [{}, {model_name: a}]")
    with pytest.raises(ConfigError) as caught:
        LiteLlmConfig(file, {})
    assert len(caught.value.problems) == 2


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        LiteLlmConfig(tmp_path / "none.yaml", {})
