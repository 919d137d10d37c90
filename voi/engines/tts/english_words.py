"""How English words sound, by the lexicon of the package hibari-tts, in the phonemes of Kokoro. Blocks."""

from typing import Any

from voi.engines.tts.compounds import CompoundReader


class EnglishReader:
    """Raises ImportError without the package hibari. `g2p`: the package's own reader, for its voice."""

    def __init__(self) -> None:
        from hibari.g2p import G2P, normalize
        from hibari.g2p.oov import OOV

        compounds = CompoundReader(OOV())
        self.g2p: Any = G2P(oov=compounds)
        compounds.lexicon = self.g2p.lexicon.golds
        self._normalize: Any = normalize.normalize if hasattr(normalize, "normalize") else normalize

    def sounds(self, text: str) -> list[str]:
        """The phonemes of each word, split at spaces, with its punctuation. Where numbers are not spelled out, there
        may be fewer or more items than words."""
        found, word = [], ""
        for token in self.g2p.phonemize_tokens(self.g2p.tokenize(self._normalize(text))):
            word += token.phonemes or ""
            if token.whitespace:
                found.append(word)
                word = ""
        return [*found, word]
