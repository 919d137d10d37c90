"""Words with their tokens and times, and when two hypotheses say the same word. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

_OPENING = frozenset("\"'“‘«¿¡([{-")


@dataclass(frozen=True, slots=True)
class RawWord:
    """`text` as the model writes it, including a leading space. Times count from the start of the window in a
    hypothesis, and from the start of the kept sound in `DecodingState`."""

    text: str
    tokens: tuple[int, ...] = ()
    start_ms: int = 0
    end_ms: int = 0
    probability: float = 1.0

    @property
    def ends_sentence(self) -> bool:
        return self.text.rstrip("\"'”’)]»").endswith((".", "!", "?", "。", "！", "？", "…"))

    def later(self, by_ms: int) -> "RawWord":
        return replace(self, start_ms=self.start_ms + by_ms, end_ms=self.end_ms + by_ms)


def text_of(words: Iterable[RawWord]) -> str:
    """The text of these words, without space around it."""
    return "".join(word.text for word in words).strip()


def same(one: RawWord, other: RawWord) -> bool:
    """True if both are the same word. Case and punctuation are ignored, because they change as more is heard."""
    return _bare(one.text) == _bare(other.text)


def agreed(earlier: Sequence[RawWord], later: Sequence[RawWord]) -> int:
    """How many words the two have in common at their beginning."""
    count = 0
    for one, other in zip(earlier, later, strict=False):
        if not same(one, other):
            break
        count += 1
    return count


def joined(pieces: Sequence[RawWord]) -> tuple[RawWord, ...]:
    """The pieces, with each punctuation mark joined to the word that it belongs to: the one before, or the one after
    for an opening mark. A mark at the very beginning is also joined to the word after it, so that two passes agree on
    that word whether they write the mark or not."""
    words: list[RawWord] = []
    opening: RawWord | None = None
    for piece in pieces:
        if not _bare(piece.text):
            alone = piece.text.strip()
            if not words or (piece.text.startswith(" ") and alone and alone[-1] in _OPENING):
                opening = _merge(opening, piece) if opening else piece
                continue
            if words and not opening:
                words[-1] = _merge(words[-1], piece)
                continue
        if words and not opening and not piece.text[0].isspace() and not piece.text[0].isalnum():
            words[-1] = _merge(
                words[-1], piece
            )  # "-disposed" goes with " ill": after "ill" alone Whisper says "-sposed"
            continue
        words.append(_merge(opening, piece) if opening else piece)
        opening = None
    if opening:
        words.append(opening)
    return tuple(words)


def _merge(one: RawWord, other: RawWord) -> RawWord:
    probability = min(one.probability, other.probability)
    return RawWord(one.text + other.text, one.tokens + other.tokens, one.start_ms, other.end_ms, probability)


def _bare(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
