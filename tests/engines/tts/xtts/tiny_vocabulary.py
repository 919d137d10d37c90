"""The vocabulary of the tiny XTTS. It needs `tokenizers` and no torch."""

from pathlib import Path

import pytest

pytest.importorskip("tokenizers", reason="the extra `xtts` is not installed")

from tokenizers import Tokenizer, models, pre_tokenizers

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "ar", "zh-cn", "hu", "ko", "ja", "hi")
LETTERS = (
    "abcdefghijklmnopqrstuvwxyz0123456789.,!?;:'- "
    "áéíóúüñçàèùâêîôûëïöäßąćęłńśźżğışčďěňřšťůžőű¡¿"
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآؤئىة،؟"
    "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह।ािीुूेैोौं्"
)


def vocabulary(folder: Path) -> Path:
    """A real vocab.json (BPE of the `tokenizers` library) of single letters and a few merges."""
    marks = ["[STOP]", "[UNK]", "[SPACE]", *(f"[{code}]" for code in LANGUAGES), "[START]"]
    pieces = [*dict.fromkeys(LETTERS), "th", "he", "er", "in"]
    vocab = {piece: number for number, piece in enumerate(dict.fromkeys([*marks, *pieces]))}
    merges = [("t", "h"), ("h", "e"), ("e", "r"), ("i", "n")]
    bpe = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="[UNK]"))
    bpe.pre_tokenizer = pre_tokenizers.Whitespace()
    bpe.add_special_tokens(marks)
    path = folder / "vocab.json"
    bpe.save(str(path))
    return path


def text_token_count() -> int:
    return len(dict.fromkeys([*LETTERS, *LANGUAGES])) + 4 + 4  # letters, languages, marks, merges
