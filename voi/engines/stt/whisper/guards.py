"""Removes hallucinations. Whisper, trained on subtitles, answers noise with stock phrases, its own prompt, or loops.

A person may also say such words, so doubt alone drops nothing: a doubtful text stays when enough voice was heard for
it. Pure, except for `Voice`, which asks the VAD.

In sound of a word or two the model's own marks say nothing: of words cut from recorded speech, 150 to 420 ms long, base
transcribed 23 of 44 rightly, those with probabilities down to exp(-2.0) and chances of silence up to 0.83, and so it
marked the others. There only the voice counts.
"""

import math
from collections.abc import Callable, Sequence
from functools import cached_property

from voi.engines.stt.hallucination import LOOP_RATIO, STOCK_PHRASES, WORD_MS, bare, compression_ratio, unlooped
from voi.engines.stt.whisper.passes import LOW_LOGPROB, NO_SPEECH, Hypothesis
from voi.engines.stt.whisper.words import RawWord, text_of

HOPELESS_LOGPROB = -1.7
"""Below, the decoder was guessing: each token had a chance of less than one in five."""
BRIEF_MS = 480
"""A word, from the first voice to the last: how much quiet is around it depends on when the pass began. Of 50 pieces of
440 to 800 ms tiny.en marked none as silence that it had right."""
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


class VoiceSpan:
    """How much voice is where in a pass. `hear`: tells of each window of `window_ms`, from `start_ms` on, whether it is
    voice; called once, and only in doubt."""

    def __init__(self, hear: Callable[[], Sequence[bool]], window_ms: int, start_ms: int = 0) -> None:
        self._hear, self._window_ms, self._start_ms = hear, window_ms, start_ms

    @cached_property
    def _middles_ms(self) -> list[float]:
        """Of the windows that are voice."""
        middle_ms = self._start_ms + self._window_ms / 2
        return [middle_ms + at * self._window_ms for at, voiced in enumerate(self._hear()) if voiced]

    def between(self, start_ms: float = 0, end_ms: float = math.inf) -> int:
        """Voice, in ms."""
        return self._window_ms * sum(start_ms <= middle_ms < end_ms for middle_ms in self._middles_ms)

    @property
    def brief(self) -> bool:
        """No longer than a word, pauses in it included."""
        middles_ms = self._middles_ms
        return not middles_ms or middles_ms[-1] - middles_ms[0] + self._window_ms < BRIEF_MS


def believable(hypothesis: Hypothesis, prompt: str, voice: VoiceSpan, *, all_new: bool) -> tuple[RawWord, ...]:
    """The words of `hypothesis` that a person can have said. `all_new`: no words come before them in the pass."""
    unrepeated = _without_loops(hypothesis.words, voice)
    words = _without_phantoms(unrepeated, prompt, voice)
    text = bare(text_of(words))
    if not text or compression_ratio(text_of(words)) > LOOP_RATIO:
        return ()
    suspect = len(unrepeated) < len(hypothesis.words) or _suspect(words, prompt)
    if not suspect and hypothesis.avg_logprob >= LOW_LOGPROB and hypothesis.no_speech_prob <= NO_SPEECH:
        return words
    brief = all_new and voice.brief
    if not brief and (hypothesis.silent or hypothesis.avg_logprob < HOPELESS_LOGPROB):
        return ()
    count = len(text.split())
    needed_ms = WORD_MS * count - (0 if suspect else ONSET_MS) if brief else WORD_MS * max(2, count)
    return words if voice.between() >= needed_ms else ()


def _without_loops(words: tuple[RawWord, ...], voice: VoiceSpan) -> tuple[RawWord, ...]:
    """Only the first round of each loop, unless there is enough voice for a person to have repeated it."""
    compresses = compression_ratio(text_of(words)) > LOOP_RATIO

    def said(start: int, end: int) -> bool:
        loop = words[start:end]
        return not compresses and voice.between(loop[0].start_ms, loop[-1].end_ms) >= WORD_MS * len(loop)

    return tuple(words[at] for at in unlooped([bare(word.text) for word in words], said))


def _without_phantoms(words: tuple[RawWord, ...], prompt: str, voice: VoiceSpan) -> tuple[RawWord, ...]:
    """The words without hallucinated sentences at the end and the beginning; at least one sentence is left.

    With the times of tiny.en, "Thanks for watching!", "Thank you.", "Okay." or "you" put after and before sentences of
    the tests, in quiet and noise, were dropped in 70 of 74 and in 23 of 24 cases; really said, in none of 27 and 18."""

    def hallucination(sentence: Sequence[RawWord], start_ms: float = 0, end_ms: float = math.inf) -> bool:
        needed_ms = WORD_MS * len(bare(text_of(sentence)).split())
        return _suspect(sentence, prompt) and voice.between(start_ms, end_ms) < needed_ms

    ends = [at for at, word in enumerate(words[:-1], 1) if word.ends_sentence]
    while ends and hallucination(words[ends[-1] :], start_ms=words[ends[-1] - 1].end_ms):
        words = words[: ends.pop()]
    while ends and hallucination(words[: ends[0]], end_ms=words[ends[0]].start_ms):
        words = words[ends[0] :]
        ends = [at - ends[0] for at in ends[1:]]
    return words


def _suspect(words: Sequence[RawWord], prompt: str) -> bool:
    """A stock phrase, or nothing but three words or more of the prompt: the model read it aloud."""
    text = bare(text_of(words))
    return text in STOCK_PHRASES | SUBTITLE_PHRASES or (len(text.split()) >= 3 and f" {text} " in f" {bare(prompt)} ")
