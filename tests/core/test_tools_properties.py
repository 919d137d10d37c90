"""Tools in 1,000 random interleavings of speech, interruption, late answers and hang-ups: each call runs once, with its
own arguments, never for a reply that nobody may hear (unless it is safe), and none is lost."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voi.core import actions as do
from voi.core import facts as was
from voi.core.script import Script
from voi.core.state import State
from voi.core.tool_rule import ToolRule
from voi.core.tools import CANCELLED, RUNNING, SPOKE_ON, TOO_LATE
from voi.dialogue import Phrase

from .world import World

RULES = (
    ToolRule("book", timeout_ms=8_000),
    ToolRule("look_up", safe=True, timeout_ms=8_000, fillers=(Phrase("One moment."),), filler_after_ms=500),
    ToolRule("ask", cancel_on_interrupt=True, timeout_ms=8_000, fillers=(Phrase("Hm."),)),
    ToolRule("hang_up", cancel_on_interrupt=True),
)
NAMES = [rule.name for rule in RULES]
MS = st.sampled_from((0, 32, 96, 320, 640, 1_000, 3_000, 9_000))
CALLED = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)
STEPS = st.one_of(
    st.tuples(st.just("called"), st.sampled_from((96, 2_500)), CALLED, st.booleans()),
    st.tuples(st.just("go on"), CALLED, st.booleans()),
    st.tuples(st.just("return all")),
    st.tuples(st.just("turn"), st.sampled_from(("Tell me about Rome, please.", "Stop!", "mhm", ""))),
    st.tuples(st.just("pause"), st.sampled_from(("Tell me about Rome, please.", "What is it, and"))),
    st.tuples(st.just("speak"), MS),
    st.tuples(st.just("quiet"), MS),
    st.tuples(st.just("pass"), MS),
    st.tuples(st.just("act"), CALLED, st.booleans()),
    st.tuples(st.just("words")),
    st.tuples(st.just("return"), st.integers(0, 8), st.sampled_from(("answer", "answer", "wait"))),
    st.tuples(st.just("return twice"), st.integers(0, 8)),
    st.tuples(st.just("played")),
    st.tuples(st.just("reach"), MS),
    st.tuples(st.just("failed")),
    st.tuples(st.just("interrupt")),
    st.tuples(st.just("typed")),
    st.tuples(st.just("hang up")),
)


class Calls:
    """What was called, with the arguments of each, and what the tools returned."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.arguments: dict[tuple[int, str], str] = {}
        self.written: set[int] = set()
        self.results: dict[tuple[int, str], str] = {}

    def act(self, names: list[str], *, speaks: bool) -> None:
        starts = self.world.said(do.StartReply)
        if not starts or starts[-1].reply in self.written:
            return
        reply = starts[-1].reply
        if speaks:
            self.world.tell(was.ReplyText(reply, 0, "Let me see."), was.PieceVoiced(reply, 0, 0, 1_000))
        for number, name in enumerate(names):
            arguments = json.dumps({"of": reply, "number": number})
            self.arguments[reply, f"c{number}"] = arguments
            self.world.tell(was.ToolCalled(reply, f"c{number}", name, arguments))
        self.written.add(reply)
        self.world.tell(was.ReplyWritten(reply))

    def returned(self, index: int, then: str) -> None:
        runs = self.world.said(do.RunTool)
        if not runs:
            return
        run = runs[index % len(runs)]
        key = run.reply, run.call_id
        text = self.results.setdefault(key, f"result of {key}")
        follows = "hang_up" if run.name == "hang_up" else then
        self.world.tell(was.ToolReturned(*key, text, then=follows))  # type: ignore[arg-type]


def take(calls: Calls, step: tuple) -> None:  # noqa: C901  # one case for each kind of step
    world = calls.world
    match step:
        case ("called", quiet_ms, names, speaks):  # in a whole turn, or in its first pause
            world.speak(640)
            world.quiet(96)
            if world.said(do.Transcribe):
                world.hear("Tell me about Rome, please.")
            world.quiet(quiet_ms, 96)
            calls.act(names, speaks=speaks)
        case ("go on", names, speaks):  # the next round
            for index in range(len(world.said(do.RunTool))):
                calls.returned(index, "answer")
            calls.act(names, speaks=speaks)
        case ("return all",):
            for index in range(len(world.said(do.RunTool))):
                calls.returned(index, "answer")
        case ("turn", text):
            world.speak(640)
            world.quiet(96)
            if world.said(do.Transcribe):
                world.hear(text)
            world.quiet(2_500, 96)
        case ("pause", text):
            world.speak(640)
            world.quiet(96)
            if world.said(do.Transcribe):
                world.hear(text)
        case ("speak", ms):
            world.speak(ms)
        case ("quiet", ms):
            world.quiet(ms)
        case ("pass", ms):
            world.pass_time(ms)
        case ("act", names, speaks):
            calls.act(names, speaks=speaks)
        case ("words",) if (starts := world.said(do.StartReply)) and starts[-1].reply not in calls.written:
            calls.written.add(starts[-1].reply)
            world.reply_with("One sentence.", play=starts[-1].reply in world.released)
        case ("return", index, then):
            calls.returned(index, then)
        case ("return twice", index):
            calls.returned(index, "answer")
            calls.returned(index, "answer")
        case ("played",) if world.audible in calls.written or isinstance(
            world.started.get(world.audible or 0), do.SayPhrase
        ):
            assert world.audible is not None
            world.played(world.audible)
        case ("reach", ms) if world.audible:
            world.played_ms[world.audible] = ms
        case ("failed",) if starts := world.said(do.StartReply):
            world.tell(was.ReplyFailed(starts[-1].reply, "The model failed."))
        case ("interrupt",):
            world.tell(was.Interrupted(None))
        case ("typed",):
            world.tell(was.TextTyped("And this?"), was.AnswerAsked())
        case ("hang up",):
            world.tell(was.HungUp())


def check(calls: Calls) -> None:
    """World checks already: never twice, never for a reply that is not released (but for safe tools), nor for half of
    one, nor for a stopped one; and in the history each call is followed by exactly one result."""
    world = calls.world
    runs = world.said(do.RunTool)
    for run in runs:
        assert run.arguments == calls.arguments[run.reply, run.call_id], "it runs with another's arguments"
    ran = {(run.reply, run.call_id) for run in runs}
    assert len(ran) == len(runs)
    for reply, call_id in calls.arguments:
        whole = reply in calls.written and reply in world.released and reply not in world.stopped
        may = world.started[reply].tools  # type: ignore[union-attr]
        if whole and may and world.core.state is not State.CLOSED and world.core._hang_up is None:
            assert (reply, call_id) in ran, "a call of a reply that is heard was lost"
    by_message = {message_id: reply for reply, message_id in world.released.items()}
    for entry in world.core.history:
        for result in entry.results:
            reply = by_message[entry.message_id]
            own = calls.results.get((reply, result.call_id))
            assert result.text in (own, RUNNING, CANCELLED, TOO_LATE, SPOKE_ON), "another's result"


@given(
    first=st.tuples(st.just("called"), st.sampled_from((96, 2_500)), CALLED, st.booleans()),
    steps=st.lists(STEPS, max_size=30),
    goodbye=st.booleans(),
)
@settings(max_examples=1_000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_each_call_runs_once_with_its_arguments_and_none_is_lost(
    first: tuple, steps: list[tuple], goodbye: bool
) -> None:
    script = Script(tools=RULES, apology=Phrase("Sorry."), goodbye=Phrase("Bye.") if goodbye else None)
    calls = Calls(World(script))
    for step in (first, *steps):
        take(calls, step)
        check(calls)
        if calls.world.core.state not in (State.IDLE, State.CLOSED):
            assert calls.world.core.deadline_ms is not None, f"{calls.world.core.state} waits for ever"
    calls.world.quiet(3_000)
    calls.world.pass_time(300_000)
    check(calls)
    calls.world.check_settled()
    for entry in calls.world.core.history:
        if calls.world.core.state is State.IDLE:
            assert all(result.text != RUNNING for result in entry.results), "a call runs for ever"
