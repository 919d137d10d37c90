#!/usr/bin/env python3
"""Fuzz what reads bytes of others, guided by the code that each input reaches.

    .venv/bin/python -m pip install atheris
    .venv/bin/python tools/fuzz.py --runs 100000          # of each target in tests/fuzz/targets.py
    .venv/bin/python tools/fuzz.py --runs 1000000 --targets wire,message
    .venv/bin/python tools/fuzz.py --seed 7 --corpus corpus --runs 50000     # goes on where the last such run ended

Each target runs in a process of its own. A crash, an error that the target does not say it raises, an input that takes
over 20 seconds (by the clock: a busy machine stalls), or memory that grows beyond 2 GB ends it; the input is kept in
the folder that is named. Exits with 1 then.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
TIMEOUT_S = 20
MEMORY_MB = 2_048
INPUT_MAX_BYTES = 4_096


def fuzz_one(name: str, arguments: list[str]) -> None:
    """Run libFuzzer in this process; it does not return."""
    import atheris

    with atheris.instrument_imports(include=["voi"]):
        from tests.fuzz.targets import TARGETS

    atheris.Setup([sys.argv[0], *arguments], TARGETS[name].run)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000, help="inputs for each target")
    parser.add_argument("--targets", default="", help="between commas; default: all")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations; 0: another one each time")
    parser.add_argument("--corpus", type=Path, help="folder that keeps the inputs that reached new code")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args, arguments = parser.parse_known_args()
    if find_spec("atheris") is None:
        parser.exit(1, "This needs atheris: .venv/bin/python -m pip install atheris\n")
    if args.one:
        fuzz_one(args.one, arguments)
    from tests.fuzz.targets import TARGETS

    folder = Path(tempfile.mkdtemp(prefix="voi-fuzz-"))
    failed = []
    for name in args.targets.split(",") if args.targets else TARGETS:
        corpus = (args.corpus.resolve() if args.corpus else folder) / name.replace(" ", "-")
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(TARGETS[name].seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        known = len(list(corpus.iterdir()))
        limits = [
            f"-runs={args.runs}",
            f"-timeout={TIMEOUT_S}",
            f"-rss_limit_mb={MEMORY_MB}",
            f"-max_len={INPUT_MAX_BYTES}",
            f"-seed={args.seed}",
        ]
        command = [
            sys.executable,
            __file__,
            "--one",
            name,
            *limits,
            f"-artifact_prefix={folder}/",
            "-verbosity=0",
            str(corpus),
        ]
        began_s = time.monotonic()
        with (folder / f"{corpus.name}.log").open("wb") as log:
            ended = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, check=False).returncode
        found = len(list(corpus.iterdir())) - known
        verdict = "passed" if ended == 0 else f"FAILED, see {folder}"
        print(
            f"{name:12} {args.runs} inputs in {time.monotonic() - began_s:.0f} s, {found} reached new code: {verdict}",
            flush=True,
        )
        if ended:
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
