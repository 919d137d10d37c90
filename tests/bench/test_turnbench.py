"""TurnBench's conversations as labelled clips, by rows of the published form."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.turns.turnbench import Span, agreed, convert, rows_of
from voi.training.turns.clips import Clip, Pause, load_clips

soundfile = pytest.importorskip("soundfile")
pyarrow = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")
SECONDS = 30


def sound(rate_hz: int = 24_000) -> dict[str, Any]:
    file = io.BytesIO()
    samples = np.random.default_rng(1).integers(-3_000, 3_000, SECONDS * rate_hz).astype(np.int16)
    soundfile.write(file, samples, rate_hz, format="FLAC")
    return {"bytes": file.getvalue(), "path": "a.flac"}


def event(start_s: float, end_s: float, label: str = "Normal Turn") -> dict[str, Any]:
    return {"start_s": start_s, "end_s": end_s, "label": label, "text": "words"}


def row(one: list[dict[str, Any]], two: list[dict[str, Any]], **more: list[dict[str, Any]]) -> dict[str, Any]:
    """Two annotators who agree, and one who heard nothing."""
    tracks = {f"speaker_{who}_annotation_{by}": said for who, said in ((1, one), (2, two)) for by in "ab"}
    empty: dict[str, Any] = {f"speaker_{who}_annotation_c": [] for who in (1, 2)}
    return {"conversation_id": "20", "speaker_1_audio": sound(), "speaker_2_audio": sound(), **tracks, **empty} | more


def clips(folder: Path, one: dict[str, Any]) -> list[Clip]:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([one]), folder / "rows.parquet")
    convert(rows_of([folder / "rows.parquet"]), folder / "clips")
    return load_clips(folder / "clips")


def test_a_pause_and_the_end_of_a_turn(tmp_path: Path) -> None:
    first, second = clips(tmp_path, row([event(2, 3), event(3.5, 5)], [event(5.4, 6)]))
    assert first.pauses == (Pause(1_600, 2_100, False), Pause(3_600, 6_600, True))
    assert (first.speaker, first.kind, first.end_of_speech_ms) == ("20_1", "call", 3_600)
    assert len(first.pcm()) == 6_600 * 32
    assert second.pauses == (Pause(1_200, 4_200, True),)
    assert first.left_out_with == "20_1"


def test_the_other_speaks_in_between(tmp_path: Path) -> None:
    ends = [clip.pauses[-1].turn_ends for clip in clips(tmp_path, row([event(2, 3), event(6, 7)], [event(3.2, 5.5)]))]
    assert ends == [True, True, True], "each of the three is a turn"


def test_what_is_disputed_is_unknown(tmp_path: Path) -> None:
    doubt = [event(2, 3), event(4, 7), event(3.2, 3.6)]
    found = clips(tmp_path, row([event(2, 3), event(4, 7)], [], speaker_1_annotation_c=doubt))
    assert [pause.turn_ends for pause in found[0].pauses] == [None]
    assert found[0].end_of_speech_ms is None


def test_backchannels_and_interruptions_are_clips_of_their_own(tmp_path: Path) -> None:
    cut_in = "[Floor-taking Competitive Interruption]"
    found = clips(tmp_path, row([event(1, 20)], [event(5, 5.4, "Continuer Backchannel"), event(15, 20, cut_in)]))
    assert [(clip.kind, clip.over_agent) for clip in found if clip.over_agent] == [
        ("backchannel", "keep_talking"), ("interruption", "stop")
    ]  # fmt: skip


def test_two_of_three_have_to_agree() -> None:
    tracks = {"speaker_1_annotation_a": [event(1, 2)], "speaker_1_annotation_b": [event(1.1, 2.15)]}
    tracks["speaker_1_annotation_c"] = [event(1.3, 2), event(8, 9)]
    assert agreed(tracks, 1, frozenset({"Normal Turn"})) == ([Span(1_050, 2_075)], [Span(8_000, 9_000)])
    assert agreed({}, 1, frozenset({"Normal Turn"})) == ([], [])
