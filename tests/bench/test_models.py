"""The benchmarks of models run from end to end, with models so small that it takes seconds. Figures are not judged."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from voi.errors import EngineError

torch = pytest.importorskip("torch", reason="the extra `xtts` is not installed")
pytest.importorskip("whisper", reason="the extra `whisper` is not installed")

pytestmark = pytest.mark.integration
SMALLEST = (80, 64, 2, 2, 64, 2, 2)
"""A Whisper: mels, state, heads and layers of either side."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the device can do is not measured, which takes seconds; and nothing stays as a benchmark sets it."""
    import limits
    import whisper_bench
    import whisper_limits
    import xtts_bench

    from voi.engines.stt.whisper import tokens
    from voi.engines.tts.xtts import engine

    for module in (whisper_bench, xtts_bench):
        monkeypatch.setattr(module, "measure_limits", lambda *_: limits.Limits(1e11, 1e10))
        monkeypatch.setattr(module, "best_of", lambda _, *work: limits.best_of(1, *work), raising=False)
    monkeypatch.setattr(xtts_bench, "RUNS_ON_CPU", 1)
    monkeypatch.setattr(whisper_bench, "TURN_MS", 800)
    monkeypatch.setattr(whisper_bench, "PAUSE_MS", 224)
    monkeypatch.setitem(whisper_limits.SIZES, "tiny", SMALLEST)
    monkeypatch.setattr(tokens, "SHORTEST_TOKENS", tokens.SHORTEST_TOKENS)
    monkeypatch.setattr(tokens, "TOKENS_PER_S", tokens.TOKENS_PER_S)
    monkeypatch.setattr(engine, "runaway_codes", engine.runaway_codes)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)


def figures(module: Any, arguments: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the benchmark writes."""
    monkeypatch.setattr(sys, "argv", [module.__name__, *arguments.split(), "--json", str(folder / "figures.json")])
    module.main()
    found: dict[str, Any] = json.loads((folder / "figures.json").read_text())
    return found


def test_xtts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("TTS", reason="the extra `train` is not installed")
    import xtts_bench

    arguments = "--tiny --device cpu --callers 1 2 --codes 40 --sentences 1 --repeats 1"
    found = figures(xtts_bench, arguments, tmp_path, monkeypatch)
    rows = {(row["what"], row["callers"]): row for row in found["rows"]}
    for what in ("decode step", "voi, first sound"):
        assert {(what, 1), (what, 2)} <= rows.keys()
    assert {("coqui, first sound", 1), ("coqui, in turn", 2), ("prefix of 127 places", 1)} <= rows.keys()
    assert all(0 < row["p50_ms"] <= row["p95_ms"] for row in rows.values())
    assert rows["voi, first sound", 2]["sound_per_s"] > 0
    assert "1.86 s each" in rows["voi, first sound", 2]["note"]  # 40 codes, 46 ms of sound each
    assert "1.86 s each" in rows["coqui, first sound", 1]["note"]
    assert found["memory_mib"]["counted"] > 0
    assert "times Coqui's" in capsys.readouterr().out


def test_whisper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import whisper_bench

    arguments = "--sizes tiny --device cpu --callers 1 2 --tokens 4 --talk-s 0.1 --repeats 1 --max-batch 2"
    found = figures(whisper_bench, arguments, tmp_path, monkeypatch)
    rows = {(row["what"], row["callers"]): row for row in found["rows"]}
    whats = ("encoder pass", "decode step", "voi, all at once", whisper_bench.REAL_TIME, "openai-whisper, at once")
    assert {(what, callers) for what in whats for callers in (1, 2)} <= rows.keys()
    assert all(0 < row["p50_ms"] <= row["p95_ms"] < float("inf") for row in rows.values())
    assert rows[whisper_bench.REAL_TIME, 2]["note"] == "2 turns, 0 failed"
    assert "callers with final transcripts within 100 ms" in capsys.readouterr().out


def test_both_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In processes of their own: libraries and all, each takes far more than it counts on for models so small."""
    import together

    monkeypatch.setattr(together, "TURN_MS", 800)
    arguments = "--whisper tiny --tiny --device cpu --callers 2 --slots 2 --max-batch 2"
    found = figures(together, arguments, tmp_path, monkeypatch)
    assert found["counted_mib"].keys() == {"whisper", "xtts", "CUDA"}
    assert 100 < found["taken_mib"]["loading"] <= found["taken_mib"]["2 callers"]


def test_a_failure_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import together

    async def fail(*_: object) -> None:
        async with asyncio.TaskGroup():
            raise EngineError("Too little memory.")

    monkeypatch.setattr(together, "measure", fail)
    with pytest.raises(SystemExit, match="Too little memory"):
        figures(together, "--whisper tiny --tiny --device cpu", tmp_path, monkeypatch)
