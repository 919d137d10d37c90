"""What changed since the last run: it is kept in a file beside the scenarios, which is not for version control."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voi.config.safe_file import replace_file
from voi.scenarios.suite import Result, RunMode

FILE = ".last_run.json"
FILE_MAX_BYTES = 64 * 2**20
LINES_KEPT = 200


@dataclass(slots=True)
class Changes:
    """Names of scenarios. `otherwise`: the agent says something else now, with what it said and what it says."""

    fails_now: list[str] = field(default_factory=list)
    passes_now: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    otherwise: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.fails_now or self.passes_now or self.otherwise)

    def add(self, more: "Changes") -> None:
        self.fails_now += more.fails_now
        self.passes_now += more.passes_now
        self.new += more.new
        self.otherwise |= more.otherwise


def by_folder(results: Sequence[Result]) -> dict[Path, list[Result]]:
    """The results by the folder of their scenarios: each has a last run of its own, since files in two folders may have
    the same name."""
    found: dict[Path, list[Result]] = {}
    for result in results:
        found.setdefault(result.case.file.parent, []).append(result)
    return found


def read_last(folder: Path, mode: RunMode) -> dict[str, Any]:
    """The last run of that mode, scenario by scenario. {} if there was none, or its file is not what it should be."""
    found = _kept(folder).get(mode)
    return found if isinstance(found, dict) and all(map(_is_entry, found.values())) else {}


def _kept(folder: Path) -> dict[str, Any]:
    file = folder / FILE
    try:
        if not file.is_file() or file.stat().st_size > FILE_MAX_BYTES:
            return {}
        kept = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("status"), str)
        and isinstance(entry.get("said"), list)
        and all(isinstance(line, str) for line in entry["said"])
    )


def keep_run(folder: Path, mode: RunMode, results: Sequence[Result]) -> None:
    """Keep this run for the next one. Scenarios that were not part of it keep what they had. Raises OSError."""
    kept = _kept(folder)
    kept[mode] = read_last(folder, mode) | {
        result.case.key: {"status": result.status, "pass_rate": result.pass_rate, "said": _said(result)}
        for result in results
        if not result.skipped
    }
    text = json.dumps(kept, ensure_ascii=False, indent=1)
    replace_file(folder / FILE, lambda out: out.write(text.encode()))


def changes(last: Mapping[str, Any], results: Sequence[Result]) -> Changes:
    """What is otherwise than in the last run."""
    found = Changes()
    for result in results:
        if result.skipped:
            continue
        key = result.case.key
        before = last.get(key)
        if before is None:
            found.new.append(key)
            continue
        if before["status"] != result.status:
            (found.passes_now if result.status == "passed" else found.fails_now).append(key)
        old, new = before["said"], _said(result)
        if old != new:
            width = max(len(old), len(new))
            pairs = zip(old + [""] * (width - len(old)), new + [""] * (width - len(new)), strict=True)
            found.otherwise[key] = [(was, now) for was, now in pairs if was != now]
    return found


def _said(result: Result) -> list[str]:
    """What the agent said the first time."""
    lines = result.performances[0].lines if result.performances else ()
    return [str(line) for line in lines if line.who != "person"][:LINES_KEPT]
