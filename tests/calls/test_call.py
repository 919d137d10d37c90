"""A call's life: real conversations on fake engines, between fake doors, in virtual time."""

import asyncio
import logging
from typing import Any

import pytest

from tests.fakes.call import Call as FakeCall
from tests.fakes.call import FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.door import FakeDoor
from tests.fakes.engines import FakeLlm
from voi.calls.admission import Admission, Refused
from voi.calls.call import Call
from voi.calls.calls import Calls
from voi.calls.services import Services
from voi.core.end_reason import EndReason
from voi.core.facts import AnswerAsked, TextTyped
from voi.core.options import CallOptions
from voi.errors import ClientError, EngineError
from voi.session.events import AgentMessage, Ended, Sound, StatusChanged, UserMessage
from voi.session.session import Session
from voi.tasks import Tasks

STORY = "Once upon a time there was a fox. It ran away into the wood."


class Counted:
    """`CallMetrics` that writes down."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def began(self, mode: str, door: str) -> None:
        self.log.append(f"began {mode}")

    def failed(self, reason: EndReason) -> None:
        self.log.append(f"failed {reason}")

    def refused(self, reason: EndReason) -> None:
        self.log.append(f"refused {reason}")

    def mistake(self) -> None: ...


class World:
    """Some calls, and the engines that they talk to."""

    def __init__(self, *llm: str | Exception | None, **agent: Any) -> None:
        self.fake = FakeCall(engines=FakeEngines(llm=FakeLlm(*llm or (STORY,))), **agent)
        self.metrics = Counted()
        self.admission = Admission(2)
        self.admission.open()
        services = Services(self, self.open_session, self.metrics, Tasks())
        self.calls = Calls(self.admission, services)

    @property
    def current(self) -> Any:
        return self.fake.config

    def open_session(self, conversation_id: str, line: Any, agent: Any, config: Any, options: Any) -> Session:
        return Session(
            conversation_id=conversation_id, line=line, agent=agent, config=config, options=options,
            engines=self.fake.engines, clock=asyncio.get_running_loop().time,  # type: ignore[arg-type]
        )  # fmt: skip

    def start(self, door: FakeDoor, **options: Any) -> Call:
        call = self.calls.admit("app", "127.0.0.1", door)
        call.open("teller", None, CallOptions(**{"mode": "chat", **options}))
        call.start()
        return call

    async def over(self) -> None:
        await asyncio.wait_for(self.calls.services.tasks.join(), 30)
        assert len(self.calls) == self.admission.active == 0
        assert self.fake.engines.open_streams == 0


def ask(call: Call, text: str) -> None:
    assert call.session
    call.session.tell(TextTyped(text))
    call.session.tell(AnswerAsked())


def said(door: FakeDoor) -> list[tuple[str, str]]:
    return list(door.shown().values())


@in_virtual_time
async def test_a_call_outlives_its_door() -> None:
    world = World(STORY, "The fox is fine.")
    first, second = FakeDoor(), FakeDoor()
    call = world.start(first)
    ask(call, "Tell me a story")
    await asyncio.sleep(1)  # in the middle of the answer's sound
    call.detach(first, 10)
    assert call.door is None
    told_first = len(first)
    await asyncio.sleep(4)
    assert call.session, "it goes on without a door"
    ask(call, "How is the fox?")
    await asyncio.sleep(0.03)
    call.attach(second)
    await asyncio.sleep(8)
    assert first.closed == 1
    assert len(first) == told_first
    assert said(second)[-2:] == [("user", "How is the fox?"), ("assistant", "The fox is fine.")]
    requests = world.fake.engines.llm.requests
    assert [message.text for message in requests[-1].messages[-3:]] == ["Tell me a story", STORY, "How is the fox?"]
    both = [event for _, event in [*first, *second]]
    assert len([event for event in both if isinstance(event, StatusChanged)]) == 4
    assert [event.text for event in both if isinstance(event, UserMessage) and event.final] == [
        "Tell me a story",
        "How is the fox?",
    ]
    assert len({id(event) for event in both}) == len(both)
    finals = [event.text for event in both if isinstance(event, AgentMessage) and event.final]
    assert finals == [STORY, "The fox is fine."]
    assert second.all(Sound)
    call.hang_up()
    await world.over()
    assert second[-1][1] == Ended(EndReason.FINISHED)
    assert second.closed == 1


@in_virtual_time
async def test_nobody_waits_for_ever_for_a_door() -> None:
    world = World()
    door = FakeDoor()
    call = world.start(door)
    await asyncio.sleep(1)
    call.detach(door, 5)
    await asyncio.sleep(4.9)
    assert not call.over
    await asyncio.sleep(0.2)
    assert call.over
    with pytest.raises(ClientError, match="over"):
        call.attach(FakeDoor())
    await world.over()
    assert world.metrics.log == ["began chat"]


@in_virtual_time
async def test_a_door_that_comes_in_time_stops_the_wait() -> None:
    world = World()
    door, other = FakeDoor(), FakeDoor()
    call = world.start(door)
    await asyncio.sleep(1)
    call.detach(door, 5)
    call.attach(other)
    await asyncio.sleep(60)
    assert not call.over
    call.detach(door, 0)  # it is not this call's door any more
    assert not call.over
    call.detach(other, 0)
    await world.over()


@in_virtual_time
async def test_a_door_that_is_replaced_is_told_so() -> None:
    world = World()
    door, other = FakeDoor(), FakeDoor()
    call = world.start(door)
    call.attach(other)
    assert door[-1][1] == Ended(EndReason.REPLACED)
    ask(call, "Hello")
    await asyncio.sleep(5)
    assert said(door) == []
    assert said(other) == [("user", "Hello"), ("assistant", STORY)]
    assert (door.closed, other.closed) == (1, 0)
    call.hang_up()
    await world.over()


@in_virtual_time
async def test_limits_end_it_and_the_door_is_told_why() -> None:
    world = World(duration_limit_s=5)
    door = FakeDoor()
    world.start(door, mode="call")
    await world.over()
    assert door.all(Ended) == [Ended(EndReason.DURATION_LIMIT)]
    assert world.metrics.log == ["began call"]


@in_virtual_time
async def test_a_session_that_fails_ends_its_call_alone(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    door, other = FakeDoor(), FakeDoor()
    call, another = world.start(door), world.start(other)
    await asyncio.sleep(0.1)
    assert call.session
    call.session._fall(EngineError("The GPU is gone."))
    await asyncio.sleep(0.1)
    assert door.all(Ended) == [Ended(EndReason.ENGINE_FAILED, "The GPU is gone.")]
    assert world.metrics.log[-1] == "failed engine_failed"
    assert not another.over
    another.hang_up()
    await world.over()


@in_virtual_time
async def test_what_breaks_after_the_client_left_is_logged_and_not_counted(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    call = world.start(FakeDoor())
    await asyncio.sleep(0.1)
    session = call.session
    assert session
    call.hang_up()
    session._fall(RuntimeError("secret"))
    await world.over()
    assert world.metrics.log == ["began chat"]
    assert "broke after its end" in caplog.text


async def test_a_call_that_never_began() -> None:
    world = World()
    for end in (
        lambda call, door: call.hang_up(),
        lambda call, door: call.detach(door, 10),
        lambda call, door: call.end(EndReason.DRAINED),
        lambda call, door: call.refuse(Ended(EndReason.BAD_START, "no")),
        lambda call, door: call.fail(RuntimeError("secret")),
    ):
        door = FakeDoor()
        call = world.calls.admit("app", "127.0.0.1", door)
        assert (world.admission.active, world.calls.find(call.id)) == (1, call)
        end(call, door)
        end(call, door)
        assert (world.admission.active, world.calls.find(call.id), call.over) == (0, None, True)
        assert len(door.all(Ended)) <= 1
    assert world.calls.gone == 5
    assert "secret" not in str([*door])


async def test_what_an_agent_of_this_server_cannot_be_is_found_before_the_start() -> None:
    world = World()
    call = world.calls.admit("app", "127.0.0.1", FakeDoor())
    with pytest.raises(ClientError, match='no agent "nobody"'):
        call.open("nobody", None, CallOptions())
    with pytest.raises(ClientError, match="agent_config"):
        call.open("mine", "{nope", CallOptions())
    assert not call.started
    call.hang_up()
    assert world.metrics.log == []


async def test_more_than_there_is_room_for() -> None:
    world = World()
    places = [world.calls.admit("app", "x", FakeDoor()) for _ in range(2)]
    with pytest.raises(Refused) as full:
        world.calls.admit("app", "x", FakeDoor())
    door = FakeDoor()
    world.calls.refuse(door, full.value.ended, "x")
    assert door.all(Ended)[0].reason is EndReason.SERVER_FULL
    assert world.metrics.log == ["refused server_full"]
    for call in places:
        call.hang_up()


@in_virtual_time
async def test_logs_name_the_call(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "voi.calls"):
        world = World()
        call = world.start(FakeDoor())
        await asyncio.sleep(0)
        call.hang_up()
        await world.over()
    assert "chat of app app from 127.0.0.1 begins with teller" in caplog.text
    assert "the conversation ended after 0.0 s" in caplog.text


@in_virtual_time
async def test_a_door_adapts_the_agent_and_those_that_take_over() -> None:
    world = World()
    call = world.calls.admit("app", "127.0.0.1", FakeDoor())
    changed: list[Any] = []

    def adapt(agent: Any) -> Any:
        changed.append(agent)
        return agent.on_telephone()

    session = call.open("teller", None, CallOptions(mode="chat"), adapt=adapt)
    assert len(changed) == 1
    assert session._agents._change is adapt
    assert session.agent.idle_limit_s == 120
    call.refuse(Ended(EndReason.BAD_START))
