"""Holds what happened against what a scenario expects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from voi.config.problems import did_you_mean, quoted
from voi.scenarios.load import Case
from voi.scenarios.matching import SlowPattern, fits, folded, says
from voi.scenarios.model import Expect, ExpectedCall
from voi.scenarios.trace import AgentSaid, Called, Mark, Trace
from voi.session.latency import TurnTimes

QUOTE_MAX = 200


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that did not hold. `where`: `file:line` of what asked for it; "": the text says it."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


def check(expect: Expect, trace: Trace, since: Mark, case: Case, place: Sequence[str | int]) -> list[Broken]:
    """What of `expect`, at `place` in its scenario, does not hold of what happened since that moment. Criteria for a
    judge are left to `voi.scenarios.judge`."""
    found: list[Broken] = []
    said, called = trace.said[since.said :], trace.called[since.called :]
    for objections in (
        _words(expect, trace, since, said),
        _voices(expect, said),
        _calls(expect, called),
        _happenings(expect, trace, since),
        _numbers(expect, trace, since, said),
    ):
        try:
            for name, text in objections:
                found.append(Broken(case.at(*place, name), text))
        except SlowPattern as slow:  # whether it holds is not known, nor what comes after it
            found.append(Broken(case.at(*place), str(slow)))
    return found


Objections = Iterator[tuple[str, str]]
"""Name of the expectation, and what does not hold."""


def _words(expect: Expect, trace: Trace, since: Mark, said: Sequence[AgentSaid]) -> Objections:
    spoken = " ".join(each.text for each in said)
    for wanted in expect.says:
        if not says(spoken, wanted):
            yield "says", f"did not say {quoted(wanted)}; it said {_quote(spoken)}"
    for unwanted in expect.never_says:
        if says(spoken, unwanted):
            yield "never_says", f"said {quoted(unwanted)}: {_quote(_around(said, unwanted))}"
    if expect.silent and spoken.strip():
        yield "silent", f"was to be silent and said {_quote(spoken)}"
    understood = " ".join(each.text for each in trace.heard if each.change > since.heard or not since.heard)
    for wanted in expect.heard:
        if not says(understood, wanted):
            yield "heard", f"did not understand {quoted(wanted)}; it understood {_quote(understood)}"
    shown = "\n".join(message.text for message in trace.asked[-1]) if trace.asked else ""
    for wanted in expect.model_sees:
        if not says(shown, wanted):
            yield "model_sees", f"the model was not shown {quoted(wanted)}{'' if shown else '; it was never asked'}"
    if expect.model_never_sees and not trace.asked:
        yield "model_never_sees", "the model was never asked, so it was shown nothing"
    for unwanted in expect.model_never_sees:
        if says(shown, unwanted):
            yield "model_never_sees", f"the model was shown {quoted(unwanted)}"


def _voices(expect: Expect, said: Sequence[AgentSaid]) -> Objections:
    if expect.tone:
        wanted = {folded(tone) for tone in expect.tone}
        given = [tone for each in said for tone in each.tones()]
        wrong = [tone for tone in given if tone not in wanted]
        if wrong or not given:
            told = ", ".join(dict.fromkeys(given)) or "nothing, so no tone"
            yield "tone", f"was to sound {' or '.join(expect.tone)}, and it was {told}"
    if expect.speakers:
        order = tuple(voice for voice, _ in groupby(voice for each in said for voice in each.speakers()))
        if order != expect.speakers:
            yield "speakers", f"were to be {', '.join(expect.speakers)}, and were {', '.join(order) or 'nobody'}"
    if expect.words_max is not None:
        for each in said:
            if (count := len(each.text.split())) > expect.words_max:
                yield "words_max", f"has {count} words, more than {expect.words_max}: {_quote(each.text)}"


def _calls(expect: Expect, called: Sequence[Called]) -> Objections:
    if expect.calls is not None and not expect.calls and called:
        yield "calls", f"no tool was to be called, and it called {_listed(called)}"
    left = list(called)
    for wanted in expect.calls or ():
        number = next((at for at, call in enumerate(left) if _fits(call, wanted)), None)
        if number is None:
            arguments = f" with {_arguments(wanted.arguments)}" if wanted.arguments else ""
            hint = did_you_mean(wanted.name, {call.name for call in called} - {wanted.name}, list_them=False)
            yield "calls", f"did not call {wanted.name}{arguments}{hint}; it called {_listed(called)}"
        else:
            del left[: number + 1]
    for call in called:
        if call.name in expect.never_calls:
            yield "never_calls", f"called {call.name} with {_arguments(call.arguments)}"


def _fits(call: Called, wanted: ExpectedCall) -> bool:
    if call.name != wanted.name:
        return False
    return not wanted.arguments or (isinstance(call.arguments, dict) and fits(call.arguments, wanted.arguments))


def _happenings(expect: Expect, trace: Trace, since: Mark) -> Objections:
    happened = trace.events[since.events :]
    kinds = [event.kind for event in happened]
    for wanted in expect.happens:
        if wanted not in kinds:
            told = ", ".join(dict.fromkeys(kinds)) or "nothing out of the ordinary"
            yield "happens", f"{wanted} did not happen, but {told}"
    for unwanted in expect.never:
        for event in happened:
            if event.kind == unwanted:
                detail = f": {_quote(event.detail)}" if event.detail else ""
                yield "never", f"{unwanted} happened after {event.at_ms / 1_000:.1f} s{detail}"
                break
    if expect.ends is not None and trace.ended != expect.ends:
        yield "ends", f"was to end with {expect.ends}, and {trace.ended or 'did not end'}"


def _numbers(expect: Expect, trace: Trace, since: Mark, said: Sequence[AgentSaid]) -> Objections:
    if expect.latency_ms is not None:
        took = [ms for times in trace.turns[since.turns :] if (ms := latency_ms(times)) is not None]
        if not took:
            yield "latency_ms", "there was no answer whose time could be taken"
        elif max(took) > expect.latency_ms:
            yield "latency_ms", f"the answer came after {max(took)} ms, more than {expect.latency_ms}"
    if expect.turns is not None:
        count = sum(each.kind == "answer" for each in said)
        if count < expect.turns.min or (expect.turns.max is not None and count > expect.turns.max):
            most = expect.turns.max
            wanted = f"{expect.turns.min} to {'any number' if most is None else most}"
            wanted = str(most) if expect.turns.min == most else wanted
            yield "turns", f"answered {count} times, and was to {wanted}"


def latency_ms(times: TurnTimes) -> int | None:
    """From the end of speech to the first sound, or to the first words of an answer without sound."""
    if times.first_sent_ms is not None:
        return times.first_sent_ms
    return None if times.first_token_ms is None else max(times.first_token_ms, times.endpoint_ms)


def _around(said: Sequence[AgentSaid], wanted: str) -> str:
    return next((each.text for each in said if says(each.text, wanted)), " ".join(each.text for each in said))


def _listed(called: Sequence[Called]) -> str:
    return "; ".join(f"{call.name} with {_arguments(call.arguments)}" for call in called[:5]) or "nothing"


def _arguments(arguments: object) -> str:
    return _quote(str(arguments)) if arguments != {} else "no arguments"


def _quote(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        return "nothing"
    return f'"{text if len(text) <= QUOTE_MAX else text[:QUOTE_MAX] + "…"}"'
