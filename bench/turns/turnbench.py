"""Brings TurnBench's labelled part (two-party conversations, three annotators) into the format of
`voi/training/turns/clips.py`.

python -m bench.turns.turnbench PARQUET... --into FOLDER
python -m bench.turns FOLDER                             then measures the ends of turns
python -m bench.overlap FOLDER                           and the backchannels and interruptions

The data is fetched by who wants to measure, and has to be asked for
(huggingface.co/datasets/mundo-ai/turn-benchmark-dev). A row has `conversation_id`, and of each speaker
`speaker_1_audio` (a file's bytes) and `speaker_1_annotation_a`, `_b`, `_c`: lists of start_s, end_s, label. As its
makers do, an event counts when two of three annotators agree on what it is, and within 200 ms on both its ends; a
speech's end is the end of a turn when the other speaks before the same goes on, and a pause otherwise; a silence in
which something is disputed is unknown. Their own scorer has more rules: figures of these clips are not those of their
list. Needs `pyarrow` and `soundfile`.
"""

import argparse
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.turns.eot_bench import NAME_MAX, TAIL_MS, decoded, lengthened
from voi.audio.wav import to_wav
from voi.training.turns.clips import RATE_HZ

AGREES_MS = 200
LEAD_MS = 600
ANNOTATORS = "abc"
SOURCE = "mundo-ai/turn-benchmark-dev"
INTERRUPTIONS = frozenset({"Floor-taking Competitive Interruption", "Floor-taking Cooperative Interruption"})
TURNS = INTERRUPTIONS | {
    "Normal Turn", "Regular Turn", "Strong Floor Hold", "Bounded Response", "Filler", "Overlap"
}  # fmt: skip
BACKCHANNELS = frozenset({"Acknowledgement Backchannel", "Continuer Backchannel", "Reaction Backchannel"})

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one speaker's channel, in ms."""

    start_ms: int
    end_ms: int

    def meets(self, start_ms: int, end_ms: int) -> bool:
        return self.start_ms < end_ms and start_ms < self.end_ms


def agreed(row: Row, speaker: int, labels: frozenset[str]) -> tuple[list[Span], list[Span]]:
    """Spans that two of three annotators gave one of these labels, and those that only one did and none settles."""
    given = [_spans(row.get(f"speaker_{speaker}_annotation_{who}"), labels) for who in ANNOTATORS]
    found: list[Span] = []
    alone: list[Span] = []
    used: set[tuple[int, Span]] = set()
    for who, spans in enumerate(given):
        for span in spans:
            if (who, span) in used:
                continue
            group = [(who, span)]
            for other in range(who + 1, len(given)):
                near = (one for one in given[other] if (other, one) not in used and _agree(one, span))
                if (one := next(near, None)) is not None:
                    group.append((other, one))
            if len(group) < 2:
                alone.append(span)
                continue
            used |= set(group)
            found.append(Span(_middle(one.start_ms for _, one in group), _middle(one.end_ms for _, one in group)))
    disputed = [span for span in alone if not any(span.meets(one.start_ms, one.end_ms) for one in found)]
    return sorted(found), sorted(disputed)


def _spans(events: object, labels: frozenset[str]) -> list[Span]:
    if not isinstance(events, list):
        return []
    return sorted(
        Span(round(1_000 * one["start_s"]), round(1_000 * one["end_s"]))
        for one in events
        if str(one.get("label", "")).strip("[] ") in labels
    )


def _agree(one: Span, other: Span) -> bool:
    return abs(one.start_ms - other.start_ms) <= AGREES_MS and abs(one.end_ms - other.end_ms) <= AGREES_MS


def _middle(times: Iterable[int]) -> int:
    known = sorted(times)
    return (known[(len(known) - 1) // 2] + known[len(known) // 2]) // 2


def turns_of(row: Row, speaker: int) -> Iterator[list[tuple[Span, int | None, bool | None]]]:
    """The speaker's turns. Each is a list of speech, when the same speaker speaks again (None: never), and whether the
    turn ended there (None: unknown)."""
    mine, disputed = agreed(row, speaker, TURNS)
    others, of_others = agreed(row, 3 - speaker, TURNS)
    doubts = disputed + of_others
    turn: list[tuple[Span, int | None, bool | None]] = []
    for number, span in enumerate(mine):
        next_ms = mine[number + 1].start_ms if number + 1 < len(mine) else None
        if next_ms is not None and next_ms <= span.end_ms:
            continue
        until_ms = next_ms if next_ms is not None else span.end_ms + TAIL_MS
        ends: bool | None = next_ms is None or any(
            one.meets(span.end_ms, until_ms) and one.end_ms > span.end_ms for one in others
        )
        if any(one.meets(span.end_ms, until_ms) for one in doubts):
            ends = None
        turn.append((span, next_ms, ends))
        if ends is not False:
            yield turn
            turn = []
    if turn:
        yield turn


def labelled(row: Row) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Label and sound (16 kHz s16le mono) of each turn, backchannel and interruption of a conversation."""
    for speaker in (1, 2):
        sound = decoded(row[f"speaker_{speaker}_audio"])
        who = f"{row['conversation_id']}_{speaker}"

        def clip(
            kind: str, first_ms: int, last_ms: int, next_ms: int | None, *, of: str = who, whole: Any = sound
        ) -> tuple[dict[str, Any], bytes, int]:
            from_ms = max(0, first_ms - LEAD_MS)
            to_ms = last_ms + TAIL_MS if next_ms is None else min(next_ms, last_ms + TAIL_MS)
            part = whole[from_ms * RATE_HZ // 1_000 : to_ms * RATE_HZ // 1_000]
            name = re.sub(r"[^\w-]", "_", f"{of}_{first_ms}")[:NAME_MAX]
            label = {
                "file": f"{name}_{kind}.wav", "kind": kind, "speaker": of, "end_of_speech_ms": None, "pauses": [],
                "text": "", "asked": None, "over_agent": None, "composite": False, "source": SOURCE, "licence": "",
            }  # fmt: skip
            return label, lengthened(part, last_ms - from_ms).tobytes(), from_ms

        for turn in turns_of(row, speaker):
            last, after_ms, ends = turn[-1]
            label, pcm, from_ms = clip("call", turn[0][0].start_ms, last.end_ms, after_ms)
            label["pauses"] = [
                {"start_ms": span.end_ms - from_ms, "end_ms": next_ms - from_ms, "turn_ends": ended}
                for span, next_ms, ended in turn[:-1]
                if next_ms is not None
            ]
            end_ms = last.end_ms - from_ms
            label["pauses"].append({"start_ms": end_ms, "end_ms": end_ms + TAIL_MS, "turn_ends": ends or None})
            label["end_of_speech_ms"] = end_ms if ends else None
            yield label, pcm
        for kind, labels, wants in (
            ("backchannel", BACKCHANNELS, "keep_talking"), ("interruption", INTERRUPTIONS, "stop")
        ):  # fmt: skip
            for span in agreed(row, speaker, labels)[0]:
                label, pcm, _ = clip(kind, span.start_ms, span.end_ms, None)
                yield label | {"over_agent": wants}, pcm


def convert(rows: Iterable[Row], folder: Path) -> int:
    """Write the rows as labelled clips. Returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    with (folder / "labels.jsonl").open("w") as labels:
        for row in rows:
            for label, pcm in labelled(row):
                (folder / label["file"]).write_bytes(to_wav(pcm, RATE_HZ))
                labels.write(json.dumps(label) + "\n")
                written += 1
    return written


def rows_of(files: Iterable[Path]) -> Iterator[Row]:
    """The rows of these files, one at a time: a conversation has some 20 minutes of sound."""
    import pyarrow.parquet as parquet

    for file in files:
        for batch in parquet.ParquetFile(file).iter_batches(batch_size=1):
            yield from batch.to_pylist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--into", type=Path, required=True)
    options = parser.parse_args()
    print(convert(rows_of(options.files), options.into), "clips")


if __name__ == "__main__":
    main()
