"""Two drafts side by side, as text and as sound."""

import json
from pathlib import Path
from unittest.mock import patch

import pytest
import typer
from typer.testing import CliRunner

from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeTts
from tests.scenarios.bench import AGENTS, config_in, played, settings_in
from voi.cli.ab import ab
from voi.config.config import Config
from voi.errors import ConfigError
from voi.scenarios.compare import comparison, figures, median, pairs, rows
from voi.scenarios.conversation_sound import RATE_HZ, conversation_sound
from voi.scenarios.voices import PersonsVoice

TEXT = """
agent: moody
scenarios:
  - name: hello
    steps:
      - expect: {says: hello there}
      - say: How are you?
        model: {voice_tone: warm, text: "*She nods.* Fine."}
"""


@pytest.fixture
def other(folder: Path) -> Config:
    moody = AGENTS["moody"] | {"greetings": {"choices": ["Good evening."]}}
    return config_in(folder, {"moody": moody})


def test_rows_are_turns_of_both(config: Config, other: Config) -> None:
    (pair,) = pairs(played(TEXT, config), played(TEXT, other))
    assert pair.verdict == "A is better"
    assert rows(pair) == [
        ("agent", "(warm): Hello there.", "Good evening."),
        ("person", "How are you?", "How are you?"),
        ("agent", "narrator (warm): She nods.\n(warm): Fine.", "narrator (warm): She nods.\n(warm): Fine."),
    ]
    found = json.loads(json.dumps(comparison([pair])))
    assert (found["a"]["passed"], found["b"]["passed"]) == (1, 0)
    assert found["scenarios"][0]["verdict"] == "A is better"


def test_figures_and_medians(config: Config) -> None:
    assert (median([]), median([3]), median([1, 2, 9]), median([1, 2])) == (None, 3, 2, 1)
    found = figures(played(TEXT, config))
    assert found["scenarios"] == found["passed"] == 1
    assert found["latency_median_ms"] > 0
    assert found["words_median"] == 1


@in_virtual_time
async def test_a_conversation_becomes_a_sound() -> None:
    from voi.scenarios.trace import Trace, Understood

    tts = FakeTts()
    person = PersonsVoice(tts, None, "en")
    trace = Trace()
    config = Config(agents={}, control_agents={}, completeness_agents={}, tts_models={})
    from voi.config.agents import Agent

    agent = Agent.model_validate({"llm_model": "m", "voices": {"character": {"model": "fake"}}})
    assert await conversation_sound(trace, agent, config, {"fake": tts}, person) == b""
    trace.heard.append(Understood(0, 0, "Hello there"))
    once = await conversation_sound(trace, agent, config, {"fake": tts}, person)
    trace.heard.append(Understood(900, 1, "Hello there"))
    twice = await conversation_sound(trace, agent, config, {"fake": tts}, person)
    assert len(twice) == 2 * len(once) > RATE_HZ


def test_the_command_compares(folder: Path) -> None:
    settings_in(folder)
    (folder / "draft.json").write_text((folder / "agents.json").read_text().replace("Hello there.", "Good evening."))
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "a.yaml").write_text(TEXT)
    app = typer.Typer()
    app.command()(ab)
    result = CliRunner().invoke(app, ["agents.json", "draft.json", "--scripted", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["scenarios"][0]["verdict"] == "A is better"
    shown = CliRunner().invoke(app, ["agents.json", "draft.json", "--scripted"])
    assert "B: 0 of 1 passed" in shown.output


def test_the_second_draft_is_read_before_a_model_is_asked(folder: Path) -> None:
    settings_in(folder)
    (folder / "draft.json").write_text("{}")
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "a.yaml").write_text(TEXT)
    app = typer.Typer()
    app.command()(ab)
    with patch("voi.cli.test.run_plan") as asked:
        result = CliRunner().invoke(app, ["agents.json", "draft.json", "--out", "sound"])
    assert isinstance(result.exception, ConfigError)
    assert not asked.called
    assert not (folder / "sound").exists()
