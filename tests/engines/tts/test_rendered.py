"""Phrases made in advance are played instead of being spoken, and only they."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from voi.engines.base import TextSpoken, VoiceSpec
from voi.engines.info import TtsInfo
from voi.engines.supervised import SupervisedTts
from voi.engines.tts import rendered
from voi.engines.tts.adapter import just
from voi.engines.tts.rendered import FOLDER, Rendered, depends_on, file_name, forget, save
from voi.errors import ConfigError, EngineError

OPTIONS = {"voices": ("anna",)}
SPEC = VoiceSpec("anna", "warm", 1.1, "en")
PCM = b"\x01\x02" * 12_000  # half a second


class Fake:
    info = TtsInfo("fake", reconfigures=True, voices=("anna",), tones=("neutral", "warm"))
    takes = True

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.calls: list[str] = []

    async def warm_up(self) -> None:
        self.calls.append("warm_up")

    async def close(self) -> None:
        self.calls.append("close")

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        self.spoken.append(text)
        yield b"live"

    async def reconfigure(self, options: Any, needed: Any) -> bool:
        return self.takes


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def tts(fake: Fake, tmp_path: Path) -> Rendered:
    return Rendered(fake, "my model", "fake", OPTIONS, tmp_path)


def render(folder: Path, text: str, spec: VoiceSpec = SPEC, pcm: bytes = PCM, rate_hz: int = 24_000) -> Path:
    path = folder / FOLDER / file_name("my model", depends_on("fake", OPTIONS), text, spec)
    save(path, pcm, rate_hz)
    return path


async def said(tts: Rendered, text: str, spec: VoiceSpec = SPEC) -> list[bytes]:
    speech = [item async for item in tts.speak(just(text), spec)]
    (last,) = [item for item in speech if isinstance(item, TextSpoken)]
    sound = [item for item in speech if isinstance(item, bytes)]
    assert (last, last.end_ms) == (speech[-1], sum(map(len, sound)) // 48)
    return sound


async def test_what_was_rendered_is_played_in_chunks(tts: Rendered, fake: Fake, tmp_path: Path) -> None:
    render(tmp_path, "Hello.")
    for _ in range(2):
        chunks = await said(tts, "Hello.")
        assert b"".join(chunks) == PCM
        assert [len(chunk) for chunk in chunks] == [9_600, 9_600, 4_800]
    assert fake.spoken == []


async def test_anything_else_is_spoken(tts: Rendered, fake: Fake, tmp_path: Path) -> None:
    assert await said(tts, "Hello.") == [b"live"]  # there is no folder yet
    render(tmp_path, "Hello.")
    others = [
        replace(SPEC, voice=None), replace(SPEC, tone="sad"), replace(SPEC, speed=1.0), replace(SPEC, language="de"),
        replace(SPEC, role="narrator"),
    ]  # fmt: skip
    for spec in others:
        assert await said(tts, "Hello.", spec) == [b"live"]
    assert await said(tts, "Hello!") == [b"live"]
    changed = Rendered(fake, "my model", "fake", {"voices": ("bert",)}, tmp_path)
    assert await said(changed, "Hello.") == [b"live"]


async def test_a_model_that_was_trained_further_speaks_itself_again(fake: Fake, tmp_path: Path) -> None:
    checkpoint = tmp_path / "model.pth"
    options = {"checkpoint": str(checkpoint)}
    checkpoint.write_bytes(b"old")
    old = file_name("my model", depends_on("fake", options), "Hello.", SPEC)
    save(tmp_path / FOLDER / old, PCM, 24_000)
    assert b"".join(await said(Rendered(fake, "my model", "fake", options, tmp_path), "Hello.")) == PCM
    checkpoint.write_bytes(b"newer")
    assert await said(Rendered(fake, "my model", "fake", options, tmp_path), "Hello.") == [b"live"]


async def test_what_was_rendered_in_new_tones_is_found(fake: Fake, tmp_path: Path) -> None:
    options = {"voice_tone_map": {"neutral": "anna"}}
    render(tmp_path, "Hello.")
    tts = Rendered(SupervisedTts(lambda: fake), "my model", "fake", options, tmp_path)
    assert await said(tts, "Hello.") == [b"live"]
    save(tmp_path / FOLDER / file_name("my model", depends_on("fake", options), "Hello.", SPEC), PCM, 24_000)
    assert b"".join(await said(tts, "Hello.")) == PCM
    assert await tts.reconfigure({"voice_tone_map": {"neutral": "bert"}})
    assert await said(tts, "Hello.") == [b"live"]
    fake.takes = False
    assert not await tts.reconfigure(options)
    assert await said(tts, "Hello.") == [b"live"]
    fake.takes = True
    assert await tts.reconfigure(options)
    assert b"".join(await said(tts, "Hello.")) == PCM


async def test_what_was_rendered_with_other_voices_is_forgotten(tts: Rendered, tmp_path: Path) -> None:
    render(tmp_path, "Hello.")
    other = tmp_path / FOLDER / file_name("my model-2", depends_on("fake", {}), "Hello.", SPEC)
    save(other, PCM, 24_000)
    assert b"".join(await said(tts, "Hello.")) == PCM
    assert forget(tmp_path, ["my model", "another"]) == 1
    assert await said(tts, "Hello.") == [b"live"]
    assert other.exists()
    assert forget(tmp_path / "nowhere", ["my model"]) == 0


async def test_what_is_rendered_while_it_runs_is_found(tts: Rendered, fake: Fake, tmp_path: Path) -> None:
    render(tmp_path, "One.")
    await said(tts, "One.")
    path = render(tmp_path, "Two.")
    assert b"".join(await said(tts, "Two.")) == PCM
    path.unlink()
    assert await said(tts, "Two.") == [b"live"]


async def test_a_file_that_is_broken_or_has_another_rate_is_not_played(tts: Rendered, tmp_path: Path) -> None:
    render(tmp_path, "One.").write_bytes(b"RIFF")
    render(tmp_path, "Two.", rate_hz=22_050)
    assert await said(tts, "One.") == [b"live"]
    assert await said(tts, "Two.") == [b"live"]


async def test_memory_is_bounded(tts: Rendered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendered, "KEPT_BYTES", len(PCM) + 1)
    for text in ("One.", "Two.", "Three."):
        render(tmp_path, text)
    for text in ("One.", "Two.", "Three."):
        assert b"".join(await said(tts, text)) == PCM
        assert len(tts._kept) == 1


async def test_it_plays_while_the_engine_is_down(tmp_path: Path) -> None:
    class Down(Fake):
        async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
            raise EngineError("is being restarted", retryable=True)
            yield b""

    tts = Rendered(Down(), "my model", "fake", OPTIONS, tmp_path)
    render(tmp_path, "Sorry.")
    assert b"".join(await said(tts, "Sorry.")) == PCM
    with pytest.raises(EngineError):
        await said(tts, "Hello.")


async def test_the_rest_is_the_engines(tts: Rendered, fake: Fake) -> None:
    await tts.warm_up()
    await tts.close()
    assert fake.calls == ["warm_up", "close"]
    assert tts.info == fake.info


def test_names_of_files_are_harmless(tmp_path: Path) -> None:
    name = file_name("../../x/ü" + "y" * 99, "e", "\ud800", VoiceSpec())
    assert "/" not in name
    assert len(name) < 70
    with pytest.raises(ConfigError, match="cannot be written"):
        save(Path("/proc/nowhere/x.wav"), b"", 24_000)
