"""`voi check` looks at speech-to-speech models without reaching them, `voi doctor` connects."""

from typing import Any

import pytest

from tests.fakes.realtime_server import FakeRealtime, Spoken, serve
from voi.cli.brain_check import brain_findings, check_brains
from voi.cli.findings import Grade
from voi.config.agents import Agent
from voi.config.config import Config
from voi.config.problems import Problems


def config_of(*brains: dict[str, Any], **agent: Any) -> Config:
    agents = {
        f"agent{number}": Agent.model_validate({"llm_model": "m", "brain": {"model": "s2s", **brain}, **agent})
        for number, brain in enumerate(brains)
    }
    return Config(agents, {}, {}, {})


def test_what_does_not_fit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPEECH_KEY", raising=False)
    problems = Problems()
    config = config_of({"api_key": "${SPEECH_KEY}", "url": "ws://other.example/x"}, temperature=0.5)
    check_brains(config, problems)
    (error,) = problems.errors
    assert "$.agent0.brain.api_key: the environment variable SPEECH_KEY is not set" in error
    told = " ".join(problems.warnings)
    assert "in plain text" in told
    assert "temperature" in told
    monkeypatch.setenv("SPEECH_KEY", "sk")
    problems = Problems()
    check_brains(config_of({"api_key": "${SPEECH_KEY}"}), problems)
    assert not problems.errors + problems.warnings


async def test_the_doctor_connects_to_each_once() -> None:
    server = FakeRealtime([Spoken("Hello.")])
    async with serve(server) as url:
        good, bad = {"url": url}, {"url": "ws://127.0.0.1:9/x"}
        found = await brain_findings(config_of(good, good, bad))
    assert [each.state for each in found] == [Grade.OK, Grade.MISSING]
    assert "it answers" in found[0].detail
    assert "cannot be reached" in found[1].cure
    assert len(server.sessions) == 1
    assert await brain_findings(None) == []
