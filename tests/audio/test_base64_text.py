import base64
import binascii
from random import Random

from voi.audio.base64_text import from_base64, to_base64

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
STRANGE = '=== -_\n\t\0"\\\u00e9\u20ac'


def flawless(text: str) -> bytes | None:
    try:
        return from_base64(text)
    except ValueError:
        return None


def test_sound_of_any_length_goes_there_and_back() -> None:
    random = Random(1)
    for size in (*range(200), 4_800, 99_999):
        sound = random.randbytes(size)
        assert to_base64(sound) == base64.b64encode(sound).decode()
        assert from_base64(to_base64(sound)) == sound


def test_nothing_is_taken_that_python_refuses() -> None:
    random = Random(2)
    for _ in range(20_000):
        letters = ALPHABET + STRANGE if random.random() < 0.5 else ALPHABET
        text = "".join(random.choice(letters) for _ in range(random.randrange(14)))
        try:
            wanted = binascii.a2b_base64(text, strict_mode=True)
        except ValueError:
            assert flawless(text) is None
        else:
            assert flawless(text) in (None, wanted)  # Python takes one "=" too many


def test_padding_in_the_middle_and_alone_is_refused() -> None:
    for text in ("=", "==", "====", "A===", "AA=A", "AAAA=AAA", "AA==AAAA", "A", "AA", "AAA"):
        assert flawless(text) is None
