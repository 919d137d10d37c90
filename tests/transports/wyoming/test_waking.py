"""Which wake word a transcript has."""

import pytest

pytest.importorskip("wyoming")

from voi.transports.wyoming.waking import WakePhrases, plain

PHRASES = WakePhrases({"hey voi": ("hey voi", "Hey, Voy!"), "élan": ("élan",), "小爱": ("小爱同学",)})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hey, Voi! Turn it on.", "hey voi"),
        ("and he said hey-voy", "hey voi"),
        ("They voice it.", None),
        ("Hey voice", None),
        ("hey", None),
        ("Elan, hey voi", "élan"),
        ("hey voi, elan", "hey voi"),
        ("你好小爱同学你好", "小爱"),
        ("", None),
    ],
)
def test_whole_words_however_they_are_written(text: str, name: str | None) -> None:
    assert PHRASES.found_in(text) == name


def test_plain_words() -> None:
    assert plain("  ÇA va?! OK-computer ") == "ca va ok computer"
    assert plain("?!") == ""
