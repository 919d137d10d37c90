"""Whatever happens, in whatever order: the promises of `World` hold (safety), and quiet ends everything (liveness)."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voi.core import actions as do
from voi.core import facts as was
from voi.core.end_reason import EndReason
from voi.core.replies import INTERRUPTED
from voi.core.script import Script
from voi.core.state import TRANSITIONS, State
from voi.dialogue import Phrase
from voi.turn_policy import TurnPolicy

from .world import World

TEXTS = ("", "mhm", "Hello there.", "hello there", "What is it, and", "Stop!", "Tell me about Rome, please.")
NUMBERS = st.integers(1, 6)
MS = st.sampled_from((32, 64, 96, 192, 320, 640, 1_000, 3_000))

STEPS = st.one_of(
    st.tuples(st.just("turn"), st.sampled_from(TEXTS)),
    st.tuples(st.just("answer"), st.integers(1, 4), MS),
    st.tuples(st.just("speak"), MS),
    st.tuples(st.just("speak_on"), MS),
    st.tuples(st.just("quiet"), MS),
    st.tuples(st.just("pass"), MS),
    st.tuples(st.just("pass"), st.just(31_000)),
    st.tuples(st.just("hear"), st.sampled_from(TEXTS)),
    st.tuples(st.just("partial"), st.sampled_from(TEXTS)),
    st.tuples(st.just("judge"), st.sampled_from(("audio", "agent")), st.sampled_from((0.0, 1.0))),
    st.tuples(st.just("voice"), st.sampled_from((0.0, 0.7, 1.0)), st.sampled_from((0.0, 1.0))),
    st.tuples(st.just("transcript_failed")),
    st.tuples(st.just("sounded"), NUMBERS),
    st.tuples(st.just("text"), NUMBERS, st.integers(0, 3)),
    st.tuples(st.just("voiced"), NUMBERS, st.integers(0, 3)),
    st.tuples(st.just("reach"), MS),
    st.tuples(st.just("begin"), NUMBERS),
    st.tuples(st.just("written"), NUMBERS),
    st.tuples(st.just("call"), NUMBERS, st.integers(0, 2)),
    st.tuples(st.just("act"), st.integers(1, 3)),
    st.tuples(st.just("return"), NUMBERS, st.integers(0, 2)),
    st.tuples(st.just("return_all")),
    st.tuples(st.just("whole")),
    st.tuples(st.just("played")),
    st.tuples(st.just("failed"), NUMBERS),
    st.tuples(st.just("typed"), st.sampled_from(TEXTS)),
    st.tuples(st.just("image")),
    st.tuples(st.just("ask")),
    st.tuples(st.just("push")),
    st.tuples(st.just("unheard"), st.sampled_from(TEXTS)),
    st.tuples(st.just("late")),
    st.tuples(st.just("interrupt"), st.none() | st.integers(0, 8), st.none() | st.sampled_from((0, 500, 5_000))),
    st.tuples(st.just("load"), st.booleans()),
    st.tuples(st.just("time is up")),
)


def take(world: World, step: tuple) -> None:  # noqa: C901  # one case for each kind of step
    asks = world.said(do.Transcribe)
    match step:
        case ("turn", text):
            world.speak(640)
            world.quiet(96)
            if world.said(do.Transcribe):
                world.hear(text)
            world.quiet(2_500, 96)
        case ("answer", pieces, ms) if starts := world.said(do.StartReply):
            for piece in range(pieces):
                take(world, ("text", starts[-1].reply, piece))
                take(world, ("voiced", starts[-1].reply, piece))
            world.tell(was.PlaybackStarted(starts[-1].reply))
            world.played_ms[starts[-1].reply] = ms
        case ("speak", ms):
            world.speak(ms)
        case ("speak_on", ms):
            world.tell(was.SpeechGrew(ms))
        case ("quiet", ms):
            world.quiet(ms)
        case ("pass", ms):
            world.pass_time(ms)
        case ("hear", text) if asks:
            world.hear(text)
        case ("partial", text) if asks:
            world.tell(was.Heard(asks[-1].utterance, text))
        case ("judge", judge, probability) if asks:
            world.tell(was.TurnJudged(asks[-1].utterance, asks[-1].pause, judge, probability))
        case ("voice", voice, floor) if listens := world.said(do.Listen):
            world.tell(was.VoiceJudged(listens[-1].utterance, 256, voice, floor))
        case ("transcript_failed",) if asks:
            world.tell(was.TranscriptFailed(asks[-1].utterance, asks[-1].pause, "The recogniser failed."))
        case ("sounded", reply):
            world.tell(was.ReplySounded(reply))
        case ("text", reply, piece):
            world.tell(was.ReplyText(reply, piece, f"Piece {piece} of reply {reply}."))
        case ("voiced", reply, piece):
            if reply not in world.stopped | world.ended:
                world.voiced.add((reply, piece))
            world.tell(was.PieceVoiced(reply, piece, piece * 1_000, 1_000))
        case ("reach", ms) if world.audible:
            world.played_ms[world.audible] = ms
        case ("begin", reply):
            world.tell(was.PlaybackStarted(reply))
        case ("written", reply):
            world.tell(was.ReplyWritten(reply))
        case ("call", reply, number):
            world.tell(was.ToolCalled(reply, f"call-{number}", "look_up", "{}"))
        case ("act", count) if starts := world.said(do.StartReply):
            calls = [was.ToolCalled(starts[-1].reply, f"call-{number}", "look_up") for number in range(count)]
            world.tell(*calls, was.ReplyWritten(starts[-1].reply))
        case ("return", reply, number):
            world.tell(was.ToolReturned(reply, f"call-{number}", "found"))
        case ("return_all",):
            world.tell(*(was.ToolReturned(reply, call_id, "found") for reply, call_id in sorted(world.ran)))
        case ("whole",) if world.audible:
            world.reply_with("One sentence.", "And another.", reply=world.audible)
            world.played_ms[world.audible] = 1_400
        case ("played",) if world.audible:
            world.played(world.audible)
        case ("failed", reply):
            world.tell(was.ReplyFailed(reply, "The model failed."))
        case ("typed", text):
            world.tell(was.TextTyped(text))
        case ("image",):
            world.tell(was.ImageGiven("https://example.com/a.png"))
        case ("ask",):
            world.tell(was.AnswerAsked())
        case ("push",) if world.core.script.mode == "chat":
            world.tell(was.VoicePushed())
        case ("unheard", text):  # a turn whose transcript does not come in time
            world.speak(640)
            if world.listening and text:
                world.tell(was.Heard(world.listening, text))
            world.quiet(2_500)
            world.pass_time(6_000)
        case ("late",) if world.late:
            utterance, pause = next(reversed(world.late.items()))
            begun, words = len(world.started), f"Late words of {utterance}."
            answered = (
                world.core.state is not State.IDLE or world.core.script.apology or world.core.script.mode == "chat"
            )
            world.tell(was.Heard(utterance, words, pause))
            assert len(world.started) == begun or not answered, "late words are answered a second time"
            texts = [entry.text for entry in world.core.history] + [world.core._draft.prefix]
            assert sum(text.count(words) for text in texts) == 1, "late words are lost, or doubled"
        case ("interrupt", message_id, played_ms):
            world.tell(was.Interrupted(message_id, played_ms))
        case ("load", busy):
            world.tell(was.LoadChanged(busy))
        case ("time is up",) if world.core.script.goodbye:  # it ends most of the others' walks
            world.tell(was.TimeIsUp(EndReason.QUOTA_USED, "Spent."))


SCRIPTS = {
    "call": Script(greeting=Phrase("Hi."), apology=Phrase("Sorry."), reply_timeout_ms=10_000),
    "patient call": Script(turn=TurnPolicy(speculate=False), stream_user_stt=False, final_stt_correction=False),
    "noticed call": Script(notice=Phrase("An AI."), greeting=Phrase("Hi."), apology=Phrase("Sorry.")),
    "noticed chat": Script(mode="chat", notice=Phrase("An AI."), greeting=Phrase("Hi.")),
    "judging call": Script(judges_voices=True, greeting=Phrase("Hi."), apology=Phrase("Sorry.")),
    "chat": Script(mode="chat", apology=Phrase("Sorry.")),
    "parting call": Script(goodbye=Phrase("Bye."), duration_limit_ms=60_000, apology=Phrase("Sorry.")),
    "late call": Script(late_phrase=Phrase("One moment."), late_after_ms=1_000, apology=Phrase("Sorry.")),
    "late chat": Script(mode="chat", late_phrase=Phrase("One moment."), late_after_ms=1_000),
}
scripts = pytest.mark.parametrize("script", SCRIPTS.values(), ids=list(SCRIPTS))


@scripts
@given(steps=st.lists(STEPS, max_size=40), greet=st.booleans())
@example(steps=[("whole",), ("failed", 1)], greet=True)  # a phrase whose voice fails in its middle
@example(steps=[("unheard", "Stop!"), ("whole",), ("played",), ("turn", "Hello there."), ("late",)], greet=False)
@example(steps=[("unheard", ""), ("played",), ("unheard", ""), ("late",), ("late",)], greet=False)
@example(steps=[("turn", "Hello there."), ("act", 2), ("return_all",), ("act", 1), ("played",)], greet=False)
@example(steps=[("turn", "Hello there."), ("act", 1), ("played",), ("speak", 640), ("return_all",)], greet=False)
def test_safety_and_liveness(script: Script, steps: list[tuple], greet: bool):
    world = World(script, greet=greet, instant=script.late_phrase is None)
    for step in steps:
        take(world, step)
        if world.core.state not in (State.IDLE, State.CLOSED) and (script.mode, world.core.state) != (
            "chat",
            "hearing",
        ):
            assert world.core.deadline_ms is not None, f"{world.core.state} waits for ever"
        check_history(world)
    # The person falls silent; no engine answers any more. Everything must come to rest.
    if script.mode == "chat":
        world.tell(was.AnswerAsked())
    world.quiet(3_000)
    world.pass_time(180_000)  # a tool, what follows it and the apology for that: 30 s each
    world.check_settled()


def check_history(world: World) -> None:
    """The history never says more than is shown, what was cut is shown as cut (but for phrases that failed, which stay
    to be read), and no reply speaks for another."""
    phrases = set()
    for reply, message_id in world.released.items():
        if isinstance(world.started[reply], do.SayPhrase):
            phrases.add(message_id)
        if shown := world.shown.get(message_id):
            assert set(re.findall(r"of reply (\d+)", shown.text)) <= {str(reply)}
    for entry in world.core.history:
        shown = world.shown.get(entry.message_id)
        if entry.role == "assistant" and entry.text:
            assert shown is not None
            heard = entry.text.removesuffix("...")
            whole_phrase = entry.message_id in phrases and shown.text.startswith(heard)
            assert whole_phrase or shown.text in (entry.text, heard + INTERRUPTED)
            heard_ms = world.believable_ms.get(entry.message_id, 1_000_000)
            for reply, piece in world.voiced:
                if world.released.get(reply) == entry.message_id and piece * 1_000 >= heard_ms:
                    assert f"Piece {piece}" not in entry.text, "the history says more than was heard"


@scripts
@given(steps=st.lists(STEPS, max_size=25))
def test_the_same_facts_give_the_same_actions(script: Script, steps: list[tuple]):
    """Through the journal's wire form and back: what `voi replay` relies on."""
    instant = script.late_phrase is None
    first, second = World(script, instant=instant), World(script, instant=instant)
    for step in steps:
        take(first, step)
        take(second, step)
    assert first.log == second.log


SPEECH, SOON, LATE = ("speak", 640), ("quiet", 96), ("quiet", 3_000)
WORDS, NO_WORDS = ("hear", "Tell me about Rome, please."), ("hear", "")
ANSWERED = (SPEECH, SOON, WORDS, LATE, ("whole",))
WALKS: dict[tuple[State, State], tuple] = {
    (State.IDLE, State.HEARING): (SPEECH,),
    (State.IDLE, State.WAITING): (("typed", "Hello there."), ("ask",)),
    (State.IDLE, State.ANSWERING): (("greet",),),
    (State.HEARING, State.PAUSED): (SPEECH, SOON),
    (State.HEARING, State.WAITING): (SPEECH, ("pass", 3_000)),
    (State.HEARING, State.ANSWERING): (SPEECH, ("time is up",)),
    (State.PAUSED, State.HEARING): (SPEECH, SOON, SPEECH),
    (State.PAUSED, State.WAITING): (SPEECH, LATE),
    (State.PAUSED, State.ANSWERING): (SPEECH, SOON, WORDS, LATE),
    (State.PAUSED, State.IDLE): (SPEECH, SOON, NO_WORDS, LATE),
    (State.WAITING, State.HEARING): (SPEECH, LATE, SPEECH),
    (State.WAITING, State.PAUSED): (SPEECH, LATE, WORDS),
    (State.WAITING, State.ANSWERING): (("typed", "Hello."), ("ask",)),
    (State.WAITING, State.IDLE): (SPEECH, LATE, ("pass", 6_000)),
    (State.ANSWERING, State.BARGE_IN): (*ANSWERED, ("speak", 64)),
    (State.ANSWERING, State.HEARING): (*ANSWERED, ("push",)),
    (State.ANSWERING, State.WAITING): (*ANSWERED, ("typed", "Stop!"), ("ask",)),
    (State.ANSWERING, State.IDLE): (*ANSWERED, ("played",)),
    (State.BARGE_IN, State.ANSWERING): (*ANSWERED, ("speak", 64), SOON, NO_WORDS),
    (State.BARGE_IN, State.HEARING): (*ANSWERED, ("speak", 320)),
    (State.BARGE_IN, State.PAUSED): (*ANSWERED, ("speak", 64), SOON, WORDS),
    (State.BARGE_IN, State.WAITING): (*ANSWERED, ("speak", 64), ("ask",)),
}


@pytest.mark.parametrize("way", sorted(way for way in TRANSITIONS if way[1] is not State.CLOSED))
def test_every_way_between_states_can_be_walked(way: tuple[State, State]):
    script = Script(mode="chat" if ("push",) in WALKS[way] else "call", greeting=Phrase("Hi."))
    world = World(Script(greeting=Phrase("Hi."), goodbye=Phrase("Bye.")))
    if script.mode == "chat":
        world = World(script)
        world.tell(was.TextTyped("Hello"), was.AnswerAsked())
    walked: list[tuple[State, State]] = []
    go = world.core._go

    def note(state: State) -> None:
        walked.append((world.core.state, state))
        go(state)

    world.core._go = note  # type: ignore[method-assign]
    for step in WALKS[way]:
        if step == ("greet",):
            world.tell(was.Opened(True))
        else:
            take(world, step)
    assert way in walked


@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
def test_hanging_up_closes_every_state(state: State):
    assert (state, State.CLOSED) in TRANSITIONS
