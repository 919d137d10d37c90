"""Markdown tables of results/: python bench/report.py"""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
COLUMNS = (
    "system", "calls", "over floor p50 / p95 ms", "after-VAD overhead p50 / p95 ms", "CPU ms per call-second",
    "core 0 busy", "RSS base + per call MB", "turns missed, with underrun", "longest GC pause ms",
    "honesty: late p99 ms, foreign, calibration ms",
)  # fmt: skip


def pair(spread: dict[str, float | None], digits: int = 0) -> str:
    return " / ".join("-" if (ms := spread[p]) is None else f"{ms:.{digits}f}" for p in ("p50", "p95"))


def row(r: dict[str, Any]) -> tuple[str, ...]:
    return (
        r["system"],
        str(r["n"]),
        pair(r["over_floor_ms"]),
        pair(r["after_vad_overhead_ms"], 1),
        f"{r['cpu_ms_per_call_s']:.1f}",
        f"{r['cpu_util']:.0%}",
        f"{r['rss_base_mb']:.0f} + {r['rss_per_call_mb']:.2f}",
        f"{r['missed'] + r['incomplete']}, {r['turns_with_underrun']} of {r['turns']}",
        f"{max(r['gc_pauses_ms'], default=0):.0f}" if r["gc_pauses_ms"] else "under 2",
        f"{r['loadgen_late_p99_ms']:.1f}, {r['foreign_on_core0']:.0%}, {max(r['calibration_ms']):.0f}",
    )


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, ("---",) * len(header), *rows))


def main() -> None:
    levels: list[tuple[str, ...]] = []
    limits: list[tuple[str, ...]] = []
    if not RESULTS.is_dir():
        raise SystemExit(f"There is no {RESULTS}: nothing was measured yet. Run bench/run.py first.")
    for folder in sorted(path for path in RESULTS.iterdir() if path.is_dir()):
        results = [json.loads(p.read_text()) for p in folder.glob("[0-9]*.json")]
        levels += [row(r) for r in sorted(results, key=lambda r: r["n"])]
        if (summary := folder / "summary.json").exists():
            s = json.loads(summary.read_text())
            limits.append((folder.name, str(s["calls_per_core"]), str(s["first_failing"] or "not reached")))
    print(table(COLUMNS, levels))
    print()
    print(table(("system", "calls on one core", "first failing level"), limits))
    for soak in sorted(RESULTS.glob("*/soak.json")):
        s = json.loads(soak.read_text())
        print(
            f"\n{soak.parent.name}: {s['answered']} of {s['calls']} short calls answered, memory "
            f"{s['before']['rss_mb']:.1f} MB before and {s['after']['rss_mb']:.1f} MB after, "
            f"{s['kb_per_call_second_half']:.2f} kB a call in the second half, "
            f"longest GC pause {max(s['gc_pauses_ms'], default=0):.0f} ms"
        )


if __name__ == "__main__":
    main()
