"""A random walk of a Realtime client over a whole session in virtual time, and what has to hold of what it is told."""

import asyncio
import base64
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import orjson

from tests.fakes.call import FakeEngines
from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, calls_of, events_of, silence, tone
from tests.transports.realtime.fakes import SDK_TYPES, Json
from voi.calls.admission import Admission
from voi.calls.calls import Calls
from voi.calls.services import Services
from voi.config.agents import Agent
from voi.config.config import Config
from voi.core.options import ANY_TOOL, CallOptions
from voi.dialogue import ToolCall
from voi.engines.base import LlmEvent, LlmRequest
from voi.errors import EngineError
from voi.server.metrics import Metrics
from voi.session.events import Ended
from voi.session.line import Line
from voi.session.session import Session
from voi.tasks import Tasks
from voi.tools.toolbox import Toolbox
from voi.transports.realtime.peer import RealtimeCaller, RealtimePeer, RealtimeServices

FUNCTION = {"type": "function", "name": "look", "description": "Look.", "parameters": {"type": "object"}}
ANSWERS = (
    "Yes.",
    "Once upon a time there was a fox. It ran away and was never seen again.",
    "Well, that depends. Say.",
)
CONFIG = Config(
    agents={"friend": Agent.model_validate({
        "llm_model": "fake", "voices": {"character": {"model": "fake", "voice": "anna"}}, "system_prompt": "You help.",
    })},
    control_agents={}, completeness_agents={}, tts_models={}, llm_models=frozenset({"fake"}),
)  # fmt: skip


class WildLlm(FakeLlm):
    """Answers in all ways that a model does."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__("Yes.")
        self.dice = dice

    async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        dice = self.dice
        self.open_streams += 1
        try:
            await asyncio.sleep(dice.choice((0.0, 0.05, 0.4)))
            chance = dice.random()
            if chance < 0.05:
                raise EngineError("The model is away.")
            calls = [ToolCall(f"c{n}", "look", "{}") for n in range(dice.choice((1, 1, 2)))]
            text = dice.choice(ANSWERS)
            events = events_of(text)
            if request.tools and chance < 0.35:
                events = calls_of(*calls, text=text if dice.random() < 0.3 else "")
            elif chance > 0.97:
                events = events_of("")
            for event in events:
                yield event
                await asyncio.sleep(dice.choice((0.0, 0.01)))
        finally:
            self.open_streams -= 1


class Wire:
    """`Channel` that keeps what is sent."""

    backlog_bytes = 0

    def __init__(self) -> None:
        self.events: list[Json] = []
        self.ended: Ended | None = None

    def send(self, event: bytes) -> None:
        self.events.append(orjson.loads(event))

    def end(self, event: Ended) -> None:
        self.ended = event


class Configs:
    current = CONFIG


class Walker:
    """One client. `run` walks, and returns what it was told."""

    def __init__(self, seed: int) -> None:
        self.dice = dice = random.Random(seed)
        words = [" ".join(f"w{n}{i}" for i in range(dice.randrange(1, 8))) for n in range(4)]
        tts = FakeTts(ms_per_character=dice.choice((5, 20)))
        self.engines = FakeEngines(llm=WildLlm(dice), stt=FakeStt(*words), tts={"fake": tts})
        admission = Admission(1)
        admission.open()
        self.tasks = Tasks()
        metrics = Metrics(lambda: admission.active)
        self.calls = Calls(admission, Services(Configs(), self._open, metrics, self.tasks))  # type: ignore[arg-type]
        services = RealtimeServices(
            self.calls, lambda key: RealtimeCaller("app", own_agents=True), lambda model: ("anna", "bert"),
            lambda call_id: (0, 0), requests_left=lambda app: (60, 59, 1.0),
        )  # fmt: skip
        self.services = services
        self.wire = Wire()
        self.peer = RealtimePeer(services, self.wire, "walker")
        self.sent: list[Json] = []
        self.asked: list[str] = []
        """Numbers of its `response.create`."""

    def _open(self, conversation_id: str, line: Line, agent: Agent, config: Config, options: CallOptions) -> Session:
        toolbox = Toolbox()
        return Session(
            conversation_id=conversation_id, line=line, agent=agent, config=config, engines=self.engines,  # type: ignore[arg-type]
            options=options, greetings_dir=None, observers=(), on_observer_failed=lambda name: None,
            agent_name="friend", knowledge_of=lambda knowledge: None,
            tools_of=lambda agent, came_from: toolbox.of(agent, app_tools=(ANY_TOOL,), came_from=came_from),
            clock=asyncio.get_running_loop().time,
        )  # fmt: skip

    # ---- the walk -----------------------------------------------------------------------------------

    async def run(self, steps: int) -> list[Json]:
        """Walk, wait until all is answered, and hang up."""
        assert self.peer.arrive("key", "model=friend")
        await asyncio.sleep(0.1)
        if self.dice.random() < 0.5:
            self.send("session.update", session={"tools": [FUNCTION]})
        for _ in range(steps):
            self.step()
            await asyncio.sleep(self.dice.choice((0, 0, 0.01, 0.1, 0.5, 2.0)))
        call = self.peer._call
        assert call is not None
        assert not call.over, f"it ended by itself: {self.wire.ended}"
        for _ in range(4):  # what waits for the client is answered
            self.answer_all()
            await asyncio.sleep(60)
        self.peer.lost()
        await asyncio.sleep(20)
        assert call.over
        await self.tasks.close()
        assert self.engines.open_streams == 0
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others, others
        return self.wire.events

    def send(self, kind: str, **fields: Any) -> None:
        event = {"type": kind, "event_id": f"e{len(self.sent)}", **fields}
        self.sent.append(event)
        self.peer.received(orjson.dumps(event))

    def step(self) -> None:
        dice = self.dice
        kinds = (
            (self.speak, 6), (self.be_silent, 6), (self.ask, 5), (self.write, 5), (self.answer_one, 4),
            (self.cancel, 2), (self.truncate, 2), (self.delete, 1), (self.retrieve, 1), (self.update, 2),
            (self.commit, 2), (lambda: self.send("input_audio_buffer.clear"), 1), (self.ask_beside, 1),
            (lambda: self.send("output_audio_buffer.clear"), 1),
        )  # fmt: skip
        dice.choices([each for each, _ in kinds], [weight for _, weight in kinds])[0]()

    def speak(self) -> None:
        self._hear(tone(self.dice.choice((60, 300, 900)), 24_000))

    def be_silent(self) -> None:
        self._hear(silence(self.dice.choice((100, 700, 2_000)), 24_000))

    def _hear(self, pcm: bytes) -> None:
        self.send("input_audio_buffer.append", audio=base64.b64encode(pcm).decode())

    def commit(self) -> None:
        self.send("input_audio_buffer.commit")

    def ask(self) -> None:
        response: Json = {"metadata": {"n": str(len(self.asked))}}
        if self.dice.random() < 0.2:
            response["instructions"] = "Be brief."
        if self.dice.random() < 0.2:
            response["output_modalities"] = [self.dice.choice(("text", "audio"))]
        if self.dice.random() < 0.1:
            response["input"] = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "X?"}]}]
        self._ask(response)

    def ask_beside(self) -> None:
        self._ask({"metadata": {"n": str(len(self.asked))}, "conversation": "none", "instructions": "Sum up."})

    def _ask(self, response: Json) -> None:
        self.asked.append(f"e{len(self.sent)}")
        self.send("response.create", response=response)

    def write(self) -> None:
        role = self.dice.choice(("user", "user", "system", "assistant"))
        kind = "output_text" if role == "assistant" else "input_text"
        item = {"type": "message", "role": role, "content": [{"type": kind, "text": "Good morning."}]}
        place = self.dice.choice((None, None, "root", self._item()))
        self.send("conversation.item.create", item=item, **({"previous_item_id": place} if place else {}))

    def update(self) -> None:
        dice = self.dice
        self.send("session.update", session=dice.choice((
            {"tools": [FUNCTION]}, {"tools": []}, {"output_modalities": ["text"]}, {"output_modalities": ["audio"]},
            {"audio": {"input": {"turn_detection": None}}},
            {"audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}},
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 300,
                                                    "idle_timeout_ms": 5_000}}}},
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": False,
                                                    "interrupt_response": dice.random() < 0.5}}}},
            {"audio": {"input": {"transcription": {"model": "x"}}}},
            {"audio": {"output": {"voice": "bert"}}}, {"instructions": "Be kind."},
        )))  # fmt: skip

    def cancel(self) -> None:
        self.send("response.cancel")

    def _item(self) -> str | None:
        added = [e["item"]["id"] for e in self.wire.events if e["type"] == "conversation.item.added"]
        gone = {e["item_id"] for e in self.wire.events if e["type"] == "conversation.item.deleted"}
        there = [each for each in added[-20:] if each not in gone]
        return self.dice.choice(there) if there else None

    def truncate(self) -> None:
        if item := self._item():
            end_ms = self.dice.choice((0, 200, 5_000))
            self.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=end_ms)

    def delete(self) -> None:
        if item := self._item():
            self.send("conversation.item.delete", item_id=item)

    def retrieve(self) -> None:
        if item := self._item():
            self.send("conversation.item.retrieve", item_id=item)

    def _unanswered(self) -> list[str]:
        calls = [e["call_id"] for e in self.wire.events if e["type"] == "response.function_call_arguments.done"]
        answered = {e["item"]["call_id"] for e in self.sent if e.get("item", {}).get("type") == "function_call_output"}
        return [each for each in calls if each not in answered]

    def answer_one(self) -> None:
        if waiting := self._unanswered():
            self._answer(self.dice.choice(waiting))
            if self.dice.random() < 0.6:
                self.ask()

    def answer_all(self) -> None:
        for each in self._unanswered():
            self._answer(each)

    def _answer(self, call_id: str) -> None:
        item = {"type": "function_call_output", "call_id": call_id, "output": "sunny"}
        self.send("conversation.item.create", item=item)


def check(walker: Walker) -> None:
    """What has to hold of everything that a client is told."""
    told = walker.wire.events
    ids = Counter(event["event_id"] for event in told)
    assert max(ids.values()) == 1
    for event in told:
        if SDK_TYPES:
            SDK_TYPES[event["type"]].model_validate(event, strict=True)
    assert [event["type"] for event in told[:2]] == ["session.created", "conversation.created"]
    _check_responses(told)
    _check_items(told)
    _check_turns(told)
    _check_answers(walker)


def _check_responses(told: list[Json]) -> None:
    live: dict[str, dict[str, str]] = {}
    """Responses in progress, with the state of each item."""
    over: set[str] = set()
    for event in told:
        kind = event["type"]
        if kind == "response.created":
            response_id = event["response"]["id"]
            assert response_id not in live
            assert response_id not in over
            live[response_id] = {}
        elif kind == "response.done":
            items = live.pop(event["response"]["id"])
            over.add(event["response"]["id"])
            assert set(items.values()) <= {"done"}, "an item of it was not done"
            assert list(items) == [item["id"] for item in event["response"]["output"]]
        elif kind.startswith("response."):
            items = live[event["response_id"]]
            item_id = event["item"]["id"] if "item" in event else event["item_id"]
            if kind == "response.output_item.added":
                assert item_id not in items
                assert event["output_index"] == len(items)
                items[item_id] = "added"
            elif kind == "response.output_item.done":
                assert items[item_id] in ("added", "part done")
                items[item_id] = "done"
            elif kind == "response.content_part.added":
                assert items[item_id] == "added"
                items[item_id] = "part"
            elif kind == "response.content_part.done":
                assert items[item_id] == "part"
                items[item_id] = "part done"
            elif "function_call" in kind:
                assert items[item_id] == "added"
            else:
                assert items[item_id] == "part", kind
    assert not live, f"{len(live)} responses never ended"


def _check_turns(told: list[Json]) -> None:
    """A turn without words is told as such once. Words that come later are told to be late."""
    wordless: set[str] = set()
    for event in told:
        if event["type"] == "conversation.item.input_audio_transcription.completed":
            assert event["item_id"] not in wordless or event.get("voi") == {"late": True}
            if not event["transcript"]:
                assert event["item_id"] not in wordless
                wordless.add(event["item_id"])


def _check_items(told: list[Json]) -> None:
    known: set[str] = set()
    finished: set[str] = set()
    deleted: set[str] = set()
    for event in told:
        kind = event["type"]
        if kind == "conversation.item.added":
            assert event["item"]["id"] not in known
            assert event["previous_item_id"] is None or event["previous_item_id"] in known - deleted
            known.add(event["item"]["id"])
        elif kind == "conversation.item.done":
            assert event["item"]["id"] in known
            assert event["item"]["id"] not in finished
            finished.add(event["item"]["id"])
        elif kind == "conversation.item.deleted":
            assert event["item_id"] in known - deleted
            deleted.add(event["item_id"])
        elif kind in ("conversation.item.truncated", "conversation.item.input_audio_transcription.completed"):
            assert event["item_id"] in known
    assert known - finished - deleted == set(), "an item was never done"


def _check_answers(walker: Walker) -> None:
    """Each `response.create` has one response, or one error."""
    told = walker.wire.events
    done = Counter(
        event["response"]["metadata"]["n"]
        for event in told
        if event["type"] == "response.done" and event["response"]["metadata"]
    )
    wrong = Counter(event["error"]["event_id"] for event in told if event["type"] == "error")
    for number, event_id in enumerate(walker.asked):
        count = done[str(number)] + wrong[event_id]
        assert count == 1, f"response.create {number} ({event_id}) has {count} answers"
    for sent in walker.sent:
        assert wrong[sent["event_id"]] <= 1
