"""Results as text for people, as JSON for programs, and as JUnit XML for CI."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

from voi.scenarios.last_run import Changes
from voi.scenarios.suite import Result, RunMode, count

SIGNS = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def result_lines(result: Result, *, wordy: bool = False) -> Iterator[str]:
    """A scenario in words. `wordy`: with its transcript, which one that failed always has."""
    rate = ""
    if len(result.performances) > 1:
        passed = sum(each.passed for each in result.performances)
        rate = f"  {passed} of {len(result.performances)}"
    note = f"  ({result.note})" if result.note else ""
    yield f"  {SIGNS[result.status]}  {result.case.name}{rate}{note}"
    for broken in result.broken:
        yield f"        {broken}"
    if result.performances and (wordy or result.status == "failed"):
        shown = next((each for each in result.performances if not each.passed), result.performances[0])
        for line in shown.lines:
            yield f"          {line.at_ms / 1_000:6.1f} s  {line}"
        if wordy and shown.latencies_ms:
            yield f"          latencies: {', '.join(f'{ms} ms' for ms in shown.latencies_ms)}"


def summary(results: Sequence[Result], took_s: float) -> str:
    """One line: how many passed, failed and so on, and how long it took."""
    by_status = {status: sum(result.status == status for result in results) for status in SIGNS}
    told = [f"{number} {status}" for status, number in by_status.items() if number]
    return f"{', '.join(told)} in {took_s:.2f} s"


def change_lines(changes: Changes, *, wordy: bool = False) -> Iterator[str]:
    """What changed since the last run. `wordy`: also what is said otherwise."""
    for words, names in (("fails now", changes.fails_now), ("passes now", changes.passes_now)):
        for name in names:
            yield f"since the last run {words}: {name}"
    if changes.otherwise and not wordy:
        yield f"{count(len(changes.otherwise), 'scenario')} with other words than in the last run: --diff shows them"
    for name, pairs in changes.otherwise.items() if wordy else ():
        yield f"other words: {name}"
        for before, now in pairs:
            if before:
                yield f"  - {before}"
            if now:
                yield f"  + {now}"


def as_json(results: Sequence[Result], changes: Changes, mode: RunMode, took_s: float) -> dict[str, Any]:
    """The results as JSON, for programs (`voi test --json`)."""
    return {
        "ok": all(result.status != "failed" for result in results),
        "mode": mode,
        "took_s": round(took_s, 3),
        **{status: sum(result.status == status for result in results) for status in SIGNS},
        "changes": asdict(changes),
        "scenarios": [_scenario(result) for result in results],
    }


def _scenario(result: Result) -> dict[str, Any]:
    return {
        "name": result.case.name,
        "agent": result.case.agent,
        "at": result.case.at(),
        "status": result.status,
        "pass_rate": round(result.pass_rate, 4),
        "note": result.note,
        "runs": [
            {
                "passed": each.passed,
                "took_ms": each.took_ms,
                "broken": [asdict(broken) for broken in each.broken],
                "latencies_ms": list(each.latencies_ms),
                "transcript": [asdict(line) for line in each.lines],
            }
            for each in result.performances
        ],
    }


def as_junit(results: Sequence[Result], took_s: float) -> bytes:
    """A JUnit XML report, one test suite a file."""
    root = ElementTree.Element("testsuites", name="voi test", time=f"{took_s:.3f}")
    files: dict[str, list[Result]] = {}
    for result in results:
        files.setdefault(str(result.case.file), []).append(result)
    for file, some in files.items():
        suite = ElementTree.SubElement(
            root, "testsuite", name=_xml(file), tests=str(len(some)),
            failures=str(sum(result.status == "failed" for result in some)), errors="0",
            skipped=str(sum(result.skipped for result in some)),
            time=f"{sum(result.took_ms for result in some) / 1_000:.3f}",
        )  # fmt: skip
        for result in some:
            _test_case(suite, result)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _test_case(suite: ElementTree.Element, result: Result) -> None:
    where, _, line = result.case.at().rpartition(":")
    case = ElementTree.SubElement(
        suite, "testcase", name=_xml(result.case.name), classname=_xml(f"{result.case.file.stem}.{result.case.agent}"),
        time=f"{result.took_ms / 1_000:.3f}", file=_xml(where), line=line,
    )  # fmt: skip
    if result.skipped:
        ElementTree.SubElement(case, "skipped", message=_xml(result.note))
    elif result.status == "failed":
        told = "\n".join(map(str, result.broken))
        first = result.broken[0].text if result.broken else ""
        ElementTree.SubElement(case, "failure", message=_xml(first)).text = _xml(told)
    if result.performances:
        shown = next((each for each in result.performances if not each.passed), result.performances[0])
        ElementTree.SubElement(case, "system-out").text = _xml("\n".join(map(str, shown.lines)))


def _xml(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
