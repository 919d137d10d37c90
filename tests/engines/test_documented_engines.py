"""The engines of docs/engines.md work as they are printed."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from voi.dialogue import SpokenWord
from voi.engines.base import SttOptions, TextSpoken, Transcript, VoiceSpec
from voi.engines.tts.adapter import TtsAdapter

PAGE = (Path(__file__).parents[2] / "docs" / "engines.md").read_text()


def printed(name: str) -> Any:
    """The class of that name."""
    (source,) = [code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if f"class {name}:" in code]
    found: dict[str, Any] = {}
    exec(source, found)
    return found[name]


async def texts() -> AsyncIterator[str]:
    yield "Good morning."
    yield "Yes."


async def spoken(engine: Any) -> tuple[int, list[TextSpoken]]:
    await engine.warm_up()
    speech = [item async for item in TtsAdapter(engine).speak(texts(), VoiceSpec())]
    await engine.close()
    return sum(len(item) for item in speech if isinstance(item, bytes)), [
        item for item in speech if isinstance(item, TextSpoken)
    ]


async def test_a_voice_that_takes_a_sentence_at_a_time() -> None:
    n_bytes, marks = await spoken(printed("Chime")(length_ms=100))
    assert n_bytes == 3 * 4_800
    assert [(mark.start_ms, mark.end_ms) for mark in marks] == [(0, 200), (200, 300)]
    assert all(word.estimated for mark in marks for word in mark.words)


async def test_a_voice_with_contexts() -> None:
    n_bytes, marks = await spoken(printed("Whisperer")())
    assert n_bytes == 3 * 9_600
    assert marks[0].words == (SpokenWord("Good", 0, 300), SpokenWord("morning.", 300, 600))
    assert (marks[1].start_ms, marks[1].end_ms) == (600, 900)


async def test_speech_to_text() -> None:
    engine, partials = printed("Stopwatch")(), list[Transcript]()
    stream = engine.open(SttOptions(), partials.append)
    stream.feed(bytes(3_200))
    stream.feed(bytes(3_200), speech=False)
    assert (await stream.flush()).text == "100 ms"
    assert [partial.text for partial in partials] == ["100 ms", "100 ms"]


def test_voice_activity() -> None:
    stream = printed("Loudness")().open()
    assert stream.probability(bytes(1_024)) == 0
    assert stream.probability(b"\x00\x20" * 512) == 1


def test_every_field_of_info_is_described() -> None:
    from dataclasses import fields

    from voi.engines.info import EngineInfo, SttInfo, TtsInfo, VadInfo

    table = PAGE[PAGE.index("### What `info` says") :]
    for kind in (EngineInfo, TtsInfo, SttInfo, VadInfo):
        for field in fields(kind):
            assert f"`{field.name}`" in table, field.name
