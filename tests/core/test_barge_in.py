"""With a judge of voices: what stops a reply, what only lowers it, and what is no turn at all."""

import pytest

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Status
from voi.core.barge_in import BargeIn, Verdict, verdict
from voi.core.script import Script
from voi.core.state import State
from voi.turn_policy import TurnPolicy

from .world import World

JUDGING = Script(judges_voices=True, turn=TurnPolicy(barge_in_ms=416))
PIECES = ("It is sunny in the north.", "It rains in the south.", "Stay at home.")


def answering(*pieces: str) -> tuple[World, int]:
    world = World(JUDGING)
    world.say("What is the weather like today?")
    reply = world.reply_with(*(pieces or PIECES), ms_each=20_000)
    world.played_ms[reply] = 1_500
    world.log.clear()
    return world, reply


def judge(world: World, voice: float, floor: float = 0.6) -> None:
    ask = world.last(do.JudgeVoice)
    world.tell(was.VoiceJudged(ask.utterance, ask.voice_ms, voice, floor))


def quiet_without_words(world: World, ms: int) -> None:
    """They are quiet, and the recogniser heard nothing in what they said."""
    world.quiet(96)
    world.hear("")
    world.quiet(ms, 96)


def words(world: World, text: str) -> None:
    world.tell(was.Heard(world.last(do.TranscribeNow).utterance, text))


def voice_for(world: World, ms: int, voice: float, floor: float = 0.6, text: str = "") -> None:
    """The person speaks for that long, and is judged and transcribed as they go."""
    world.tell(was.UserStarted(world.now_ms))
    for speech_ms in range(32, ms + 1, 32):
        world.pass_time(32)
        for action in world.tell(was.SpeechGrew(speech_ms)):
            if isinstance(action, do.JudgeVoice):
                judge(world, voice, floor)
            elif isinstance(action, do.TranscribeNow) and text:
                words(world, text)
        if world.core.state is not State.BARGE_IN:
            break


def test_a_sound_lowers_the_reply_softly_and_a_voice_deeply() -> None:
    world, reply = answering()
    world.speak(128)
    assert world.said(do.Duck) == [do.Duck(reply, "soft")]
    world.tell(was.SpeechGrew(160))
    judge(world, 0.7)
    assert world.said(do.Duck) == [do.Duck(reply, "soft"), do.Duck(reply, "deep")]
    assert reply not in world.stopped


def test_the_judge_and_the_recogniser_are_asked_as_the_voice_grows() -> None:
    world, _ = answering()
    world.speak(700)
    assert [ask.voice_ms for ask in world.said(do.JudgeVoice)] == [160, 256, 448, 640]
    assert len(world.said(do.TranscribeNow)) == 2


@pytest.mark.parametrize("ms", [160, 256, 448, 900])
def test_a_cough_never_stops_it_however_long(ms: int) -> None:
    world, reply = answering()
    voice_for(world, ms, 0.2, text="Thank you so much")
    world.quiet(256)
    assert reply not in world.stopped
    assert world.last(do.Resume).reply == reply
    assert world.core.state is State.ANSWERING
    assert not world.said(do.SendStatus, do.NoteBackchannel)


@pytest.mark.parametrize(
    ("voice", "floor", "text", "stops_after_ms"),
    [
        (0.95, 0.6, "stop", 256),
        (0.95, 0.6, "give me", 256),
        (0.95, 0.9, "computer", 256),  # one word, said like a person who wants to speak
        (0.95, 0.6, "computer", 416),
        (0.95, 0.6, "", 416),
        (0.75, 0.6, "give me", 544),  # less sure
        (0.95, 0.3, "", 800),
        (0.95, 0.9, "okay", 800),
        (0.65, 0.9, "give me", None),
    ],
)
def test_what_stops_it_and_after_how_much_voice(
    voice: float, floor: float, text: str, stops_after_ms: int | None
) -> None:
    world, reply = answering()
    began_ms = world.now_ms
    voice_for(world, 1_000, voice, floor, text)
    assert (reply in world.stopped) == (stops_after_ms is not None)
    if stops_after_ms:
        assert world.now_ms - began_ms == stops_after_ms
        assert world.statuses() == [Status.USER_INTERRUPT]


def test_a_listening_yeah_is_in_the_record_and_neither_stops_nor_is_answered() -> None:
    world, reply = answering()
    voice_for(world, 320, 0.9, 0.3, "Yeah.")
    world.quiet(96)
    world.hear("Yeah.")
    world.quiet(288, 96)
    assert world.said(do.NoteBackchannel) == [do.NoteBackchannel(reply, "Yeah.")]
    assert world.core.state is State.ANSWERING
    world.played(reply)
    world.quiet(3_000)
    assert not world.said(do.StartReply)


def test_at_the_end_of_a_question_yeah_is_an_answer() -> None:
    world = World(JUDGING)
    world.say("Tell me what you need to know.")
    reply = world.reply_with("Shall I book it?", ms_each=1_200)
    world.played_ms[reply] = 900
    world.pass_time(600)
    voice_for(world, 300, 0.9, 0.3, "Yeah.")
    assert reply in world.stopped
    world.quiet(96)
    world.hear("Yeah.")
    world.quiet(2_500, 96)
    assert world.last(do.StartReply).messages[-1].text == "Yeah."


def test_a_word_to_stop_counts_when_it_is_over_too() -> None:
    world, reply = answering()
    voice_for(world, 224, 0.9, 0.3)
    world.quiet(96)
    world.hear("Stop.")
    assert reply in world.stopped


@pytest.mark.parametrize(("after_ms", "stops"), [(96, True), (320, True), (640, False)])
def test_words_that_come_late_stop_it_too(after_ms: int, stops: bool) -> None:
    world, reply = answering()
    voice_for(world, 288, 0.95, 0.6)
    world.quiet(after_ms)
    world.hear("Wait.")
    assert (reply in world.stopped) is stops


def test_a_listening_yeah_whose_words_come_late_is_in_the_record() -> None:
    world, reply = answering()
    voice_for(world, 320, 0.9, 0.3)
    world.quiet(384)
    world.hear("Yeah.")
    world.quiet(416, 384)
    assert world.said(do.NoteBackchannel) == [do.NoteBackchannel(reply, "Yeah.")]
    assert world.core.state is State.ANSWERING


def test_what_is_known_outlives_a_short_quiet() -> None:
    """ "Yeah… I wanted to ask": the second stretch of voice stops it sooner than a first would."""
    world, reply = answering()
    voice_for(world, 320, 0.95, 0.6)
    quiet_without_words(world, 256)
    assert world.core.state is State.ANSWERING
    world.pass_time(600)
    began_ms = world.now_ms
    voice_for(world, 600, 0.95, 0.6)
    assert reply in world.stopped
    assert world.now_ms - began_ms <= 128
    assert do.Duck(reply, "deep") in world.said(do.Duck)[2:]


def test_after_longer_it_is_a_sound_of_its_own() -> None:
    world, reply = answering()
    voice_for(world, 320, 0.95, 0.6)
    quiet_without_words(world, 256)
    world.pass_time(1_600)
    voice_for(world, 320, 0.95, 0.6)
    assert reply not in world.stopped


def test_noise_that_goes_on_does_not_lower_the_reply_again_and_again() -> None:
    world, reply = answering()
    voice_for(world, 2_000, 0.1)
    assert reply not in world.stopped
    assert len(world.said(do.Duck)) == 1
    voice_for(world, 320, 0.1)
    assert len(world.said(do.Duck)) == 1
    world.quiet(300)
    assert len(world.said(do.Resume)) == 1


def test_a_judge_that_is_silent_leaves_it_to_lasting_voice() -> None:
    world, reply = answering()
    world.speak(608)
    assert reply not in world.stopped
    world.tell(was.SpeechGrew(640))
    assert reply in world.stopped


def test_judgements_of_an_earlier_utterance_change_nothing() -> None:
    world, reply = answering()
    world.speak(192)
    ask = world.last(do.JudgeVoice)
    world.quiet(256)
    assert world.tell(was.VoiceJudged(ask.utterance, 160, 1.0, 1.0)) == []
    assert reply not in world.stopped


# ---- in silence ---------------------------------------------------------------------------------------


def sound_in_silence(text: str, voice: float, *, speech_ms: int = 320, asked: bool = False) -> World:
    world = World(JUDGING)
    if asked:
        world.say("I need a train to the coast.")
        world.played(world.reply_with("Shall I book it?"))
        world.log.clear()
    world.speak(speech_ms)
    world.quiet(64)
    if asks := world.said(do.JudgeVoice):
        world.tell(was.VoiceJudged(asks[-1].utterance, asks[-1].voice_ms, voice, 0.5))
    world.hear(text)
    world.quiet(2_500, 64)
    return world


@pytest.mark.parametrize(
    ("text", "voice", "answered"),
    [
        ("Thank you.", 0.1, False),
        ("Thank you.", 0.9, True),
        ("Uh-huh.", 0.6, False),  # what most coughs are heard as
        ("Uh-huh.", 0.9, True),
        ("Yes.", 0.3, True),  # the shortest of real answers
        ("Yes.", 0.1, False),
    ],
)
def test_coughs_in_silence_are_no_turns(text: str, voice: float, answered: bool) -> None:
    world = sound_in_silence(text, voice)
    assert bool(world.released) == answered
    if not answered:
        world.check_settled()
        assert not [entry for entry in world.core.history if entry.text]


def test_more_words_than_anybody_can_say_in_that_time_are_no_turn() -> None:
    words = "Turn the lights off please."
    assert sound_in_silence(words, 0.2, speech_ms=640).released
    assert not sound_in_silence(words, 0.6, speech_ms=320).released
    assert sound_in_silence(words, 0.8, speech_ms=320).released, "what is so surely a voice is believed"
    assert sound_in_silence("Yes.", 0.5, speech_ms=128, asked=True).said(do.Release), "it was asked for"


def test_more_words_than_anybody_can_say_in_that_time_stop_nothing() -> None:
    policy, barge_in = TurnPolicy(barge_in_ms=416), BargeIn(1, voice=0.95, floor=0.9, voice_ms=160)
    assert verdict(barge_in, "We're here.", 160, policy, answers=False, final=True) is not Verdict.STOP
    barge_in.voice_ms = 256
    assert verdict(barge_in, "We're here.", 160, policy, answers=False, final=True) is Verdict.STOP


def test_after_a_question_a_hum_is_an_answer() -> None:
    assert len(sound_in_silence("Mm-hmm.", 0.6, asked=True).said(do.Release)) == 1
    assert not sound_in_silence("Mm-hmm.", 0.6).said(do.Release)


def test_a_judgement_that_comes_after_the_words_drops_what_was_begun() -> None:
    world = World(JUDGING)
    world.speak(320)
    world.quiet(64)
    world.hear("Huh.")
    speculation = world.last(do.StartReply).reply
    ask = world.last(do.JudgeVoice)
    world.tell(was.VoiceJudged(ask.utterance, ask.voice_ms, 0.1, 0.5))
    assert speculation in world.stopped
    world.quiet(2_500, 64)
    assert not world.released
    world.check_settled()


def test_long_speech_is_not_judged() -> None:
    assert not sound_in_silence("I would like to book a train.", 0.0, speech_ms=3_100).said(do.JudgeVoice)


def test_a_sound_that_is_long_for_its_words_is_noise_if_it_is_no_voice() -> None:
    assert not sound_in_silence("Thank you.", 0.1, speech_ms=1_900).released
    assert not sound_in_silence("Thank you for watching!", 0.1, speech_ms=1_900).released
    assert sound_in_silence("Thank you.", 0.3, speech_ms=1_900).released
    assert sound_in_silence("I would like to book a train.", 0.0, speech_ms=1_900).released


def test_every_pause_is_judged_on_a_busy_server_too() -> None:
    """Where the words are asked for later, at 256 ms, and the pauses of a fit of coughing are shorter."""
    world = World(JUDGING)
    world.tell(was.LoadChanged(True))
    for _ in range(2):
        world.speak(320)
        world.quiet(128)
    assert [ask.voice_ms for ask in world.said(do.JudgeVoice)] == [320, 640]


def after_a_cough(text: str, voice: float, *, later_ms: int = 800) -> World:
    world = World(JUDGING)
    for words, sounds_like, quiet_ms in (("Huh.", 0.5, 900), (text, voice, 2_500)):
        world.speak(448)
        world.quiet(64)
        ask = world.last(do.JudgeVoice)
        world.tell(was.VoiceJudged(ask.utterance, ask.voice_ms, sounds_like, 0.5))
        world.hear(words)
        world.quiet(quiet_ms, 64)
        world.pass_time(later_ms)
    return world


@pytest.mark.parametrize(
    ("text", "voice", "later_ms", "answered"),
    [
        ("Oh, yeah.", 0.3, 800, False),  # which alone would be believed
        ("Oh, yeah.", 0.3, 2_000, True),
        ("Oh, yeah.", 0.8, 800, True),
        ("Book it.", 0.5, 800, False),
        ("Book a train.", 0.5, 800, True),
    ],
)
def test_coughs_come_in_fits(text: str, voice: float, later_ms: int, answered: bool) -> None:
    assert bool(after_a_cough(text, voice, later_ms=later_ms).released) is answered
