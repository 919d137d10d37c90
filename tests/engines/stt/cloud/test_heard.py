"""Sound that may be sent again, clocks, and text that is kept when a socket is lost."""

from voi.engines.base import TimedWord
from voi.engines.stt.cloud.heard import HeardText, SoundClock, UnconfirmedSound, UtteranceText


def test_sound_goes_out_in_whole_frames_and_is_kept_until_it_is_confirmed() -> None:
    sound = UnconfirmedSound(kept_ms=100)
    sound.feed(bytes([1]) * 1_001, speech=True)
    sound.feed(bytes([2]) * 3_000, speech=False)
    assert sound.voiced_end == 1_001
    assert sound.next_frame(640, 3_200) == bytes([1]) * 1_001 + bytes([2]) * 2_199
    assert sound.next_frame(1_600, 3_200) == b"", "there is less than the least"
    assert len(sound.next_frame(2, 3_200)) == 800, "half a sample waits"
    assert sound.start == 800, "only 100 ms are kept"
    sound.confirm(1_601)
    assert sound.start == 1_600
    sound.rewind(0)
    assert sound.sent == 1_600
    assert sound.next_frame(2, 400) == bytes([2]) * 400
    sound.rewind(9_999)
    assert sound.sent == 2_000
    sound.confirm(9_999)
    assert sound.start == 2_000, "sound that was not sent is never forgotten"


def test_unsent_sound_is_kept_however_long_it_is() -> None:
    sound = UnconfirmedSound(kept_ms=10)
    sound.feed(bytes(64_000), speech=True)
    assert sound.next_frame(2, 3_200)
    assert sound.start == 3_200 - 320


def test_a_clock_follows_silence_that_was_put_in() -> None:
    clock = SoundClock()
    assert clock.utterance_ms(5) == 0
    clock.mark(1_000, 0)
    clock.mark(1_100, 100)
    clock.mark(1_700, 200)
    assert clock.from_ms == 1_000
    assert [clock.utterance_ms(at) for at in (900, 1_000, 1_150, 1_700, 1_800)] == [0, 0, 150, 200, 300]


def test_what_can_no_longer_be_sent_again_is_kept_as_it_was_heard() -> None:
    clock, text = SoundClock(), UtteranceText()
    clock.mark(0, 0)
    text.take(HeardText(" One.", True, (TimedWord("One.", 0, 400),), 500, "en"), clock)
    words = tuple(TimedWord(word, 600 + 200 * n, 800 + 200 * n) for n, word in enumerate(("two", "three", "four")))
    text.take(HeardText(" two three four", False, words, 1_300), clock)
    assert text.growing().tentative == " two three four"
    assert text.lose(kept_from_ms=900) == 1_000, "a word that was torn is not sent again"
    assert (text.confirmed, text.tentative) == (" One. two three", "")
    assert [word.text for word in text.final(0).words] == ["One.", "two", "three"]
    assert text.lose(kept_from_ms=300) == 1_000
    assert text.final(0).language == "en"
