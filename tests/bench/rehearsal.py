"""`gpu_visit.py 1 2 3 --tiny --out FOLDER`, with a fork for each stage, which need not import torch again.

PYTHONPATH=bench python tests/bench/rehearsal.py FOLDER
"""

import json
import multiprocessing
import sys
from pathlib import Path
from typing import Any

import gpu_visit
from visit import goals, right, where

IMPORTED = (right, where, goals)
FORKS = multiprocessing.get_context("fork")


def in_a_fork(stage: gpu_visit.Stage, limit_s: float, folder: Path, tiny: bool) -> dict[str, Any]:
    """As `run_stage`. Without a limit: how much time there is says nothing here."""
    file = folder / "found.json"
    file.unlink(missing_ok=True)
    process = FORKS.Process(target=gpu_visit.work_on, args=(stage, file, folder, tiny))
    process.start()
    process.join()
    found = json.loads(file.read_text()) if file.exists() else {}
    is_right = process.exitcode == 0 and bool(found.get("right"))
    return {"right": is_right, "code": process.exitcode, "seconds": 0.0, "found": found, "said": "see above"}


if __name__ == "__main__":
    gpu_visit.CALL_S = 1e4
    gpu_visit.run_stage = in_a_fork
    sys.exit(gpu_visit.visit([1, 2, 3], Path(sys.argv[1]), [], tiny=True))
