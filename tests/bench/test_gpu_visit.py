"""The visit of a GPU: every stage runs, on a CPU; stages are limited and tell at once; the page is filled from them."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")
pytest.importorskip("whisper", reason="the extra `whisper` is not installed")

import gpu_visit
from gpu_visit import STAGES, Stage, run_stage
from visit import page

pytestmark = pytest.mark.integration


REHEARSAL = Path(__file__).with_name("rehearsal.py")


@pytest.mark.timeout(900)
def test_all_of_it_runs_on_a_cpu(tmp_path: Path) -> None:
    environ = os.environ | {"PYTHONPATH": str(Path(gpu_visit.__file__).parent)}
    command = [sys.executable, REHEARSAL, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=840, env=environ)
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    for call in (1, 2, 3):
        stages = json.loads((tmp_path / f"{call}.json").read_text())["stages"]
        assert stages.keys() == {stage.name for stage in STAGES if stage.call == call}
        assert all(stage["found"] for stage in stages.values())
    with pytest.raises(SystemExit, match="of a CPU"):
        page.fill(tmp_path)


@pytest.mark.timeout(300)
def test_a_stage_is_a_process_of_its_own(tmp_path: Path) -> None:
    stage = next(stage for stage in STAGES if stage.name == "together under MPS")
    one = run_stage(stage, 240, tmp_path, tiny=True)
    assert one["right"], one["said"]
    assert one["found"] == {"right": True, "skipped": "no multi-process service here"}


def test_the_limits_of_each_call_are_known() -> None:
    assert {stage.call for stage in STAGES} == {1, 2, 3}
    assert len({stage.name for stage in STAGES}) == len(STAGES)
    assert gpu_visit.CALL_S < 9 * 60


STAGE = """
import json, os, sys, time
file = sys.argv[sys.argv.index("--json") + 1]
open(file, "w").write(json.dumps({"first": 1}))
print("half way", flush=True)
child = os.fork()
time.sleep(60)
"""


def test_a_stage_that_takes_too_long_leaves_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "stage.py"
    script.write_text(STAGE)
    monkeypatch.setattr(gpu_visit, "__file__", str(script))
    began = time.monotonic()
    one = run_stage(Stage("slow", 1, 1, ""), 1.5, tmp_path, tiny=True)
    assert time.monotonic() - began < 30
    assert (one["right"], one["code"], one["found"]) == (False, None, {"first": 1})
    assert "half way" in one["said"]


def test_a_stage_that_has_no_time_left_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_visit, "CALL_S", 0.0)
    assert gpu_visit.visit([3], tmp_path, ["tail", "whisper"], tiny=True) == 2
    stages = json.loads((tmp_path / "3.json").read_text())["stages"]
    assert [stage["said"] for stage in stages.values()] == ["no time"] * 2


# ---- the page ------------------------------------------------------------------------------------

FOUND: dict[str, dict[str, Any]] = {
    "shapes": {"xtts_recorded": 154, "xtts_recorded_s": 21.0, "xtts_memory_mib": 2_640.0, "xtts_counted_mib": 1_991.0},
    "precision": {"tf32": {"snr_db": 57.0, "to_mask_db": -19.0}, "float16": {"snr_db": 55.0, "to_mask_db": -17.0},
                  "milliseconds": {"tf32": 6.1, "float16": 3.2, "float32": 20.0}},
    "replays": {"steps": {"16 rows": {"busy_ms": 1.61, "with_codes_read_ms": 1.7, "kernels": 560}}},
    "xtts": {"rows": [{"what": "voi, first sound", "callers": 32, "p50_ms": 31.0, "p95_ms": 44.0, "sound_per_s": 700.0,
                       "note": "goal of 200 ms met"}]},
    "tail": {"tail": {"16 rows": {"scores_ms": 0.4, "warping_ms": 3.0, "words_and_guards_ms": 21.0}}},
    "together": {"taken_mib": {"loading": 5_000, "8 callers": 5_400}, "counted_mib": {"whisper": 1_730, "xtts": 2_598}},
    "together under MPS": {"skipped": "no multi-process service here"},
}  # fmt: skip


def test_the_page_is_filled_with_the_devices_name(tmp_path: Path) -> None:
    stages = {name: {"right": name != "tail", "found": found} for name, found in FOUND.items()}
    call = {"device": "NVIDIA H200", "gpu": True, "tiny": False, "torch": "2.11.0", "cores": 16, "date": "2026-12-01",
            "call": 1, "stages": stages}  # fmt: skip
    (tmp_path / "1.json").write_text(json.dumps(call))
    text = tmp_path / "performance.md"
    text.write_text(f"before\n\n{page.BEGIN}\n\nold figures\n\n{page.END}\n\nafter\n")
    for _ in range(2):  # the second time, what it has written is replaced
        page.fill(tmp_path, text)
        said = text.read_text()
        assert said.startswith("before\n\n")
        assert said.endswith("\n\nafter\n")
        assert "old figures" not in said
        assert said.count("### Measured on an NVIDIA H200") == 1
        for figure in ("| 16 rows | 1.61 | 1.70 | 560 |", "| 32 | 31 | 44 | 700 | goal of 200 ms met |",
                       "| together | 5,000 | 5,400 | 4,328 |", "| tf32 | 57 | -19 | 6.10 |"):  # fmt: skip
            assert figure in said
        assert "**Not as they should: tail.**" in said
        assert "Left out: together under MPS (no multi-process service here)" in said


def test_the_page_has_a_place_for_them() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert text.index(page.BEGIN) < text.index(page.END)


def test_the_wheels_that_it_takes_are_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu_visit.py", "--wheels"])
    gpu_visit.main()
    assert "openai-whisper==20250625" in capsys.readouterr().out.split("\n")
