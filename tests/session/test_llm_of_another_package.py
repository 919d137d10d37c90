"""An LLM of another package that calls a tool, from its entry point to what the person hears. `Clerk` is all that its
author writes."""

import asyncio
import json
from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.fakes.door import FakeDoor
from tests.fakes.engines import FakeStt, FakeTts, FakeVad
from tests.fakes.tools import Function, offering
from voi.config.config import Config
from voi.config.load import load_config
from voi.config.settings import load_settings
from voi.core.facts import AnswerAsked, HungUp, TextTyped
from voi.core.options import CallOptions
from voi.dialogue import ToolCall
from voi.engines import registry
from voi.engines.base import Finished, LlmEvent, LlmRequest, TextDelta
from voi.engines.info import LlmInfo
from voi.engines.registry import tts_info
from voi.engines.startup import Engines, start_engines
from voi.errors import EngineError
from voi.session import events
from voi.session.line import Line
from voi.session.session import Session

# ---- what the author of the engine writes ---------------------------------------------------------


class Clerk:
    """Looks up what it is asked for, and says what it found."""

    info = LlmInfo("clerk")

    def __init__(self, tool: str) -> None:
        self._tool = tool

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to release."""

    async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        last = request.messages[-1]
        if last.role == "tool":
            for result in last.tool_results:
                yield TextDelta(f"I cannot say: {result.text}" if result.failed else f"It is {result.text}.")
            yield Finished()
        else:
            yield TextDelta("One moment.")
            yield ToolCall("call-1", self._tool, json.dumps({"question": last.text}))
            yield Finished("tool_calls")


# ---- the server and its person --------------------------------------------------------------------


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Config, Engines]]:
    """Started as the server starts, with engines from entry points alone."""
    brought = {"llm.clerk": Clerk, "vad.fake": FakeVad, "stt.fake": FakeStt, "tts.fake": FakeTts}
    points = [EntryPoint(name, f"{kind.__module__}:{kind.__name__}", registry.GROUP) for name, kind in brought.items()]
    monkeypatch.setattr(registry, "entry_points", lambda *, group: points if group == registry.GROUP else [])
    agent = {"llm_model": "clerk", "voices": {"character": {"model": "speaker", "voice": "anna"}}}
    (tmp_path / "agents.json").write_text(json.dumps({"desk": agent}))
    (tmp_path / "tts_models.json").write_text(json.dumps({"speaker": {"engine": "fake"}}))
    settings = load_settings(
        llm_habits_file=tmp_path / "habits.json",
        agents_file=tmp_path / "agents.json",
        tts_models_file=tmp_path / "tts_models.json",
        litellm_config_file=tmp_path / "none.yaml",
        greetings_dir=tmp_path,
        vad_engine="fake",
        stt_engine="fake",
        turn_engine="none",
        voice_engine="none",
        engine_options={"llm.clerk": {"tool": "opening_hours"}},
    )
    config = load_config(settings, tts_info)
    engines = await start_engines(config, settings, lambda _: None)
    yield config, engines
    await engines.close()


async def talk(server: tuple[Config, Engines], tools: dict[str, Function]) -> FakeDoor:
    """The person types a question. Returns their door when they have heard two messages."""
    config, engines = server
    door = FakeDoor()
    session = Session(
        conversation_id="test",
        line=Line(door),
        agent=config.agents["desk"],
        config=config,
        engines=engines,
        options=CallOptions(mode="chat", greet=False, stream_output_audio=False),
        tools_of=offering(tools),
    )
    session.tell(TextTyped("When do you open?"))
    session.tell(AnswerAsked())
    running = asyncio.ensure_future(session.run())
    try:
        async with asyncio.timeout(20):
            while len(door.all(events.SoundEnded)) < 2:  # noqa: ASYNC110  # the door is a list
                await asyncio.sleep(0.005)
    finally:
        session.tell(HungUp())
        await running
    return door


async def test_its_tool_runs_and_the_result_is_spoken(server: tuple[Config, Engines]) -> None:
    asked: list[str] = []

    async def opening_hours(arguments: str) -> str:
        asked.append(json.loads(arguments)["question"])
        return "nine o'clock"

    door = await talk(server, {"opening_hours": opening_hours})
    assert asked == ["When do you open?"]
    answers = {number: text for number, (role, text) in door.shown().items() if role == "assistant"}
    assert list(answers.values()) == ["One moment.", "It is nine o'clock."]
    assert [door.played_ms(number) for number in answers] == [50 * len(text) for text in answers.values()]
    assert door.errors() == []
    assert door.statuses() == ["response_created", "response_done"]


async def test_it_is_told_that_its_tool_failed(server: tuple[Config, Engines]) -> None:
    async def opening_hours(arguments: str) -> str:
        raise EngineError("The calendar is down.")

    door = await talk(server, {"opening_hours": opening_hours})
    assert [text for role, text in door.shown().values() if role == "assistant"] == [
        "One moment.", "I cannot say: The calendar is down.",
    ]  # fmt: skip
