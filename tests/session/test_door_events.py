"""What a door is told of speech and words."""

import asyncio

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm
from voi.core import actions as do
from voi.core import facts as was
from voi.session import events
from voi.session.door_events import DoorEvents
from voi.session.events import AgentText, DoorEvent, SpeechStarted, SpeechStopped, TurnEnded, UserMessage
from voi.session.line import Line


class Told(list[DoorEvent]):
    kind = "app"
    output_rate_hz = 24_000
    backlog_bytes = 0

    def tell(self, event: DoorEvent) -> None:
        self.append(event)


@in_virtual_time
async def test_a_turn_and_its_answer_in_order() -> None:
    async with Call() as call:
        await call.quiet(400)
        await call.speak(1_200)
        await call.until(lambda: call.door.all(events.SoundPlayed))
    told = [event for _, event in call.door if not isinstance(event, events.Sound)]
    (started,), (stopped,) = call.door.all(SpeechStarted), call.door.all(SpeechStopped)
    assert started.audio_ms in range(352, 417)
    assert stopped.audio_ms in range(1_568, 1_633)
    words = call.door.all(UserMessage)
    assert "".join(message.added or "" for message in words) == words[-1].text == call.said[0]
    assert [message.final for message in words] == [False] * (len(words) - 1) + [True]
    pieces = call.door.all(AgentText)
    assert "".join(piece.text for piece in pieces) == call.answers[0]
    assert [piece.piece for piece in pieces] == list(range(len(pieces)))
    kinds = [type(event).__name__ for event in told]
    for earlier, later in (
        ("SpeechStarted", "SpeechStopped"), ("SpeechStopped", "AgentText"), ("UserMessage", "AgentText"),
        ("AgentText", "SoundEnded"), ("SoundEnded", "SoundPlayed"),
    ):  # fmt: skip
        assert kinds.index(earlier) < kinds.index(later)
    first_sound = next(at for at, (_, event) in enumerate(call.door) if isinstance(event, events.Sound))
    assert any(isinstance(event, AgentText) for _, event in call.door[:first_sound])
    assert call.door.all(events.SoundPlayed)[0].played_ms == call.door.played_ms(1)


@in_virtual_time
async def test_voice_and_tone_of_every_piece() -> None:
    voices = {"character": {"model": "fake"}, "narrator": {"model": "fake"}}
    llm = FakeLlm('{"voice_tone": "sad", "text": "I must go. *She turns away.* Farewell."}')
    async with Call(voices=voices, mode="chat", engines=FakeEngines(llm=llm), system_prompt="Answer in JSON.") as call:
        call.session.tell(was.TextTyped("hi"))
        call.session.tell(was.AnswerAsked())
        await asyncio.sleep(9)
    pieces = [(piece.text.strip(), piece.voice, piece.tone) for piece in call.door.all(AgentText)]
    assert pieces == [
        ("I must go.", "character", "sad"), ("She turns away.", "narrator", "sad"), ("Farewell.", "character", "sad")
    ]  # fmt: skip


@in_virtual_time
async def test_a_cough_lowers_the_sound_for_a_while() -> None:
    async with Call(greet=True, greetings={"choices": ["Hello there, my good old friend, how are you?"]}) as call:
        call.engines.stt.texts = ("",)
        await call.quiet(300)
        await call.speak(130)
        await call.until(lambda: call.door.all(events.SoundPlayed))
    gains_db = [event.gain_db for event in call.door.all(events.SoundLowered)]
    assert min(gains_db) < 0
    assert gains_db[-1] == 0
    assert call.door.all(events.SoundCleared) == []


def test_pieces_wait_for_the_release_and_stale_ones_are_dropped() -> None:
    door = Told()
    told = DoorEvents(Line(door))
    told.started(1)
    told.started(2)
    told.fact(was.ReplyText(1, 0, "Taken back."))
    told.fact(was.ReplyText(1, 0, ""))
    told.fact(was.ReplyText(1, 1, "Hello.", tone="warm"))
    told.fact(was.ReplyText(2, 0, "Never heard."))
    told.fact(was.ReplyText(3, 0, "Nobody asked."))
    told.over(2)
    assert door == []
    told.released(1, 7)
    assert door == [AgentText(7, 1, "Hello.", tone="warm")]
    told.fact(was.ReplyText(1, 1, ""))
    told.fact(was.ReplyText(2, 1, "Stale."))
    told.over(1)
    told.fact(was.ReplyText(1, 2, "Stale."))
    assert door[1:] == [AgentText(7, 1, "")]


def test_only_what_goes_on_is_an_increment() -> None:
    door = Told()
    told = DoorEvents(Line(door))
    for message_id, text in ((0, "tell"), (0, "tell me"), (0, "sell me"), (1, "so")):
        told.show(do.Show(message_id, "user", text, final=False))
    assert [event.added for event in door if isinstance(event, UserMessage)] == ["tell", " me", None, "so"]


def test_speech_that_its_turn_outlives_or_not_stops_once() -> None:
    door = Told()
    told = DoorEvents(Line(door))
    for fact in (was.UserStarted(100), was.SpeechGrew(200), was.QuietGrew(32), was.SpeechGrew(300), was.QuietGrew(32),
                 was.QuietGrew(64), was.QuietGrew(96)):  # fmt: skip
        told.fact(fact)
    told.utterance_ended()
    assert door == [SpeechStarted(100), SpeechStopped(400), TurnEnded()]
    told.fact(was.UserStarted(900))
    told.utterance_ended()
    assert door[3:] == [SpeechStarted(900), SpeechStopped(900), TurnEnded()]
