"""The load of a server: when optional work is given up, when calls are refused, and when that is undone."""

import pytest

from voi.calls.load import (
    ALWAYS_ADMITTED,
    CALL_CORE,
    CALL_CORE_MAX,
    CALM_S,
    MEASURED_CALLS,
    PEAK_WINDOWS,
    SAMPLE_EVERY_S,
    UNFELT_S,
    WINDOW,
    Limits,
    Load,
    LoadLevel,
)

LIMITS = Limits()


class Server:
    """A server on a virtual clock; `levels` are those that it was told of."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.levels: list[LoadLevel] = []
        self.whys: list[str] = []
        self.load = Load(lambda: self.now_s, self._changed)

    def _changed(self, level: LoadLevel, why: str) -> None:
        self.levels.append(level)
        self.whys.append(why)

    def admit(self, active: int) -> bool:
        if fits := self.load.has_room(active):
            self.load.admitted()
        return fits

    def run(
        self,
        seconds: float,
        late_s: float = 0.0,
        core: float = 0.0,
        engine_wait_s: float = 0.0,
        calls: int = ALWAYS_ADMITTED,
        gpu_filling: float = 0.0,
    ) -> None:
        self.load.gpu_fills(gpu_filling)
        for _ in range(round(seconds / SAMPLE_EVERY_S)):
            self.now_s += SAMPLE_EVERY_S
            self.load.sample(late_s, core, engine_wait_s, "stt moonshine" if engine_wait_s else "", calls)


@pytest.mark.parametrize("measure", ["late_s", "core", "engine_wait_s", "gpu_filling"])
def test_each_measure_has_two_levels(measure: str) -> None:
    busy, full = getattr(LIMITS, {"late_s": "loop_late_s"}.get(measure, measure))
    server = Server()
    server.run(10, **{measure: busy * 0.99})
    assert server.load.level is LoadLevel.NORMAL
    server.run(3, **{measure: busy * 1.01})
    assert server.load.level is LoadLevel.BUSY
    server.run(3, **{measure: full * 1.01})
    assert server.load.level is LoadLevel.FULL
    assert server.levels == [LoadLevel.BUSY, LoadLevel.FULL]


def test_a_single_hiccup_is_no_load() -> None:
    server = Server()
    server.run(3)
    server.run(SAMPLE_EVERY_S, late_s=2.0)
    server.run(3)
    assert server.levels == []


def test_what_was_given_up_is_undone_step_by_step_when_the_load_has_stayed_low() -> None:
    server = Server()
    server.run(3, late_s=0.2)
    assert server.load.level is LoadLevel.FULL
    server.run(WINDOW * SAMPLE_EVERY_S + CALM_S - 1)
    assert server.load.level is LoadLevel.FULL
    server.run(2)
    assert server.load.level is LoadLevel.BUSY
    server.run(CALM_S + 1)
    assert server.load.level is LoadLevel.NORMAL
    assert [level.name for level in server.levels] == ["FULL", "BUSY", "NORMAL"]


def test_a_load_at_its_limit_does_not_swing() -> None:
    server = Server()
    busy = LIMITS.core[0]
    for _ in range(20):
        server.run(3, core=busy * 1.02)
        server.run(3, core=busy * 0.9)
    assert server.levels == [LoadLevel.BUSY]


def test_a_full_server_refuses_but_for_the_first_calls() -> None:
    server = Server()
    server.run(3, late_s=0.2, calls=50)
    assert not server.admit(50)
    assert server.admit(ALWAYS_ADMITTED - 1)


def test_a_crowd_that_comes_at_once_is_not_admitted_whole() -> None:
    server = Server()
    server.run(3)
    admitted = sum(server.admit(active) for active in range(1_000))
    assert admitted == round(LIMITS.admitted_core / CALL_CORE)


def test_calls_that_do_not_show_yet_are_reckoned_at_what_the_others_cost() -> None:
    server = Server()
    calls = MEASURED_CALLS * 5
    server.run(5, core=0.2, calls=calls)
    more = sum(server.admit(calls + n) for n in range(1_000))
    assert more == pytest.approx((LIMITS.admitted_core - 0.2) / (0.2 / calls), abs=1)
    # the same, once they show: there is room for none
    server.run(UNFELT_S + 1, core=0.89, calls=calls + more)
    assert sum(server.admit(calls + more + n) for n in range(100)) <= 5


def test_the_log_is_told_what_was_measured() -> None:
    server = Server()
    server.run(3, late_s=0.01, core=0.5)
    server.run(3, late_s=0.01, core=0.5, engine_wait_s=2.0)
    measured = "the event loop is 10 ms late and takes 50% of a core; stt moonshine keeps calls waiting for 2.0 s"
    assert server.whys == [measured]


def test_a_gpu_that_fills_is_told_and_one_that_stays_full_is_no_load() -> None:
    server = Server()
    server.run(3, gpu_filling=1.5)
    assert not server.admit(active=ALWAYS_ADMITTED)
    assert server.whys[-1].endswith("; at this pace a GPU's memory is full in 40 s")
    server.run(2 * CALM_S + 1)
    assert server.load.level is LoadLevel.NORMAL
    assert server.admit(active=ALWAYS_ADMITTED)


def test_beginnings_do_not_make_calls_look_dearer_than_they_are() -> None:
    server = Server()
    server.run(5, core=0.4, calls=MEASURED_CALLS)
    more = sum(server.admit(MEASURED_CALLS + n) for n in range(1_000))
    assert more == pytest.approx((LIMITS.admitted_core - 0.4) / CALL_CORE_MAX, abs=1)


def test_a_dip_lets_no_further_call_in() -> None:
    server = Server()
    calls = MEASURED_CALLS * 10
    for _ in range(4):
        server.run(2, core=LIMITS.admitted_core, calls=calls)
        server.run(2, core=LIMITS.admitted_core * 0.9, calls=calls)
        assert not server.load.has_room(calls)
    server.run(PEAK_WINDOWS * WINDOW * SAMPLE_EVERY_S + 2, core=LIMITS.admitted_core * 0.9, calls=calls)
    assert server.load.has_room(calls)


@pytest.mark.parametrize(("calls", "most"), [(0, LoadLevel.NORMAL), (1, LoadLevel.BUSY), (2, LoadLevel.FULL)])
def test_other_programs_do_not_overload_a_server_without_calls(calls: int, most: LoadLevel) -> None:
    server = Server()
    server.run(10, late_s=0.063, calls=calls)
    assert server.load.level is most
    server.run(2 * CALM_S + 2, late_s=0.063, calls=0)
    assert server.load.level is LoadLevel.NORMAL
    assert all(server.admit(active) for active in range(ALWAYS_ADMITTED))


def test_an_engine_that_nobody_waits_for_is_not_told() -> None:
    server = Server()
    for _ in range(2 * WINDOW):
        server.now_s += SAMPLE_EVERY_S
        server.load.sample(0.2, 0.0, 0.0, "stt moonshine", calls=5)
    assert "moonshine" not in server.whys[-1]
