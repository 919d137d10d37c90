from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.engines.sounds import sound
from voi.engines.stt.hallucination import compression_ratio
from voi.engines.stt.whisper.acceptance import Acceptance
from voi.engines.stt.whisper.guards import BRIEF_MS, VoiceSpan, believable
from voi.engines.stt.whisper.passes import BYTES_PER_MS, HeardBatch, Hypothesis, Pass
from voi.engines.stt.whisper.words import RawWord, text_of


def heard(text: str, **scores: float) -> Hypothesis:
    """A word takes 300 ms."""
    words = tuple(RawWord(f" {word}", (), 300 * at, 300 * (at + 1)) for at, word in enumerate(text.split()))
    return Hypothesis(words, compression_ratio=compression_ratio(text), **scores)  # type: ignore[arg-type]


def kept(hypothesis: Hypothesis, voiced_ms: int, prompt: str = "", *, brief: bool = False) -> str:
    """What is left of it where there is voice from the beginning on, and for `brief` nothing before it."""
    return text_of(believable(hypothesis, prompt, VoiceSpan(lambda: [True] * voiced_ms, 1), all_new=brief))


def left(text: str, *voiced: tuple[int, int]) -> str:
    """What is left of it where the voice is under these words: from one, to before another."""
    hypothesis = heard(text)
    windows = [any(start <= at < end for start, end in voiced) for at in range(len(hypothesis.words))]
    return text_of(believable(hypothesis, "", VoiceSpan(lambda: windows, 300), all_new=True))


def test_what_is_certain_is_not_even_checked() -> None:
    def never() -> list[bool]:
        raise AssertionError

    assert text_of(
        believable(heard("The child. It almost hurt the small dog."), "", VoiceSpan(never, 32), all_new=True)
    )


@pytest.mark.parametrize("text", ["Thank you.", "Thanks for watching!", "you", "Subtitles by the Amara.org community"])
def test_a_stock_phrase_needs_voice(text: str) -> None:
    assert kept(heard(text), voiced_ms=60) == ""
    assert kept(heard(text), voiced_ms=800) == text


def test_a_real_thank_you_survives_low_probability() -> None:
    assert kept(heard("Thank you.", avg_logprob=-1.2, no_speech_prob=0.3), voiced_ms=400) == "Thank you."


def test_silence_and_guesses_are_dropped_whatever_was_voiced() -> None:
    assert kept(heard("go on", avg_logprob=-1.2, no_speech_prob=0.8), voiced_ms=2_000) == ""
    assert kept(heard("go on", avg_logprob=-2.5), voiced_ms=2_000) == ""


# What Whisper base made of words cut from recorded speech: its marks, and how much voice the VAD heard.
CUT_WORDS = [
    ("my", -1.20, 0.72, 160),
    ("What?", -1.33, 0.71, 128),
    ("had", -1.20, 0.61, 256),
    ("in", -1.62, 0.71, 64),
    ("Power", -1.75, 0.57, 128),
    ("was", -1.78, 0.73, 128),
    ("The", -2.00, 0.38, 224),
    ("the", -1.65, 0.83, 224),
    ("you", -0.70, 0.68, 128),
]


@pytest.mark.parametrize(("text", "logprob", "no_speech", "voiced_ms"), CUT_WORDS)
def test_a_word_of_a_moment_is_not_lost(text: str, logprob: float, no_speech: float, voiced_ms: int) -> None:
    assert kept(heard(text, avg_logprob=logprob, no_speech_prob=no_speech), voiced_ms, brief=True) == text


@pytest.mark.parametrize(
    ("text", "logprob", "no_speech", "voiced_ms"),
    [
        ("you", -0.80, 0.91, 0),
        ("you", -1.11, 0.61, 64),
        ("Thank you very much.", -0.66, 0.67, 128),
        ("1.5m", -1.9, 0.88, 0),
    ],
)
def test_a_moment_of_noise_is_nothing(text: str, logprob: float, no_speech: float, voiced_ms: int) -> None:
    assert kept(heard(text, avg_logprob=logprob, no_speech_prob=no_speech), voiced_ms, brief=True) == ""


def test_a_loop_ends_after_its_first_round() -> None:
    assert kept(heard("well " + "I see it " * 12), voiced_ms=5_000) == "well I see it"
    assert kept(heard("well " + "I see it " * 12), voiced_ms=200) == ""


REPEATED = [
    ("No, no, no, no, no, no, that is wrong.", 6, "No, that is wrong."),
    ("one one one one one one is my number", 6, "one is my number"),
    ("I see it I see it I see it I see it and now you", 12, "I see it and now you"),
]


@pytest.mark.parametrize(("text", "repeats", "once"), REPEATED)
def test_what_follows_a_loop_stays(text: str, repeats: int, once: str) -> None:
    assert left(text, (repeats - 1, len(text.split()))) == once


@pytest.mark.parametrize(("text", "repeats", "_"), REPEATED)
def test_what_somebody_repeats_stays(text: str, repeats: int, _: str) -> None:
    assert left(text, (0, len(text.split()))) == text


def test_the_voice_beside_a_loop_is_not_its_own() -> None:
    text = "My code is zero zero zero zero zero zero and then comes a four"
    assert left(text, (0, 4), (9, 14)) == "My code is zero and then comes a four"
    assert left(text, (0, 14)) == text


def test_no_voice_saves_a_loop_that_goes_on_and_on() -> None:
    assert left("well " + "no " * 40 + "n", (0, 42)) == "well no"
    assert left("no " * 40 + "that is wrong", (0, 43)) == "no that is wrong"


def test_two_loops() -> None:
    text = "no " * 6 + "I said " + "stop " * 6 + "it"
    assert left(text, (5, 8), (13, 15)) == "no I said stop it"
    assert left(text, (0, 8), (13, 15)) == "no no no no no no I said stop it"


PHANTOMS = ["Thanks for watching!", "Thank you.", "Okay.", "Untertitel der Amara.org-Community", "Bye. Thank you."]


@pytest.mark.parametrize("hallucination", PHANTOMS)
@pytest.mark.parametrize("said", ["Turn it off.", "Is it the one? Yes, the first one."])
def test_a_hallucination_beside_what_was_said(said: str, hallucination: str) -> None:
    words, more = len(said.split()), len(hallucination.split())
    assert left(f"{said} {hallucination}", (0, words)) == said
    assert left(f"{said} {hallucination}", (0, words + more)) == f"{said} {hallucination}"
    if not hallucination[-1].isalpha():
        assert left(f"{hallucination} {said}", (more, more + words)) == said
        assert left(f"{hallucination} {said}", (0, more + words)) == f"{hallucination} {said}"
        assert left(f"{hallucination} {said} {hallucination}", (more, more + words)) == said


def test_the_prompt_read_aloud_after_what_was_said() -> None:
    hypothesis, prompt = heard("I want them red. Roses, tulips, peonies."), "Roses, tulips, peonies."
    assert kept(hypothesis, 1_499, prompt) == "I want them red."
    assert kept(hypothesis, 1_500, prompt) == "I want them red. Roses, tulips, peonies."


def test_a_loop_without_words_between_is_dropped() -> None:
    assert kept(heard("ha" * 60), voiced_ms=5_000) == ""


def test_the_prompt_read_aloud_needs_voice() -> None:
    prompt = "A call to Anna's flower shop. Roses, tulips, peonies."
    assert kept(heard("roses tulips peonies"), 100, prompt) == ""
    assert kept(heard("roses tulips peonies"), 900, prompt) == "roses tulips peonies"
    assert kept(heard("roses please"), 100, prompt) == "roses please"


def test_punctuation_alone_is_nothing() -> None:
    assert kept(heard("... !"), 900) == ""


class Saying:
    """A backend that always says the same."""

    languages = ("en",)

    def __init__(self, hypothesis: Hypothesis) -> None:
        self.hypothesis = hypothesis

    def load(self) -> None: ...

    def unload(self) -> None: ...

    def hear(self, passes: Sequence[Pass]) -> HeardBatch:
        said = [self.hypothesis for _ in passes]
        return HeardBatch(lambda: said)


def accepted(acceptance: Acceptance, backend: Saying, passes: list[Pass]) -> list[Hypothesis]:
    finished = acceptance.finished(passes, backend.hear(passes))
    assert isinstance(finished, list)
    return finished


def test_acceptance_asks_its_own_vad() -> None:
    acceptance, backend = Acceptance(), Saying(heard("Thank you."))
    noise, voice, silence = (
        accepted(acceptance, backend, [Pass(pcm)])[0] for pcm in (sound("noise2"), sound("spk1_snt1"), bytes(64_000))
    )
    assert [text_of(each.words) for each in (noise, voice, silence)] == ["", "Thank you.", ""]


ROLLS_MS = [(0, 0), (96, 0), (0, 96), (320, 96), (320, 320), (480, 320), (320, 2_000)]


@pytest.mark.parametrize(("before_ms", "after_ms"), ROLLS_MS)
def test_the_quiet_around_a_word_decides_nothing(before_ms: int, after_ms: int) -> None:
    word = sound("spk1_snt1")[400 * BYTES_PER_MS : 750 * BYTES_PER_MS]
    pcm = bytes(before_ms * BYTES_PER_MS) + word + bytes(after_ms * BYTES_PER_MS)
    for logprob, no_speech_prob in ((-1.3, 0.7), (-2.4, 0.3)):
        doubtful = Saying(heard("stop", avg_logprob=logprob, no_speech_prob=no_speech_prob))
        assert text_of(accepted(Acceptance(), doubtful, [Pass(pcm)])[0].words) == "stop"
        assert not accepted(Acceptance(), doubtful, [Pass(bytes(len(pcm)))])[0].words


def test_acceptance_listens_under_the_last_sentence() -> None:
    said, other = sound("spk1_snt1"), sound("spk1_snt3")[400 * BYTES_PER_MS : 900 * BYTES_PER_MS]
    end_ms = len(said) // BYTES_PER_MS
    words = (
        RawWord(" dog.", (), end_ms - 400, end_ms),
        RawWord(" Thank", (), end_ms, end_ms),
        RawWord(" you.", (), end_ms),
    )
    backend = Saying(Hypothesis(words))
    after = [bytes(len(other)), sound("noise2")[: len(other)], other]
    heard_so = accepted(Acceptance(), backend, [Pass(said + rest) for rest in after])
    assert [text_of(each.words) for each in heard_so] == ["dog.", "dog.", "dog. Thank you."]
    in_the_window = Pass(said + bytes(len(other)), prefix=(RawWord(" small", (), end_ms - 900, end_ms - 400),))
    assert text_of(accepted(Acceptance(), backend, [in_the_window])[0].words) == "dog."


def test_only_a_moment_is_trusted_to_the_voice_alone() -> None:
    doubtful = Saying(heard("stop", avg_logprob=-1.9, no_speech_prob=0.7))
    speech = sound("spk1_snt1")[12_000:]
    moment, longer = speech[: 32 * 300], speech[: 32 * (BRIEF_MS + 100)]
    after = Pass(moment, prefix=(RawWord(" please", (), 0, 50),))
    assert [text_of(h.words) for h in accepted(Acceptance(), doubtful, [Pass(moment), Pass(longer), after])] == [
        "stop",
        "",
        "",
    ]


def test_acceptance_listens_after_the_prefix() -> None:
    pcm = sound("spk1_snt1") + bytes(32 * 2_000)
    said_ms = len(sound("spk1_snt1")) // 32
    prefix = (RawWord(" dog.", (), said_ms - 400, said_ms + 200),)
    hypothesis = accepted(Acceptance(), Saying(heard("Thank you.")), [Pass(pcm, prefix=prefix)])[0]
    assert hypothesis.words == ()
    assert replace(hypothesis, words=()) == hypothesis


def test_a_doubtful_word_alone_needs_the_voice_of_two() -> None:
    assert kept(heard("you"), voiced_ms=150) == ""
    assert kept(heard("you"), voiced_ms=200) == "you"


def test_a_word_or_two_of_the_prompt_are_no_echo() -> None:
    assert kept(heard("roses, tulips"), 0, "Roses, tulips, peonies.") == "roses, tulips"


def test_a_chance_of_silence_alone_is_doubt() -> None:
    certain_of_silence = heard("go on then", avg_logprob=-0.5, no_speech_prob=0.9)
    assert kept(certain_of_silence, voiced_ms=100) == ""
    assert kept(certain_of_silence, voiced_ms=300) == "go on then"


def test_acceptance_forgives_a_word_that_seems_to_end_late() -> None:
    voice = sound("spk1_snt1")[12_000:][: 32 * 400]
    prefix = (RawWord(" well,", (), 0, 300),)  # most of the voice came after it
    assert text_of(accepted(Acceptance(), Saying(heard("Thank you.")), [Pass(voice, prefix=prefix)])[0].words)
