from voi.engines.stt.whisper.words import RawWord, agreed, joined, same, text_of


def words(*texts: str) -> tuple[RawWord, ...]:
    return tuple(RawWord(text, (at,), at * 100, at * 100 + 100) for at, text in enumerate(texts))


def test_text_is_as_the_model_spaces_it() -> None:
    assert text_of(words(" Hello", " there.")) == "Hello there."
    assert text_of(words("你", "好")) == "你好"


def test_the_same_word_however_it_is_written() -> None:
    assert same(RawWord(" To,"), RawWord(" to"))
    assert not same(RawWord(" to"), RawWord(" two"))


def test_how_many_words_both_begin_with() -> None:
    assert agreed(words(" I", " am", " here."), words(" I", " am", " hearing")) == 2
    assert agreed((), words(" I")) == 0


def test_punctuation_goes_to_its_word() -> None:
    pieces = words(" He", " said", ":", ' "', "Come", "!", '"', " (", "quietly", ")")
    result = joined(pieces)
    assert [word.text for word in result] == [" He", " said:", ' "Come!"', " (quietly)"]
    assert [word.tokens for word in result] == [(0,), (1, 2), (3, 4, 5, 6), (7, 8, 9)]
    assert (result[2].start_ms, result[2].end_ms) == (300, 700)


def test_a_joined_word_is_as_probable_as_its_least_probable_piece() -> None:
    for one, other in ((0.9, 0.4), (0.4, 0.9)):
        assert joined([RawWord(" an", probability=one), RawWord("-ill", probability=other)])[0].probability == 0.4


def test_a_mark_after_what_is_confirmed_does_not_hide_that_two_passes_agree() -> None:
    later = joined(words(",", " ask", " not"))
    assert [word.text for word in later] == [", ask", " not"]
    assert agreed(words(" ask", " not"), later) == 2


def test_what_is_written_as_one_word_is_one() -> None:
    assert [word.text for word in joined(words(" an", " ill", "-disposed", " man", "'s", " 1", ",000"))] == [
        " an", " ill-disposed", " man's", " 1,000",
    ]  # fmt: skip
    assert [word.text for word in joined(words(" so", " …", " well"))] == [" so …", " well"], "it opens nothing"
    assert [word.text for word in joined(words("你", "，", "好"))] == ["你，", "好"]


def test_punctuation_alone_is_not_lost() -> None:
    assert [word.text for word in joined(words("...", "!"))] == ["...!"]
    assert [word.text for word in joined(words(" so", ' "'))] == [" so", ' "']


def test_sentence_ends() -> None:
    assert RawWord(" it.”").ends_sentence
    assert RawWord("。").ends_sentence
    assert not RawWord(" it,").ends_sentence
