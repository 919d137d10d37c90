"""LiveKit's eot-bench-data as labelled clips, by rows of the published form."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.turns.eot_bench import convert, lengthened, rows_of
from voi.training.turns.clips import Pause, load_clips

soundfile = pytest.importorskip("soundfile")
pyarrow = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")


def row(number: int, language: str, rate_hz: int = 16_000, **more: Any) -> dict[str, Any]:
    """2 s of sound with a pause from 0.5 to 0.9 s and the end at 1.6 s."""
    samples = np.random.default_rng(number).integers(-3_000, 3_000, 2 * rate_hz).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format="FLAC")
    spans = [{"start": 0.5, "end": 0.9}, {"start": 1.6, "end": 2.0}]
    row = {"id": f"r{number}", "language": language, "audio": {"bytes": file.getvalue()}, "silence_spans": spans}
    return row | more


def test_rows_become_clips(tmp_path: Path) -> None:
    asked = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "What is your phone number?"}]
    rows = [row(1, "en", 8_000, messages=asked), row(2, "de", messages=[]), row(3, "en", messages=[])]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    assert convert(rows_of([tmp_path / "rows.parquet"], "en"), tmp_path / "clips") == 2
    first, second = load_clips(tmp_path / "clips")
    assert first.pauses == (Pause(500, 900, False), Pause(1_600, 4_600, True))
    assert (first.end_of_speech_ms, first.asked, first.kind) == (1_600, "number", "spontaneous")
    assert second.asked is None
    assert len(second.pcm()) == len(first.pcm()) == 4_600 * 32
    assert (first.speaker, second.speaker) == ("r1", "r3")


def test_a_row_is_no_path(tmp_path: Path) -> None:
    assert convert([row(1, "en") | {"id": "../../etc/x"}], tmp_path / "clips") == 1
    assert [clip.name for clip in load_clips(tmp_path / "clips")] == ["______etc_x"]


def test_a_row_without_silence_is_left_out(tmp_path: Path) -> None:
    assert convert([row(1, "en") | {"silence_spans": []}], tmp_path) == 0


def test_the_tail_is_the_recordings_own_noise() -> None:
    sound = np.concatenate([np.full(1_600, 9, np.int16), np.array([1, 2, 3], np.int16)])
    longer = lengthened(sound, 100)
    assert longer[1_600:1_609].tolist() == [1, 2, 3, 3, 2, 1, 1, 2, 3]
    assert len(longer) == 1_600 + 48_000
    assert not lengthened(sound[:1_600], 100)[1_600:].any(), "silence, where there is none"
