"""What both backends do with tokens: what a row begins with, and words from tokens with times. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from voi.engines.stt.whisper.passes import Pass
from voi.engines.stt.whisper.words import RawWord, joined

TEXT_CONTEXT = 448
TOKENS_PER_S = 12  # three times as fast as fast talk; more is a loop
SHORTEST_TOKENS = 16

FRAMES_PER_S = 50
"""Frame rate of the encoder."""

SWITCH_LANGUAGE = 3.0
"""How many times likelier than the usual language another one must be to replace it: short sounds are poor evidence."""
SWITCH_PROBABILITY = 0.7
"""The probability that it must have as well. Measured with base: English for "Ja, gerne." had 0.42, Thai for a French
sentence 0.63; correct languages, for two words or a sentence, had 0.73 to 0.98."""


class WhisperTokenizer(Protocol):
    """What the tokenizers of openai-whisper and faster-whisper have in common."""

    @property
    def eot(self) -> int: ...

    @property
    def sot_prev(self) -> int: ...

    @property
    def no_timestamps(self) -> int: ...

    @property
    def sot_sequence(self) -> Sequence[int]: ...

    def encode(self, text: str) -> list[int]: ...

    def split_to_word_tokens(self, tokens: list[int]) -> tuple[list[str], list[list[int]]]: ...


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """`tokens`: prompt and context, the start of the transcript, the prefix. `start`: where in them the transcript
    starts. `prefix`: how many belong to the prefix. `most`: how many tokens may follow."""

    tokens: list[int]
    start: int
    prefix: int
    most: int


@dataclass(frozen=True, slots=True)
class SaidToken:
    """A decoded token, and when it was said, in frames of the encoder."""

    token: int
    start: int
    end: int
    logprob: float


def beginning(each: Pass, tokenizer: WhisperTokenizer) -> PromptTokens:
    """The tokens that a pass begins with. The prompt is cut to half of the room, and the context to its end, which is
    nearest and helps most."""
    room = TEXT_CONTEXT // 2 - 4
    prefix = [token for word in each.prefix for token in word.tokens][8 - room :]
    prompt = tokenizer.encode(" " + each.prompt.strip())[: room // 2] if each.prompt.strip() else []
    context = [token for word in each.context for token in word.tokens]
    before = prompt + context[-(room - len(prompt)) :]
    if before:
        before = [tokenizer.sot_prev, *before]
    tokens = [*before, *tokenizer.sot_sequence, tokenizer.no_timestamps, *prefix]
    most = min(room - len(prefix), SHORTEST_TOKENS + int(TOKENS_PER_S * each.seconds))
    return PromptTokens(tokens, len(before), len(prefix), most)


def frames_of(each: Pass) -> int:
    """How many frames of the encoder have sound of that pass; the rest of its 30 s is padding."""
    return max(1, min(30 * FRAMES_PER_S, round(each.seconds * FRAMES_PER_S)))


def timed_words(said: Sequence[SaidToken], tokenizer: WhisperTokenizer) -> tuple[RawWord, ...]:
    """The words, without tokens that are not text."""
    said = [each for each in said if each.token < tokenizer.eot]
    pieces, at = [], 0
    for text, tokens in zip(*tokenizer.split_to_word_tokens([each.token for each in said]), strict=True):
        mine = said[at : at + len(tokens)]
        at += len(tokens)
        probability = math.exp(sum(each.logprob for each in mine) / len(mine))
        start_ms, end_ms = (frame * 1000 // FRAMES_PER_S for frame in (mine[0].start, mine[-1].end))
        pieces.append(RawWord(text, tuple(tokens), start_ms, end_ms, probability))
    return joined(pieces)


def choose_language(chances: dict[str, float], each: Pass) -> str:
    """The given language; else the likeliest one, or the usual one if the likeliest is not likely enough to replace
    it."""
    if each.language:
        return each.language
    likeliest = max(chances, key=chances.__getitem__)
    if each.usual in chances and chances[likeliest] < max(SWITCH_PROBABILITY, SWITCH_LANGUAGE * chances[each.usual]):
        return each.usual
    return likeliest
