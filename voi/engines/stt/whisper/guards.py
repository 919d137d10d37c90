"""Words that nobody said. Whisper, trained on subtitles, answers noise with stock phrases, its own prompt, or loops.

The same words may also be meant, so doubt alone drops nothing: a doubtful text stays where enough voice was heard for
it to have been said. Pure, but for `voiced_ms`, which asks the VAD.

In sound of a word or two the model's own marks say nothing: of words cut from recorded speech, 150 to 420 ms long, base
transcribed 23 of 44 rightly, those with probabilities down to exp(-2.0) and chances of silence up to 0.83, and so it
marked the others. There only the voice counts.
"""

from collections.abc import Callable

from voi.engines.stt.phantom import STOCK_PHRASES, WORD_MS, bare, unloop
from voi.engines.stt.whisper.passes import LOOP_RATIO, LOW_LOGPROB, NO_SPEECH, Hypothesis, compression_ratio
from voi.engines.stt.whisper.words import Word, text_of

HOPELESS_LOGPROB = -1.7
"""Below, the decoder was guessing: each token had a chance of less than one in five."""
BRIEF_MS = 800
"""A word, with as much of a pause before it as is kept."""
ONSET_MS = 64
"""What the VAD misses of a voice that sets in at once."""

# What subtitles end with, besides what all models say.
SUBTITLE_PHRASES = frozenset(
    {
        "subtitles by the amara org community", "subtitles by", "transcription by castingwords", "transcribed by",
        "please subscribe to my channel", "thanks for listening", "thank you for listening", "i'll see you next time",
        "see you in the next video", "untertitel der amara org community", "untertitel im auftrag des zdf",
        "untertitelung des zdf", "vielen dank", "vielen dank fürs zuschauen", "sous titres réalisés par la communauté "
        "d'amara org", "merci d'avoir regardé cette vidéo", "subtítulos realizados por la comunidad de amara org",
        "gracias por ver el video", "sottotitoli creati dalla comunità amara org", "продолжение следует",
        "субтитры сделал dimatorzok", "ご視聴ありがとうございました", "谢谢观看", "请不吝点赞", "字幕by索兰娅",
        "시청해주셔서 감사합니다",
    }
)  # fmt: skip


def believable(
    hypothesis: Hypothesis, prompt: str, voiced_ms: Callable[[int], int], *, brief: bool = False
) -> tuple[Word, ...]:
    """The words of `hypothesis` as far as somebody can have said them.

    `voiced_ms(enough)`: how much voice there is where the words would be, counted up to `enough`; only asked in doubt.
    `brief`: the pass's sound was shorter than `BRIEF_MS`, and all of it new.
    """
    if not brief and (hypothesis.silent or hypothesis.avg_logprob < HOPELESS_LOGPROB):
        return ()
    words = _first_round(hypothesis.words)
    looped = len(words) < len(hypothesis.words)
    if not looped and compression_ratio(text_of(words)) > LOOP_RATIO:
        return ()
    text = bare(text_of(words))
    if not text:
        return ()
    suspect = looped or text in STOCK_PHRASES | SUBTITLE_PHRASES or _echoes(text, prompt)
    if suspect or hypothesis.avg_logprob < LOW_LOGPROB or hypothesis.no_speech_prob > NO_SPEECH:
        needed_ms = _needed_ms(len(text.split()), brief=brief, suspect=suspect)
        return words if voiced_ms(needed_ms) >= needed_ms else ()
    return words


def _needed_ms(words: int, *, brief: bool, suspect: bool) -> int:
    """Voice that so many doubtful words need."""
    if brief:
        return WORD_MS * words - (0 if suspect else ONSET_MS)
    return WORD_MS * max(2, words)


def _first_round(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words up to the end of the first round of a loop."""
    text = "".join(word.text for word in words)
    kept = len(unloop(text))
    if kept == len(text):
        return words
    length = 0
    for count, word in enumerate(words, 1):
        length += len(word.text)
        if length >= kept:
            return words[:count]
    return words


def _echoes(text: str, prompt: str) -> bool:
    """Nothing but three words or more of the prompt: the model read it aloud."""
    return len(text.split()) >= 3 and f" {text} " in f" {bare(prompt)} "
