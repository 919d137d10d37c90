"""Scenarios for tests: agents and a scenario file in a few lines."""

import json
from pathlib import Path
from typing import Any

from voi.config.config import Config
from voi.config.load import load_config
from voi.config.settings import Settings, load_settings
from voi.engines.registry import tts_info
from voi.scenarios.load import Case, cases_of
from voi.scenarios.suite import Result, RunPlan, run_on_core
from voi.scenarios.yaml_file import parse_yaml

AGENTS: dict[str, Any] = {
    "teller": {
        "llm_model": "some-model",
        "system_prompt": "You tell stories.",
        "voices": {"character": {"model": "espeak"}},
        "control_agent": "filter",
    },
    "filter": {
        "model": "pattern_matching",
        "denial_phrases": ["as a language model"],
        "giveup_response": ["Let's change the subject. What do you think?"],
    },
    "moody": {
        "llm_model": "some-model",
        "system_prompt": "{character_agent_message_format_voice_tone}",
        "voices": {"character": {"model": "espeak"}, "narrator": {"model": "espeak"}},
        "greetings": {"choices": ["Hello there."], "voice_tone": "warm"},
    },
    "echo": {"llm_model": "echo", "voices": {"character": {"model": "espeak"}}},
}


def settings_in(folder: Path, agents: dict[str, Any] | None = None, **more: Any) -> Settings:
    """Settings of a folder with agents.json and tts_models.json."""
    (folder / "agents.json").write_text(json.dumps(AGENTS | (agents or {})))
    (folder / "tts_models.json").write_text(json.dumps({"espeak": {"engine": "espeak"}}))
    return load_settings(agents_file=folder / "agents.json", tts_models_file=folder / "tts_models.json", **more)


def config_in(folder: Path, agents: dict[str, Any] | None = None) -> Config:
    return load_config(settings_in(folder, agents), tts_info)


def cases(text: str, config: Config, source: str = "scenarios/test.yaml") -> list[Case]:
    return cases_of(parse_yaml(text, source), config)


def played(text: str, config: Config, plan: RunPlan | None = None) -> list[Result]:
    """What comes of the scenarios of that text."""
    return run_on_core(cases(text, config), config, plan or RunPlan())


def one(steps: str, config: Config, *, agent: str = "teller", head: str = "") -> Result:
    """What comes of one scenario with these steps, indented by two."""
    indented = "\n".join(f"    {line}" for line in steps.strip("\n").splitlines())
    more = "".join(f"    {line}\n" for line in head.splitlines())
    (result,) = played(f"agent: {agent}\nscenarios:\n  - name: it\n{more}    steps:\n{indented}\n", config)
    return result


def told(result: Result) -> str:
    """All that did not hold, in one text."""
    return "\n".join(broken.text for broken in result.broken)
