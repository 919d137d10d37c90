"""The streaming policy with a scripted model: whatever the pieces and whenever the passes, each word comes once."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.engines.stt.whisper.scripted import Piece, read, said, speech
from voi.engines.stt.whisper.decoding_state import (
    ANCHOR_WORDS,
    CONTEXT_WORDS,
    FALLBACK,
    GOES_ON_MS,
    TRIM_OVER_MS,
    WINDOW_MS,
    DecodingState,
)
from voi.engines.stt.whisper.passes import BYTES_PER_MS, Hypothesis
from voi.engines.stt.whisper.sound import PAUSE_MS, to_ms
from voi.engines.stt.whisper.words import RawWord


def listen() -> DecodingState:
    return DecodingState(language="en", prompt="")


def finish(decoding: DecodingState) -> str:
    for _ in range(100):
        if decoding.covered >= decoding.heard:
            return decoding.text()
        window, each = decoding.next_pass(may_be_final=True)
        assert len(each.pcm) <= WINDOW_MS * BYTES_PER_MS
        decoding.take(window, read(each), may_be_final=True)
    raise AssertionError("no end")


def partial(decoding: DecodingState) -> None:
    window, each = decoding.next_pass(may_be_final=False)
    decoding.take(window, read(each), may_be_final=decoding.overfull)


@st.composite
def conversations(draw: st.DrawFn) -> list[Piece]:
    pieces = []
    for number in range(draw(st.integers(1, 120))):
        pieces.append(Piece(number, draw(st.integers(100, 700))))
        pieces.append(Piece(None, draw(st.sampled_from([0, 20, 60, 150, 400, 1_500]))))
    return pieces


@given(conversations(), st.integers(20, 2_000), st.randoms(use_true_random=False))
def test_no_word_is_lost_or_doubled(pieces: list[Piece], chunk_ms: int, chance: object) -> None:
    decoding = listen()
    confirmed = ""
    under_way = None
    for piece in pieces:
        pcm = piece.pcm
        for at in range(0, len(pcm), chunk_ms * BYTES_PER_MS):
            decoding.sound.feed(pcm[at : at + chunk_ms * BYTES_PER_MS], piece.word is not None or piece.ms < 100)
            roll = chance.random()  # type: ignore[attr-defined]
            if under_way and roll < 0.5:  # a pass answers later than it was asked, with what it was shown
                window, each, final = under_way
                decoding.take(window, read(each), may_be_final=final)
                under_way = None
            elif not under_way and roll > 0.7 and decoding.covered < decoding.heard:
                final = roll > 0.9 or decoding.overfull
                under_way = (*decoding.next_pass(may_be_final=final), final)
            now = decoding.transcript().confirmed
            assert now.startswith(confirmed), "what is confirmed does not change"
            confirmed = now
    if under_way:
        decoding.take(under_way[0], read(under_way[1]), may_be_final=under_way[2])
    numbers = [piece.word for piece in pieces if piece.word is not None]
    text = finish(decoding)
    if pieces[-1].ms == 0:  # the sound ends inside the last word
        text = text.removesuffix("-cut")
    assert text == said(*numbers)
    times = [(word.start_ms, word.end_ms) for word in decoding.words]
    assert all(start <= end for start, end in times)


def test_a_long_utterance_in_one_piece_takes_several_passes() -> None:
    decoding = listen()
    decoding.sound.feed(speech(*[500] * 200, pause_ms=20), True)
    assert finish(decoding).removesuffix("-cut") == said(*range(200))
    assert to_ms(decoding.sound.end - decoding.sound.start) < WINDOW_MS


def test_the_tail_alone_is_decoded_at_the_end() -> None:
    decoding = listen()
    for number in range(30):
        decoding.sound.feed(Piece(number, 300).pcm + Piece(None, 50).pcm, True)
        partial(decoding)
    _, each = decoding.next_pass(may_be_final=True)
    assert len(read(each).words) <= 3
    assert len(each.prefix) >= ANCHOR_WORDS


def test_the_model_may_not_end_where_speech_went_on() -> None:
    """Whisper base, in the pause after a confirmed sentence, said that nothing followed: the next sentence was gone."""
    decoding = listen()
    decoding.sound.feed(speech(300, 300, 300, 300, 300, 300), True)
    partial(decoding)
    assert not decoding.next_pass(may_be_final=False)[1].goes_on, "no word is confirmed"
    decoding.sound.feed(bytes(300 * BYTES_PER_MS), True)
    partial(decoding)
    confirmed_ms = decoding._agreement.confirmed[-1].end_ms
    assert not decoding.next_pass(may_be_final=False)[1].goes_on
    decoding.sound.feed(bytes(3_000 * BYTES_PER_MS), False)
    assert not decoding.next_pass(may_be_final=False)[1].goes_on, "a pause"
    decoding.sound.feed(bytes((GOES_ON_MS - 300) * BYTES_PER_MS), True)
    window, each = decoding.next_pass(may_be_final=False)
    assert each.goes_on == (to_ms(window.end) - confirmed_ms >= GOES_ON_MS)
    assert each.goes_on


def test_the_window_is_trimmed_at_confirmed_words() -> None:
    decoding = listen()
    for number in range(150):
        decoding.sound.feed(Piece(number, 300).pcm + Piece(None, 50).pcm, True)
        partial(decoding)
        assert to_ms(decoding.sound.end - decoding.sound.start) <= 16_000
    assert finish(decoding) == said(*range(150))


def test_noise_that_says_nothing_does_not_hold_up_what_follows() -> None:
    decoding = listen()
    decoding.sound.feed(bytes(70_000 * BYTES_PER_MS), True)
    decoding.sound.feed(speech(400, 400) + bytes(3_200), True)
    assert finish(decoding) == said(0, 1)


def test_a_doubtful_partial_is_not_taken() -> None:
    decoding = listen()
    decoding.sound.feed(speech(300, 300), True)
    window, each = decoding.next_pass(may_be_final=False)
    assert each.temperatures == (0.0,)
    doubtful = Hypothesis((RawWord(" mumble"),), avg_logprob=-1.3)
    decoding.take(window, doubtful, may_be_final=False)
    assert (decoding.text(), decoding.covered, decoding.tried) == ("", 0, decoding.heard)
    window, each = decoding.next_pass(may_be_final=True)
    assert each.temperatures == FALLBACK
    decoding.take(window, doubtful, may_be_final=True)
    assert decoding.text() == "mumble", "the guards have judged it by then"


def test_context_only_in_the_middle_of_a_sentence_and_never_after_doubt() -> None:
    def trimmed(ending: str, *, doubt: bool) -> tuple[RawWord, ...]:
        decoding = listen()
        for number in range(60):
            decoding.sound.feed(Piece(number, 300).pcm + Piece(None, 50).pcm, True)
            window, each = decoding.next_pass(may_be_final=True)
            heard = read(each)
            words = tuple(replace(word, text=word.text + ending) for word in heard.words)
            decoding.take(window, replace(heard, words=words, avg_logprob=-1.2 if doubt else 0.0), may_be_final=True)
        return decoding.next_pass(may_be_final=True)[1].context

    assert trimmed("", doubt=False)
    assert not trimmed(".", doubt=False)
    assert not trimmed("", doubt=True)


def test_what_is_tentative_goes_on_as_the_model_spaces_it() -> None:
    for texts, confirmed, tentative in (
        ((" so", " my", " fellow"), "so my", " fellow"),
        ((" so", ", my", ", fellow"), "so, my", ", fellow"),
        (("你好", "世", "界"), "你好世", "界"),
    ):
        decoding = listen()
        words = tuple(RawWord(text, (at,), 300 * at, 300 * at + 300) for at, text in enumerate(texts))
        for until_ms in (1_000, 1_100):
            decoding.sound.feed(bytes((until_ms - to_ms(decoding.sound.end)) * BYTES_PER_MS), True)
            window, _ = decoding.next_pass(may_be_final=False)
            decoding.take(window, Hypothesis(words), may_be_final=False)
        transcript = decoding.transcript()
        assert (transcript.confirmed, transcript.tentative) == (confirmed, tentative)
        assert transcript.text == confirmed + tentative == decoding.text()


def test_the_language_stays_the_usual_one() -> None:
    decoding = DecodingState(language=None, prompt="")
    decoding.sound.feed(speech(300), True)
    window, each = decoding.next_pass(may_be_final=True)
    assert (each.language, each.usual) == (None, None)
    decoding.take(window, Hypothesis((), language="de"), may_be_final=True)
    decoding.sound.feed(speech(300), True)
    assert decoding.next_pass(may_be_final=True)[1].usual == "de"


def test_more_of_a_pause_asks_for_nothing_more() -> None:
    decoding = listen()
    decoding.sound.feed(speech(300), True)
    decoding.sound.feed(bytes(PAUSE_MS * BYTES_PER_MS), False)
    heard = decoding.heard
    assert heard == decoding.sound.end
    decoding.sound.feed(bytes(200 * BYTES_PER_MS), False)
    assert decoding.heard == heard < decoding.sound.end


def take_words(decoding: DecodingState, words: tuple[RawWord, ...], until_ms: int) -> None:
    """Twice, so that they are confirmed."""
    for end_ms in (until_ms - 20, until_ms):
        decoding.sound.feed(bytes((end_ms - to_ms(decoding.sound.end)) * BYTES_PER_MS), True)
        window, each = decoding.next_pass(may_be_final=False)
        decoding.take(window, Hypothesis(words[len(each.prefix) :]), may_be_final=False)


def test_a_prefix_of_many_tokens_is_trimmed_before_the_window_is_long() -> None:
    decoding = listen()
    words = tuple(RawWord(f" {at}", (at,) * 16, 300 * at, 300 * at + 200) for at in range(9))
    take_words(decoding, words, 7_000)
    assert decoding.sound.start > 0
    assert len(decoding.next_pass(may_be_final=False)[1].prefix) < len(words)


def test_the_cut_is_where_a_sentence_begins_between_two_words() -> None:
    decoding = listen()
    texts = [" one", " two.", " three", " four", " five", " six", " seven"]
    words = tuple(RawWord(text, (at,), 1_000 * at, 1_000 * at + 600) for at, text in enumerate(texts))
    take_words(decoding, words, TRIM_OVER_MS + 100)
    assert to_ms(decoding.sound.start) == 1_800
    assert [word.text for word in decoding.next_pass(may_be_final=False)[1].prefix] == texts[2:]


def test_a_full_window_moves_on_by_seconds_at_least() -> None:
    """Where the only cut is near its start, what is heard in it is confirmed as it is."""
    decoding = listen()
    decoding.sound.feed(bytes((WINDOW_MS + 5_000) * BYTES_PER_MS), True)
    texts = [" one.", *(f" w{at}" for at in range(8))]
    words = tuple(RawWord(text, (at,), 1_000 + 900 * at, 1_800 + 900 * at) for at, text in enumerate(texts))
    window, _ = decoding.next_pass(may_be_final=True)
    assert window.full
    decoding.take(window, Hypothesis(words), may_be_final=True)
    assert decoding.sound.start == window.end
    assert decoding.text() == "one. w0 w1 w2 w3 w4 w5 w6 w7"


def test_the_context_is_what_is_nearest() -> None:
    decoding = listen()
    for number in range(150):
        decoding.sound.feed(Piece(number, 300).pcm + Piece(None, 50).pcm, True)
        partial(decoding)
    context = decoding.next_pass(may_be_final=False)[1].context
    assert len(context) == CONTEXT_WORDS
    first = decoding.next_pass(may_be_final=False)[1].prefix[0].tokens[0]
    assert context[-1].tokens == (first - 1,)


def test_a_language_is_spoken_where_there_are_words_and_the_newest_is_the_usual_one() -> None:
    decoding = DecodingState(language=None, prompt="", usual="fr")
    for words, spoken in (((), None), ((RawWord(" ja"),), "de")):
        decoding.sound.feed(speech(300), True)
        window, _ = decoding.next_pass(may_be_final=True)
        decoding.take(window, Hypothesis(words, language="de"), may_be_final=True)
        assert decoding.spoken == decoding.transcript().language == spoken
    assert decoding.next_pass(may_be_final=True)[1].usual == "de"
