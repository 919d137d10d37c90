from tests.audio.sounds import speech, tone
from voi.cli.exchange import ANOTHER_ANSWER_S, SETTLE_S, Exchange, HeardSound, Hearing
from voi.client import (
    OUTPUT_RATE_HZ,
    AudioEvent,
    ErrorEvent,
    LlmResponseEvent,
    MessageEvent,
    SoundLoweredEvent,
    SpeechDoneEvent,
    StatusEvent,
)

SECOND = b"\1\0" * OUTPUT_RATE_HZ


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class FakeSpeaker:
    def __init__(self) -> None:
        self.log: list[int | str] = []

    def play(self, pcm: bytes) -> None:
        self.log.append(len(pcm))

    def clear(self) -> None:
        self.log.append("clear")

    def lower(self, gain_db: float) -> None:
        self.log.append(f"{gain_db:g} dB")


class Told:
    def __init__(self) -> None:
        self.clock = Clock()
        self.playback = HeardSound(None, self.clock)
        self.said: list[tuple[str, str]] = []
        self.exchange = Exchange(self.playback, self, self.clock)

    def show(self, message_id: int, who: str, words: str) -> None:
        self.said.append((who, words))

    def say(self, who: str, words: str, **facts: object) -> None:
        self.said.append((who, words))

    def finish(self) -> None:
        pass

    def over(self, *, chat: bool = False) -> bool:
        return self.exchange.is_over(may_be_cancelled=chat)


# ---- playback -----------------------------------------------------------------------------------


def test_only_what_was_played_was_heard() -> None:
    clock, speaker = Clock(), FakeSpeaker()
    playback = HeardSound(speaker, clock)
    playback.play(SECOND)
    playback.play(SECOND)
    assert playback.rest_s == 2
    clock.now_s += 1.5
    assert playback.rest_s == 0.5
    playback.clear()
    assert playback.rest_s == 0
    assert len(playback.heard) == 1.5 * len(SECOND)
    clock.now_s += 10
    playback.clear()
    playback.play(SECOND)
    clock.now_s += 5
    playback.clear()
    assert len(playback.heard) == 2.5 * len(SECOND)
    assert speaker.log == [len(SECOND), len(SECOND), "clear", "clear", len(SECOND), "clear"]


def voiced(pcm: bytes) -> list[bool]:
    hearing = Hearing()
    return [hearing.is_voice(pcm[at : at + 640]) for at in range(0, len(pcm) - 639, 640)]


def test_voice_is_told_from_quiet() -> None:
    heard = voiced(speech("jfk"))
    assert 0.4 < sum(heard) / len(heard) < 0.95
    assert not any(voiced(bytes(640)))
    assert not any(voiced(b"\3\0" * 320))  # -80 dBFS


def test_a_noise_after_the_last_word_is_no_voice() -> None:
    """jfk.wav goes on with a hall's noise, hardly 20 dB under the voice, from its last word at 10.6 s on. A single
    window of it that the VAD takes for voice made `voi talk` wait 5 s for another answer."""
    assert not any(voiced(speech("jfk"))[10_640 // 20 :])


def test_where_there_is_no_voice_at_all_the_level_decides() -> None:
    assert voiced(tone(200, 16_000, 0.1) + bytes(6_400)) == [True] * 5 + [False] * 10


# ---- exchange -----------------------------------------------------------------------------------


def test_an_answer_step_by_step() -> None:
    told = Told()
    clock, exchange = told.clock, told.exchange
    exchange.take(MessageEvent(0, "user", "hel"))
    exchange.spoke()
    clock.now_s += 0.1
    exchange.take(MessageEvent(0, "user", "hello"))
    clock.now_s += 0.1
    exchange.take(MessageEvent(0, "user", "hello you"))
    exchange.take(MessageEvent(0, "user", "hello you"))
    clock.now_s += 0.1
    exchange.take(MessageEvent(1, "assistant", "hi"))
    exchange.take(StatusEvent("response_done"))
    assert not told.over()
    clock.now_s += 0.1
    exchange.take(AudioEvent("1", SECOND))
    exchange.take(AudioEvent("1", SECOND))
    exchange.take(SpeechDoneEvent("1"))
    assert told.said == [
        ("you", "hel"),
        ("you", "hello"),
        ("you", "hello you"),
        ("agent", "hi"),
        ("latency", "since the end of the question: transcript 200 ms, answer's text 300 ms, answer's sound 400 ms"),
    ]
    clock.now_s += 1.9
    assert not told.over()  # still playing
    clock.now_s += 0.2
    assert told.over()
    assert len(told.playback.heard) == 2 * len(SECOND)


def test_a_transcript_that_was_whole_before_the_end_took_no_time() -> None:
    told = Told()
    for turn in range(2):
        told.exchange.spoke()
        told.clock.now_s += 0.5
        told.exchange.take(MessageEvent(2 * turn, "user", "hello you"))
        told.clock.now_s += 0.1
        told.exchange.spoke()
        told.clock.now_s += 0.6
        told.exchange.take(MessageEvent(2 * turn, "user", "hello you"))  # it is final, and the same
        told.exchange.take(MessageEvent(2 * turn + 1, "assistant", "hi"))
        told.exchange.take(AudioEvent(str(2 * turn + 1), SECOND))
        steps = "transcript 0 ms, answer's text 600 ms, answer's sound 600 ms"
        assert told.said[-1] == ("latency", f"since the end of the question: {steps}")


def test_the_rest_of_an_answer_is_no_answer_to_a_noise_into_it() -> None:
    told = Told()
    told.exchange.spoke()
    told.exchange.take(MessageEvent(1, "assistant", "one."))
    told.exchange.take(AudioEvent("1", SECOND))
    told.exchange.spoke()
    told.exchange.take(MessageEvent(1, "assistant", "one. two."))
    told.exchange.take(AudioEvent("1", SECOND))
    told.exchange.tell_latency()
    assert [who for who, _ in told.said] == ["agent", "latency", "agent"]


def test_a_slow_voice_is_heard_to_its_end() -> None:
    """XTTS on a CPU may take long for each sentence, and for the first one as well."""
    told = Told()
    told.exchange.spoke()
    told.exchange.take(MessageEvent(1, "assistant", "one. two."))
    told.exchange.take(StatusEvent("response_done"))
    told.clock.now_s += 20
    assert not told.over()
    told.exchange.take(AudioEvent("1", SECOND))
    told.clock.now_s += 20
    assert not told.over()
    told.exchange.take(AudioEvent("1", SECOND))
    told.exchange.take(SpeechDoneEvent("1"))
    told.clock.now_s += 0.9
    assert not told.over()
    told.clock.now_s += 0.2 + SETTLE_S
    assert told.over()
    assert not told.exchange.failed


def test_a_failed_answer_is_over_and_remembered() -> None:
    told = Told()
    told.exchange.spoke()
    told.exchange.take(StatusEvent("response_created"))
    told.exchange.take(ErrorEvent("no LLM"))
    told.exchange.take(StatusEvent("response_cancelled"))
    assert told.exchange.failed
    told.exchange.take(MessageEvent(1, "assistant", "Sorry."))
    told.clock.now_s += 20
    assert not told.over()
    told.exchange.take(AudioEvent("1", SECOND))  # the apology
    told.exchange.take(SpeechDoneEvent("1"))
    assert not told.over()
    told.clock.now_s += 1 + SETTLE_S
    assert told.over()
    told.exchange.spoke()
    assert told.exchange.failed


def test_an_apology_has_an_end_without_response_done() -> None:
    """Nobody understood what was said in a call."""
    told = Told()
    told.exchange.spoke()
    told.exchange.take(ErrorEvent("the STT is restarted"))
    told.clock.now_s += SETTLE_S
    assert not told.over()  # perhaps some words are there and are answered
    told.exchange.take(MessageEvent(0, "assistant", "Sorry."))
    told.exchange.take(AudioEvent("0", SECOND))
    told.exchange.take(SpeechDoneEvent("0"))
    told.clock.now_s += 1 + SETTLE_S
    assert told.over()
    assert told.exchange.failed


def test_an_answer_that_breaks_off_in_its_middle_is_over_after_the_apology() -> None:
    """Its text was complete. The apology's voice may be just as broken."""
    told = Told()
    told.exchange.spoke()
    told.exchange.take(MessageEvent(1, "assistant", "one. two."))
    told.exchange.take(StatusEvent("response_done"))
    told.exchange.take(AudioEvent("1", SECOND))
    told.clock.now_s += 10
    told.exchange.take(ErrorEvent("the voice hangs"))
    told.exchange.take(MessageEvent(2, "assistant", "Sorry."))
    told.exchange.take(MessageEvent(1, "assistant", "one... (interrupted)"))
    told.clock.now_s += SETTLE_S
    assert not told.over()
    told.exchange.take(ErrorEvent("the voice is restarted"))
    told.clock.now_s += SETTLE_S
    assert told.over()
    assert told.exchange.failed


def test_a_failure_before_the_words_were_understood_all_the_same_is_none() -> None:
    told = Told()
    told.exchange.spoke()
    told.exchange.take(ErrorEvent("the STT is restarted"))
    told.exchange.take(MessageEvent(1, "assistant", "hi"))
    told.exchange.take(StatusEvent("response_done"))
    told.exchange.take(AudioEvent("1", SECOND))
    told.exchange.take(SpeechDoneEvent("1"))
    told.clock.now_s += 1 + SETTLE_S
    assert told.over()
    assert not told.exchange.failed


def test_an_earlier_answer_is_none_to_the_next_question() -> None:
    told = Told()
    told.exchange.take(MessageEvent(0, "assistant", "Hello!"))
    assert told.exchange.is_underway
    told.exchange.take(SpeechDoneEvent("0"))
    assert not told.exchange.is_underway
    told.exchange.expect()
    told.exchange.spoke()
    told.clock.now_s += 20
    assert not told.over(chat=True)


def test_a_text_only_answer_is_over_when_it_is_written() -> None:
    told = Told()
    told.exchange.spoke()
    told.exchange.take(MessageEvent(1, "assistant", "hi"))
    told.exchange.take(SpeechDoneEvent("1"))
    told.exchange.take(StatusEvent("response_done"))
    assert not told.over()
    told.clock.now_s += SETTLE_S
    assert told.over()
    told.exchange.tell_latency()
    assert told.said[-1] == ("latency", "since the end of the question: answer's text 0 ms")


def test_nothing_to_answer_counts_only_where_an_answer_was_asked_for() -> None:
    told = Told()
    told.exchange.spoke()
    told.exchange.take(StatusEvent("response_cancelled"))
    told.clock.now_s += SETTLE_S
    assert told.over(chat=True)
    assert not told.over(chat=False)


def test_speaking_on_asks_again_and_an_interruption_clears() -> None:
    told = Told()
    told.exchange.spoke()
    told.exchange.take(AudioEvent("1", SECOND))
    told.exchange.take(StatusEvent("response_done"))
    told.clock.now_s += 0.25
    told.exchange.spoke()
    told.exchange.take(StatusEvent("user_interrupt"))
    told.clock.now_s += 60
    assert not told.over(chat=True)
    assert len(told.playback.heard) == len(SECOND) // 4
    assert told.exchange.silent_s == 60


def test_a_noise_into_the_answer_is_no_new_question() -> None:
    told = Told()
    told.exchange.spoke()
    told.exchange.take(MessageEvent(1, "assistant", "hi"))
    told.exchange.take(AudioEvent("1", SECOND))
    told.exchange.take(SpeechDoneEvent("1"))
    told.clock.now_s += 0.25
    told.exchange.spoke()
    told.clock.now_s += 2
    assert not told.over()
    told.clock.now_s += ANOTHER_ANSWER_S
    assert told.over()


def test_errors_and_model_answers_are_told() -> None:
    told = Told()
    told.exchange.take(ErrorEvent("oh"))
    told.exchange.take(LlmResponseEvent("yes"))
    assert told.said == [("error", "oh"), ("model", "yes")]


def test_nothing_is_silent_while_something_plays() -> None:
    told = Told()
    told.exchange.spoke()
    told.exchange.take(AudioEvent("1", SECOND * 3))
    told.clock.now_s += 2
    assert told.exchange.silent_s < 0
    told.clock.now_s += 2
    assert told.exchange.silent_s == 1


def test_a_sound_over_the_agent_lowers_what_is_not_played_yet() -> None:
    told, speaker = Told(), FakeSpeaker()
    playback = HeardSound(speaker, told.clock)  # type: ignore[arg-type]
    exchange = Exchange(playback, told, told.clock)
    for event in (AudioEvent("1", SECOND), SoundLoweredEvent("1", -20.0), SoundLoweredEvent("1", 0.0)):
        exchange.take(event)
    assert speaker.log == [len(SECOND), "-20 dB", "0 dB"]
    assert playback.heard == SECOND
