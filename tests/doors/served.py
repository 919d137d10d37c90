"""A server with all doors, and the agent that answers at each."""

import contextlib
import importlib.util
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.doors.clients import AGENT, FUNCTION, WORD_MS, DoorClient
from tests.fakes.engines import FakeStt, FakeTts, FakeVad, calls_of, events_of
from tests.fakes.media_carrier import ACCOUNTS, phones
from tests.server.serving import RunningServer, serving
from voi.dialogue import ToolCall
from voi.engines.base import LlmEvent, LlmRequest
from voi.engines.info import LlmInfo
from voi.engines.startup import Engines
from voi.scenarios.model import ModelAnswer

AGENTS: dict[str, Any] = {
    AGENT: {
        "llm_model": "m",
        "system_prompt": "You sell flowers.",
        "voices": {"character": {"model": "voice"}},
        "control_agent": "filter",
        "turn": {"speculate": False},
        "tools": {
            FUNCTION: {
                "description": "Find an order.", "app": True,
                "parameters": {"type": "object", "properties": {"number": {"type": "integer"}}},
            }
        },
    },
    "filter": {"model": "pattern_matching", "denial_phrases": ["as a language model"], "giveup_response": ["No."]},
}  # fmt: skip


class ScriptedLlm:
    """Answers as the scenario's step says. A function that it is not offered it does not call."""

    info = LlmInfo("fake")

    def __init__(self) -> None:
        self.answers: deque[ModelAnswer] = deque()
        self.requests: list[LlmRequest] = []

    def follow(self, answers: Sequence[ModelAnswer]) -> None:
        assert not self.answers, "the model was asked less often than the step says"
        self.answers.extend(answers)

    async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        self.requests.append(request)
        offered = {spec.name for spec in request.tools}
        while self.answers[0].calls and not {call.name for call in self.answers[0].calls} <= offered:
            self.answers.popleft()
        answer = self.answers.popleft()
        calls = [ToolCall(f"c{i}", call.name, json.dumps(call.arguments)) for i, call in enumerate(answer.calls)]
        for event in calls_of(*calls, text=answer.text) if calls else events_of(answer.text):
            yield event

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""


@contextlib.asynccontextmanager
async def doors_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, llm: Any, door: type[DoorClient], heard: Sequence[str] = (),
    **settings: Any,
) -> AsyncIterator[RunningServer]:  # fmt: skip
    """Skips the test if what the door needs is not installed. `heard`: what is said, where nothing can be typed."""
    listeners = {}
    if door.name == "webrtc":
        pytest.importorskip("aiortc")
    if door.name == "telephone":
        carriers = {"twilio": {**ACCOUNTS["twilio"], "app": "test"}}
        (tmp_path / "phones.json").write_text(json.dumps(phones(AGENT, carriers=carriers)))
        settings["disclose"] = ()
    if door.name == "wyoming":
        pytest.importorskip("wyoming")
        listeners = {"wyoming": {"port": 0, "app": "test", "agent": AGENT}}
    (tmp_path / "agents.json").write_text(json.dumps(AGENTS))
    (tmp_path / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))
    tts = FakeTts(ms_per_character=door.ms_per_character)
    engines = Engines(vad=FakeVad(), stt=FakeStt(*heard, word_ms=WORD_MS), turn=None, llm=llm, tts={"voice": tts})
    async with serving(tmp_path, monkeypatch, engines, listeners=listeners, **settings) as server:
        yield server


def needs_store() -> None:
    if importlib.util.find_spec("sqlalchemy") is None:
        pytest.skip("./install.sh brings what the store needs")


async def stored(folder: Path) -> list[Any]:
    """All conversations that were stored, the oldest first."""
    from voi.store.conversations import Filter, each_conversation
    from voi.store.store import Store

    store = Store(f"sqlite:{folder}/data/voi.db", ())
    await store.open()
    async with store.reading() as connection:
        found = [kept async for kept in each_conversation(connection, store.keys, Filter())]
    await store.close()
    return found
