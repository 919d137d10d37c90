"""Brings LiveKit's eot-bench-data (Apache-2.0) into the format of `voi/training/turns/clips.py`.

python -m bench.turns.eot_bench PARQUET... --into FOLDER              its English turns
python -m bench.turns.eot_bench PARQUET... --into FOLDER --language de
python -m bench.turns FOLDER                                          then measures them

The data is fetched by who wants to measure (huggingface.co/datasets/livekit/eot-bench-data). A row has `id`,
`language`, `audio` (a file's bytes), `silence_spans` (start and end in seconds; the last is the end of the turn, the
others are pauses) and perhaps `messages` of the dialogue. The agent's last message says what was asked. Silence after
the turn is lengthened with its own noise, as long as a policy may wait. Needs `pyarrow` and `soundfile`.
"""

import argparse
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from voi.audio.resample import resample
from voi.audio.wav import to_wav
from voi.core.expects import expects
from voi.training.turns.clips import RATE_HZ

TAIL_MS = 3_000
NAME_MAX = 100
KIND, LICENCE, SOURCE = "spontaneous", "Apache-2.0", "livekit/eot-bench-data"

Row = Mapping[str, Any]
Samples = npt.NDArray[np.int16]


def rows_of(files: Iterable[Path], language: str) -> Iterator[Row]:
    """The rows of that language."""
    import pyarrow.parquet as parquet

    for file in files:
        for batch in parquet.ParquetFile(file).iter_batches(batch_size=16):
            yield from (row for row in batch.to_pylist() if row["language"] == language)


def labelled(row: Row) -> tuple[dict[str, Any], bytes] | None:
    """The label of a row, and its sound: 16 kHz s16le mono. None: it has no silence."""
    spans = [(round(1_000 * span["start"]), round(1_000 * span["end"])) for span in row["silence_spans"]]
    if not spans:
        return None
    sound = decoded(row["audio"])
    end_ms = spans[-1][0]
    pauses = [{"start_ms": start_ms, "end_ms": to_ms, "turn_ends": False} for start_ms, to_ms in spans[:-1]]
    pauses.append({"start_ms": end_ms, "end_ms": end_ms + TAIL_MS, "turn_ends": True})
    said = [message for message in row.get("messages") or () if message.get("role") == "assistant"]
    name = re.sub(r"[^\w-]", "_", str(row["id"]))[:NAME_MAX]
    label = {
        "file": f"{name}.wav", "kind": KIND, "speaker": str(row["id"]), "end_of_speech_ms": end_ms,
        "pauses": pauses, "text": " ".join(word["text"] for word in row.get("words") or () if "text" in word),
        "asked": expects(str(said[-1].get("content", ""))).value if said else None, "over_agent": None,
        "composite": False, "source": SOURCE, "licence": LICENCE,
    }  # fmt: skip
    return label, lengthened(sound, end_ms).tobytes()


def lengthened(sound: Samples, end_ms: int) -> Samples:
    """The sound with `TAIL_MS` of what follows `end_ms`, to and fro as often as need be."""
    start = end_ms * RATE_HZ // 1_000
    noise, wanted = sound[start:], TAIL_MS * RATE_HZ // 1_000
    if not len(noise):
        noise = np.zeros(1, np.int16)
    there_and_back = np.concatenate([noise, noise[::-1]])
    tail = np.tile(there_and_back, -(-wanted // len(there_and_back)))[:wanted]
    return np.concatenate([sound[:start], tail])


def decoded(audio: Mapping[str, Any]) -> Samples:
    """The sound of a file's bytes, 16 kHz mono."""
    import soundfile

    samples, rate_hz = soundfile.read(io.BytesIO(audio["bytes"]), dtype="int16", always_2d=True)
    return np.frombuffer(resample(samples[:, 0].tobytes(), rate_hz, RATE_HZ), "<i2")


def convert(rows: Iterable[Row], folder: Path) -> int:
    """Write the rows as labelled clips. Returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    with (folder / "labels.jsonl").open("w") as labels:
        for row in rows:
            if found := labelled(row):
                label, pcm = found
                (folder / label["file"]).write_bytes(to_wav(pcm, RATE_HZ))
                labels.write(json.dumps(label) + "\n")
                written += 1
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--language", default="en")
    options = parser.parse_args()
    print(convert(rows_of(options.files, options.language), options.into), "clips")


if __name__ == "__main__":
    main()
