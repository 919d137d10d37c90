"""`voi bench` measures what `voi serve` would run, and calls no service unasked."""

import json
import re
from collections.abc import AsyncIterator, Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from voi.audio.wav import to_wav
from voi.cli import measure
from voi.cli.bench import bench
from voi.engines import registry
from voi.engines.base import SttOptions, Transcript, VoiceSpec
from voi.engines.info import SttInfo, TtsInfo
from voi.engines.llm.echo import Echo

pytestmark = pytest.mark.integration

app = typer.Typer()
app.command()(bench)

made: dict[str, list[str]] = {}
"""The keys that engines were made with, by engine."""
sentences: dict[str, int] = {}


class Keyed:
    """What all engines here have: a key, and a class with `info`."""

    info: SttInfo | TtsInfo

    def __init__(self, *, key: str = "") -> None:
        made.setdefault(self.info.name, []).append(key)

    async def warm_up(self) -> None: ...
    async def close(self) -> None: ...


class Bell(Keyed):
    info: TtsInfo = TtsInfo("bell", sample_rate_hz=8_000)

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        sentences[self.info.name] = sentences.get(self.info.name, 0) + 1
        yield bytes(8_000)


class FarBell(Bell):
    info = TtsInfo("farbell", sample_rate_hz=8_000, cloud=True)


class Ear(Keyed):
    info: SttInfo = SttInfo("ear")

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> "EarStream":
        return EarStream()


class FarEar(Ear):
    info = SttInfo("farear", cloud=True)


class EarStream:
    def feed(self, pcm: bytes, *, speech: bool = True) -> None: ...
    def close(self) -> None: ...

    async def flush(self) -> Transcript:
        return Transcript(confirmed="Good morning.")


class Parrot(Echo):
    def __init__(self, *, key: str) -> None:
        super().__init__()
        made.setdefault("parrot", []).append(key)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(measure, "VAD_WINDOWS", 5)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("VOI_TURN_ENGINE", "none")
    monkeypatch.setenv("BENCH_KEY", "sk-bench")
    classes = {"tts.bell": Bell, "tts.farbell": FarBell, "stt.ear": Ear, "stt.farear": FarEar, "llm.parrot": Parrot}
    points = [EntryPoint(name, f"{__name__}:{each.__name__}", registry.GROUP) for name, each in classes.items()]
    monkeypatch.setattr(registry, "entry_points", lambda *, group: points)
    Path("speech.wav").write_bytes(to_wav(b"\x00\x20\x00\xe0" * 8_000, 16_000))
    Path("agents.json").write_text("{}")
    made.clear()
    sentences.clear()


def measured(*args: str) -> Result:
    return CliRunner().invoke(app, ["--in", "speech.wav", "--rounds", "1", *args])


def models(**engines: str) -> None:
    options = {"key": "${BENCH_KEY}"}
    file = {name: {"engine": engine, "options": options} for name, engine in engines.items()}
    Path("tts_models.json").write_text(json.dumps(file))


def test_engines_get_the_values_of_the_secrets_that_their_options_name(monkeypatch: pytest.MonkeyPatch) -> None:
    models(near="bell")
    options = {
        "stt.big": {"engine": "ear", "key": "${BENCH_KEY}"},
        "llm.mine": {"engine": "parrot", "key": "${BENCH_KEY}"},
    }
    monkeypatch.setenv("VOI_STT_ENGINE", "big")
    monkeypatch.setenv("VOI_ENGINE_OPTIONS", json.dumps(options))
    result = measured("--llm", "mine")
    assert result.exit_code == 0, result.output
    assert made == {"ear": ["sk-bench"], "bell": ["sk-bench"], "parrot": ["sk-bench"]}
    for engine in ("STT ear", "TTS near", "LLM mine"):
        assert re.search(rf"{engine} .*\d", result.output)
    assert "Not measured" not in result.output
    assert "sk-bench" not in result.output


def test_a_service_is_measured_only_when_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    models(near="bell", far="farbell")
    monkeypatch.setenv("VOI_STT_ENGINE", "farear")
    result = measured()
    assert result.exit_code == 0, result.output
    told = [line for line in result.stderr.splitlines() if line.startswith("Not measured")]
    assert [line.split(" calls an external service")[0] for line in told] == [
        "Not measured: STT farear", "Not measured: TTS far"
    ]  # fmt: skip
    assert all("--cloud" in line for line in told)
    assert (sentences, made) == ({"bell": 1}, {"bell": ["sk-bench"]})

    result = measured("--cloud")
    assert result.exit_code == 0, result.output
    assert "Not measured" not in result.output
    assert sentences == {"bell": 2, "farbell": 1}
    assert re.search(r"STT farear .*\d", result.output)


def test_the_limits_of_llms_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    from voi.config.settings import load_settings
    from voi.engines.llm.attempts import LlmLimits
    from voi.engines.startup import llm_router

    monkeypatch.setenv("LITELLM_API_BASE", "http://127.0.0.1:9")
    monkeypatch.setenv("VOI_LLM_FIRST_TOKEN_TIMEOUT_S", "7")
    monkeypatch.setenv("VOI_LLM_NEXT_TOKEN_TIMEOUT_S", "3")
    remote = llm_router(load_settings(), ["gpt"])._remote
    assert remote is not None
    assert remote[1]["limits"] == LlmLimits(first_token_timeout_ms=7_000, next_token_timeout_ms=3_000)


def test_a_model_with_a_mistake_is_said_not_to_be_measured() -> None:
    Path("tts_models.json").write_text(json.dumps({"near": {"engine": "bell"}, "odd": {"engine": "bell", "speed": {}}}))
    result = measured()
    assert result.exit_code == 0, result.output
    assert re.search(r"Not measured: .*\$\.odd\.speed", result.output)
    assert re.search(r"TTS near .*\d", result.output)
