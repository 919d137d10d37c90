"""Everything that is owed from a GPU, by one command: is it right, where does the time go, are the goals met?

    python bench/gpu_visit.py 1 --out visit            # right: under nine minutes, and so are the next two
    python bench/gpu_visit.py 2 --out visit            # where the time goes
    python bench/gpu_visit.py 3 --out visit            # goals
    python bench/gpu_visit.py 1 2 3 --tiny --out visit # all of it on a CPU, to see that it runs: three minutes
    python bench/gpu_visit.py --page visit             # fills docs/performance.md from what was found
    python bench/gpu_visit.py --wheels                 # the packages that it takes beside torch

Every stage is a process of its own with a limit of time; what it found is in `visit/CALL.json` as soon as it ends, or
is stopped. It wants an x86-64 machine with torch 2.11 to 2.13, numpy, PyYAML, scipy, numba, tiktoken, tokenizers and
pytest, no network, and nothing else on the GPU.
"""

import argparse
import importlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

CALL_S = 530.0
KILL_AFTER_S = 5.0
TAIL_CHARACTERS = 6_000
WHEELS = (
    "annotated-types", "more-itertools", "num2words", "docopt", "openai-whisper==20250625", "pydantic", "pydantic-core",
    "pytest-asyncio", "python-dotenv", "typing-inspection",
)  # fmt: skip
"""openai-whisper is published as source alone: `pip wheel --no-deps` makes its wheel."""
WHEELS_OF_COQUI = (
    "anyascii", "audioread", "cffi", "coqpit-config", "coqui-tts==0.28.0", "coqui-tts-trainer==0.4.0", "inflect",
    "lazy-loader", "librosa", "pooch", "pycparser", "soundfile", "soxr",
)  # fmt: skip
"""Only the stage `coqui` needs them, and is left out without."""


@dataclass(frozen=True)
class Stage:
    """`where`: module and function."""

    name: str
    call: int
    limit_s: float
    where: str


STAGES = (
    Stage("shapes", 1, 120, "visit.right:shapes"),
    Stage("failed recording", 1, 60, "visit.right:failed"),
    Stage("replay", 1, 100, "visit.right:replay"),
    Stage("company", 1, 120, "visit.right:company"),
    Stage("precision", 1, 60, "visit.right:precision"),
    Stage("cold sizes", 1, 60, "visit.right:cold"),
    Stage("reloads", 1, 120, "visit.right:reloads"),
    Stage("tests", 1, 150, "visit.right:tests"),
    Stage("replays", 2, 120, "visit.where:replays"),
    Stage("attention", 2, 60, "visit.where:attention"),
    Stage("layouts", 2, 60, "visit.where:layouts"),
    Stage("xtts", 2, 200, "visit.goals:xtts"),
    Stage("xtts tuned", 2, 150, "visit.goals:xtts_tuned"),
    Stage("coqui", 2, 100, "visit.goals:coqui"),
    Stage("whisper", 3, 240, "visit.goals:whisper_finals"),
    Stage("tail", 3, 60, "visit.goals:tail"),
    Stage("together", 3, 120, "visit.goals:together"),
    Stage("together under MPS", 3, 120, "visit.goals:together_under_mps"),
)


def machine() -> dict[str, Any]:
    import torch

    gpu = torch.cuda.is_available()
    return {
        "device": torch.cuda.get_device_name(0) if gpu else f"CPU ({platform.machine()})",
        "gpu": gpu,
        "torch": torch.__version__,
        "cuda": torch.version.cuda if gpu else None,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
    }


def run_stage(stage: Stage, limit_s: float, folder: Path, tiny: bool) -> dict[str, Any]:
    """Its findings, its last words and how it ended. A stage that takes longer is killed with all it started."""
    file = folder / "found.json"
    file.unlink(missing_ok=True)
    command = [sys.executable, __file__, "--stage", stage.name, "--json", str(file), "--models", str(folder)]
    command += ["--tiny"] if tiny else []
    began = time.monotonic()
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code: int | None = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(KILL_AFTER_S)
        log.seek(0)
        said = log.read()[-TAIL_CHARACTERS:]
    found = json.loads(file.read_text()) if file.exists() else {}
    right = code == 0 and bool(found.get("right"))
    return {"right": right, "code": code, "seconds": round(time.monotonic() - began, 1), "found": found,
            "said": "" if right else said}  # fmt: skip


def work_on(stage: Stage, file: Path, folder: Path, tiny: bool) -> None:
    """What the process of a stage does. `file`: where its findings go; `folder`: where the models are."""
    from visit.common import Findings

    module, _, function = stage.where.partition(":")
    getattr(importlib.import_module(module), function)(Findings(file, folder, tiny))


def visit(calls: list[int], out: Path, chosen: list[str], tiny: bool) -> int:
    """How many stages were not right."""
    out.mkdir(parents=True, exist_ok=True)
    about, wrong = machine(), 0
    for call in calls:
        until = time.monotonic() + CALL_S
        results: dict[str, Any] = {}
        with tempfile.TemporaryDirectory(prefix="voi-visit-") as folder:
            for stage in STAGES:
                if stage.call != call or (chosen and stage.name not in chosen):
                    continue
                limit_s = min(stage.limit_s, until - time.monotonic())
                if limit_s <= 0:
                    results[stage.name] = {"right": False, "code": None, "seconds": 0.0, "found": {}, "said": "no time"}
                else:
                    results[stage.name] = run_stage(stage, limit_s, Path(folder), tiny)
                one = results[stage.name]
                wrong += not one["right"]
                print(f"{stage.name:20} {'right' if one['right'] else 'WRONG'} {one['seconds']:6.1f} s", flush=True)
                if not one["right"]:
                    print(one["said"][-2_000:], flush=True)
                content = about | {"call": call, "tiny": tiny, "stages": results}
                (out / f"{call}.json").write_text(json.dumps(content, indent=1) + "\n")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", nargs="*", type=int, help="1, 2 or 3; all when left out")
    parser.add_argument("--out", type=Path, default=Path("visit"))
    parser.add_argument("--tiny", action="store_true", help="the tests' models, on a CPU")
    parser.add_argument("--stages", nargs="+", default=[], choices=[stage.name for stage in STAGES])
    parser.add_argument("--page", type=Path, help="fill docs/performance.md from the findings in this folder")
    parser.add_argument("--wheels", action="store_true")
    for name in ("--stage", "--json", "--models"):  # what this file starts itself with
        parser.add_argument(name, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.wheels:
        print("\n".join(WHEELS), "\n# for the stage coqui:", *WHEELS_OF_COQUI, sep="\n")
    elif arguments.page:
        from visit.page import fill

        fill(arguments.page)
    elif arguments.stage:
        stage = next(stage for stage in STAGES if stage.name == arguments.stage)
        work_on(stage, Path(arguments.json), Path(arguments.models), arguments.tiny)
    else:
        sys.exit(min(1, visit(arguments.calls or [1, 2, 3], arguments.out, arguments.stages, arguments.tiny)))


if __name__ == "__main__":
    main()
