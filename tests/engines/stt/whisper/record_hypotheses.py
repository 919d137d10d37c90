"""Record what Whisper makes of growing sound, for test_replay.py.

    python -m tests.engines.stt.whisper.record_hypotheses CHECKPOINT

The files in data/ are of tiny.en. Every 100 ms all of the sound so far is decoded, without prompt or prefix."""

import json
import sys
from pathlib import Path

from tests.engines.sounds import sound
from voi.engines.stt.whisper.openai_backend import OpenAiBackend
from voi.engines.stt.whisper.passes import BYTES_PER_MS, Pass

DATA = Path(__file__).parent / "data"
EVERY_MS = 100
NAMES = ("jfk", "austen-0870", "spk1_snt1")


def main() -> None:
    backend = OpenAiBackend(sys.argv[1], models_dir=Path("models"), device="cpu", precision="auto", max_batch=8)
    backend.load()
    for name in NAMES:
        pcm = sound(name)
        ends_ms = list(range(EVERY_MS, len(pcm) // BYTES_PER_MS + EVERY_MS, EVERY_MS))
        heard = []
        for at in range(0, len(ends_ms), 8):
            passes = [Pass(pcm[: end * BYTES_PER_MS]) for end in ends_ms[at : at + 8]]
            heard += backend.transcribe(passes)
        lines = [
            json.dumps([end, [[word.text, word.start_ms, word.end_ms] for word in hypothesis.words]])
            for end, hypothesis in zip(ends_ms, heard, strict=True)
        ]
        (DATA / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
