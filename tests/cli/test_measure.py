import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from voi.audio.wav import to_wav
from voi.cli import measure
from voi.cli.bench import bench
from voi.engines.base import Finished, LlmEvent, LlmRequest, VoiceSpec
from voi.engines.info import TtsInfo
from voi.engines.llm.echo import Echo
from voi.engines.tts.adapter import sound_of
from voi.engines.tts.espeak import Espeak
from voi.engines.vad.silero import Silero
from voi.errors import ClientError, EngineError

app = typer.Typer()
app.command()(bench)


class Bell:
    """Half a second of sound, or none."""

    info = TtsInfo("bell", sample_rate_hz=8_000, voices=("one",))

    def __init__(self, chunks: int) -> None:
        self.chunks = chunks

    async def warm_up(self) -> None: ...
    async def close(self) -> None: ...

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        for _ in range(self.chunks):
            yield bytes(800)


class Silent(Echo):
    async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        yield Finished("nothing")


async def test_tts() -> None:
    told: list[str] = []
    first, factor = await measure.measure_tts("b", Bell(10), 3, told.append)
    assert (first.unit, len(first.values), len(factor.values), len(told)) == ("ms", 3, 3, 3)
    assert 0 < factor.median * 500 < 100  # ms for half a second of sound
    with pytest.raises(EngineError, match="no sound"):
        await measure.measure_tts("b", Bell(0), 1, told.append)


async def test_llm() -> None:
    (first,) = await measure.measure_llm(Echo(), "echo", 4, lambda _: None)
    assert len(first.values) == 4
    assert 0 < first.median < 100
    with pytest.raises(EngineError, match="answered nothing"):
        await measure.measure_llm(Silent(), "silent", 1, lambda _: None)


def test_vad_callers_follow_from_the_median(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "VAD_WINDOWS", 20)
    (window,) = measure.measure_vad(Silero(compiled=False), bytes(32_000))
    assert len(window.values) == 20
    assert "32 ms" in window.what
    callers = int(window.meaning.split()[0].replace(",", ""))
    assert callers == int(1e6 / (window.median * 31.25))


async def test_silence_is_no_speech() -> None:
    with pytest.raises(ClientError, match="only silence"):
        await measure.measure_stt(None, Silero(), bytes(32_000), 1, 1, lambda _: None)  # type: ignore[arg-type]


@pytest.fixture
async def wav(tmp_path: Path) -> Path:
    tts = Espeak()
    await tts.warm_up()
    pcm = b"".join([chunk async for chunk in sound_of(tts, "Good morning.", VoiceSpec())])
    await tts.close()
    file = tmp_path / "speech.wav"
    file.write_bytes(to_wav(pcm, tts.info.sample_rate_hz))
    return file


@pytest.mark.integration
def test_the_command_measures_the_embedded_engines(wav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(wav.parent)
    monkeypatch.setenv("COLUMNS", "200")
    result = CliRunner().invoke(app, ["--in", str(wav), "--rounds", "1", "--llm", "eliza"])
    assert result.exit_code == 0, result.output
    for engine, unit in (("VAD silero", "µs"), ("STT moonshine", "ms"), ("TTS espeak", "ms"), ("LLM eliza", "ms")):
        assert re.search(rf"{engine}.*\d {unit}", result.output)


def test_the_command_says_what_it_could_not_measure(wav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(wav.parent)
    result = CliRunner().invoke(app, ["--in", str(wav), "--rounds", "1", "--llm", "gpt"])
    assert result.exit_code == 0
    assert "Not measured: No smart-turn weights" in result.output
    assert "Not measured: Nothing here serves LLM model 'gpt'" in result.output
