"""Text to token ids with the model's own vocab.json, by the `tokenizers` library."""

import unicodedata
from pathlib import Path

from voi.engines.tts.xtts.cutting import cut
from voi.engines.tts.xtts.spelling import spelled
from voi.errors import ConfigError
from voi.text.speakable import has_speech, speakable


class XttsTokenizer:
    """`longest`: ids that the model takes between its start and stop marks."""

    def __init__(self, vocabulary: Path, longest: int) -> None:
        from tokenizers import Tokenizer as Bpe

        try:
            self._bpe = Bpe.from_file(str(vocabulary))
        except Exception as error:  # the library raises plain Exception
            raise ConfigError(f"XTTS vocabulary {vocabulary}: {error}") from None
        start, stop = self._bpe.token_to_id("[START]"), self._bpe.token_to_id("[STOP]")
        if start is None or stop is None:
            raise ConfigError(f"XTTS vocabulary {vocabulary}: it lacks [START] or [STOP].")
        self._start, self._stop = start, stop
        self._unknown = self._bpe.token_to_id("[UNK]")
        vocab = self._bpe.get_vocab()
        self._spoken = {token for piece, token in vocab.items() if has_speech(piece) and not piece.startswith("[")}
        self._longest = longest

    def ids(self, text: str, language: str) -> list[int]:
        """The ids of the text, between the start and stop marks; unknown characters are left out. Empty if no letter or
        digit is left, because the model would babble for marks alone."""
        said = spelled(text, language)
        inner = self._bpe.encode(f"[{language}]{said}".replace(" ", "[SPACE]")).ids
        inner = [token for token in inner if token != self._unknown]
        return [self._start, *inner, self._stop] if not self._spoken.isdisjoint(inner) else []

    def parts(self, text: str, language: str, longest_chars: int) -> list[tuple[str, list[int]]]:
        """The text in pieces that the model can take, each with its ids; none if the model knows no letter of it.
        Numbers and signs are put into words before the cut, and words that cannot be spoken are left out, so that no
        number is cut in two and each piece's length is that of its spoken form. Each piece ends with a punctuation
        mark: without one the model often goes on with meaningless sounds, especially after a short text.
        """
        words = speakable(text, language).split()
        known = " ".join(word for word in words if not has_speech(word) or self.ids(word, language))
        return self._parts(known, language, longest_chars)

    def _parts(self, text: str, language: str, longest_chars: int) -> list[tuple[str, list[int]]]:
        done = []
        pieces = cut(text, longest_chars)
        for number, part in enumerate(pieces, 1):
            ids = self.ids(_marked(part, "." if number == len(pieces) else ","), language)
            if len(ids) - 2 >= self._longest and len(part) > 1:
                done += self._parts(part, language, len(part) // 2)
            elif ids:
                done.append((part, ids))
        return done


def _marked(part: str, mark: str) -> str:
    said = part.rstrip("\"'»”’)]*_ ")
    return part if not said or unicodedata.category(said[-1]).startswith("P") else f"{said}{mark}"
