"""Puts what a visit found into docs/performance.md, between its two marks, with the device's name."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- figures of a GPU: begin -->", "<!-- figures of a GPU: end -->"
Stages = dict[str, dict[str, Any]]


def fill(folder: Path, page: Path = PAGE) -> None:
    """Raises SystemExit where there is nothing to put in: figures of a CPU do not belong there."""
    calls = [json.loads(file.read_text()) for file in sorted(folder.glob("[0-9].json"))]
    if not calls:
        raise SystemExit(f"{folder} holds no findings.")
    if any(call["tiny"] or not call["gpu"] for call in calls):
        raise SystemExit("These findings are of a CPU or of the tests' models: the page is for those of a GPU.")
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{page} lacks the marks {BEGIN} and {END}.")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{section(calls)}\n\n{END}{after}", encoding="utf-8")


def section(calls: Sequence[dict[str, Any]]) -> str:
    stages: Stages = {name: stage for call in calls for name, stage in call["stages"].items()}
    about = calls[0]
    parts = [
        f"### Measured on {article(about['device'])}",
        f"    .venv/bin/python bench/gpu_visit.py {' '.join(str(call['call']) for call in calls)} --out visit",
        f"On {about['date']}: {about['device']}, torch {about['torch']}, {about['cores']} CPU cores. Random weights of "
        "full size; next to nothing else running.",
        verdicts(stages),
        *(make(stages) for make in (vocoder, steps, xtts, coqui, whisper, tail, together)),
    ]
    return "\n\n".join(part for part in parts if part)


def article(device: str) -> str:
    return f"an {device}" if device[:1] in "AEFHILMNORSX" and device[1:2].isupper() else f"a {device}"


def found(stages: Stages, name: str) -> dict[str, Any]:
    return stages.get(name, {}).get("found", {})  # type: ignore[no-any-return]


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines) if rows else ""


def cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def verdicts(stages: Stages) -> str:
    right = [name for name, stage in stages.items() if stage["right"] and "skipped" not in stage["found"]]
    skipped = [f"{name} ({stage['found']['skipped']})" for name, stage in stages.items() if "skipped" in stage["found"]]
    wrong = [name for name, stage in stages.items() if not stage["right"]]
    lines = [f"Stages that went as they should: {', '.join(right) or 'none'}."]
    lines += [f"**Not as they should: {', '.join(wrong)}.**"] if wrong else []
    lines += [f"Left out: {', '.join(skipped)}."] if skipped else []
    one = found(stages, "shapes")
    if one:
        lines.append(
            f"XTTS recorded {one['xtts_recorded']} shapes in {cell(one['xtts_recorded_s'])} s and took "
            f"{cell(one['xtts_memory_mib'])} MiB, of which {cell(one['xtts_counted_mib'])} for the model and its slots."
        )
    return " ".join(lines)


def vocoder(stages: Stages) -> str:
    one = found(stages, "precision")
    rows = [
        [name, one[name]["snr_db"], one[name]["to_mask_db"], one["milliseconds"][name]]
        for name in ("tf32", "float16")
        if one.get(name) and name in one.get("milliseconds", {})
    ]
    return table(
        ("vocoder in", "sound above what is lost, dB", "lost beside what is masked, dB", "3 s of sound, ms"), rows
    )


def steps(stages: Stages) -> str:
    rows = [
        [name, one["busy_ms"], one["with_codes_read_ms"], one["kernels"]]
        for name, one in found(stages, "replays").get("steps", {}).items()
    ]
    return table(("XTTS, a step of", "the device is busy, ms", "with its codes read, ms", "kernels"), rows)


def xtts(stages: Stages) -> str:
    rows = [
        [f"{row['callers']}{how}", row["p50_ms"], row["p95_ms"], row["sound_per_s"], row["note"]]
        for stage, how in (("xtts", ""), ("xtts tuned", ", tuned"))
        for row in found(stages, stage).get("rows", ())
        if row["what"] == "voi, first sound"
    ]
    return table(("XTTS, callers", "first sound p50, ms", "p95", "sound a second, s", ""), rows)


def coqui(stages: Stages) -> str:
    rows = [
        [row["what"], row["p50_ms"], row["sound_per_s"]]
        for row in found(stages, "coqui").get("rows", ())
        if row["callers"] == 1 and "first sound" in row["what"]
    ]
    return table(("one caller", "first sound p50, ms", "sound a second, s"), rows)


def whisper(stages: Stages) -> str:
    rows = [
        [row["size"], row["what"], row["callers"], row["p50_ms"], row["p95_ms"], row["note"]]
        for row in found(stages, "whisper").get("rows", ())
        if row["what"].startswith(("voi", "openai"))
    ]
    return table(("Whisper", "final transcripts", "callers", "p50, ms", "p95", ""), rows)


def tail(stages: Stages) -> str:
    rows = [
        [name, one["scores_ms"], one["warping_ms"], one["words_and_guards_ms"]]
        for name, one in found(stages, "tail").get("tail", {}).items()
    ]
    return table(("after the last token", "scores, ms", "warping, ms", "words and guards with it, ms"), rows)


def together(stages: Stages) -> str:
    rows = []
    for name in ("together", "together under MPS"):
        one = found(stages, name)
        if "taken_mib" in one:
            counted = sum(one["counted_mib"].values())
            rows.append([name, *one["taken_mib"].values(), counted])
    return table(("Whisper small and XTTS", "loading, MiB", "8 callers", "counted on"), rows)
