"""One call's uses, added up."""

from typing import Any

from voi.calls.usage import CallUsage, Total, Whose
from voi.use import Use


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


WHOSE = Whose("shop", "ada", "telephone")
LLM = Use("llm", "openai", "m", 10, 5)


def counted() -> tuple[CallUsage, Clock, list[Any], list[tuple[Total, ...]]]:
    clock = Clock()
    uses: list[Any] = []
    totals: list[Any] = []
    price = {"llm": 0.5, "call": 0.25, "stt": None}.__getitem__
    usage = CallUsage(
        WHOSE, lambda use: price(use.kind), [lambda *told: uses.append(told)], totals.append, clock
    )  # fmt: skip
    return usage, clock, uses, totals


async def test_uses_of_one_model_are_one_total() -> None:
    usage, clock, uses, totals = counted()
    clock.now_s += 2
    usage.usage(LLM)
    clock.now_s += 1
    usage.usage(Use("llm", "openai", "m", 20, 0, estimated=True))
    usage.usage(Use("stt", "ear", "ear", sound_ms=1_500))
    clock.now_s += 0.5
    await usage.close()
    call, llm, stt = totals[-1]
    assert (call.kind, call.provider, call.uses, call.sound_ms) == ("call", "telephone", 1, 3_500)
    assert (llm.uses, llm.estimated, llm.input_tokens, llm.output_tokens, llm.cost) == (2, 1, 30, 5, 1.0)
    assert (stt.sound_ms, stt.unpriced, stt.cost) == (1_500, 1, 0.0)
    assert sum(use.sound_ms for _, use, _ in uses if use.kind == "call") == 3_500
    assert (WHOSE, LLM, 0.5) in uses


def test_totals_that_were_told_go_on_growing() -> None:
    usage, clock, _, totals = counted()
    usage.usage(LLM)
    clock.now_s += 5
    usage.tick()
    assert [total[0].sound_ms for total in totals] == [5_000, 5_000]
