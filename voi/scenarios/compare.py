"""Two drafts of the same agents, scenario by scenario."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from voi.scenarios.suite import Result
from voi.scenarios.transcript import TranscriptLine


@dataclass(frozen=True, slots=True)
class Pair:
    """One scenario with both drafts."""

    a: Result
    b: Result

    @property
    def verdict(self) -> str:
        """Which draft does better, by what must hold."""
        rates = self.a.pass_rate, self.b.pass_rate
        if rates[0] == rates[1]:
            return "the same"
        return "A is better" if rates[0] > rates[1] else "B is better"


def pairs(a: Sequence[Result], b: Sequence[Result]) -> list[Pair]:
    """The results of both drafts, scenario by scenario. Both ran the same scenarios in the same order."""
    return [Pair(*both) for both in zip(a, b, strict=True)]


def rows(pair: Pair) -> list[tuple[str, str, str]]:
    """Both transcripts side by side: who, what A says, what B says. A turn of the person is a row of both."""
    cells: list[tuple[str, str, str]] = []
    turns_a, turns_b = _turns(_lines(pair.a)), _turns(_lines(pair.b))
    for number in range(max(len(turns_a), len(turns_b))):
        person_a, rest_a = turns_a[number] if number < len(turns_a) else ("", [])
        person_b, rest_b = turns_b[number] if number < len(turns_b) else ("", [])
        if person_a or person_b:
            cells.append(("person", person_a, person_b))
        if rest_a or rest_b:
            cells.append(("agent", "\n".join(map(_shown, rest_a)), "\n".join(map(_shown, rest_b))))
    return cells


def _lines(result: Result) -> Sequence[TranscriptLine]:
    return result.performances[0].lines if result.performances else ()


def _turns(lines: Sequence[TranscriptLine]) -> list[tuple[str, list[TranscriptLine]]]:
    found: list[tuple[str, list[TranscriptLine]]] = [("", [])]
    for line in lines:
        if line.who == "person":
            found.append((line.text, []))
        else:
            found[-1][1].append(line)
    return found


def _shown(line: TranscriptLine) -> str:
    return str(line).removeprefix("agent: ").removeprefix("agent ")


def figures(results: Sequence[Result]) -> dict[str, Any]:
    """Passed, median latency and median words of an answer, of one draft."""
    performances = [each for result in results for each in result.performances]
    latencies = sorted(ms for each in performances for ms in each.latencies_ms)
    words = sorted(
        len(line.text.split())
        for each in performances
        for line in each.lines
        if line.who in ("agent", "narrator") and line.kind in ("answer", "goes_on")
    )
    return {
        "passed": sum(result.status == "passed" for result in results),
        "scenarios": sum(not result.skipped for result in results),
        "latency_median_ms": median(latencies),
        "words_median": median(words),
    }


def median(values: Sequence[int]) -> int | None:
    """The middle one of sorted values, the lower of two; None: there are none."""
    return values[(len(values) - 1) // 2] if values else None


def comparison(found: Sequence[Pair]) -> dict[str, Any]:
    """All of it, for programs."""
    return {
        "a": figures([pair.a for pair in found]),
        "b": figures([pair.b for pair in found]),
        "scenarios": [
            {
                "name": pair.a.case.name,
                "at": pair.a.case.at(),
                "verdict": pair.verdict,
                **{
                    draft: {
                        "status": result.status,
                        "pass_rate": round(result.pass_rate, 4),
                        "broken": [asdict(broken) for broken in result.broken],
                        "transcript": [asdict(line) for line in _lines(result)],
                    }
                    for draft, result in (("a", pair.a), ("b", pair.b))
                },
            }
            for pair in found
        ],
    }
