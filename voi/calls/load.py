"""How loaded this server is, and what follows: optional work is given up first, then new calls are refused.

Four things are watched: how late the event loop is, how much of a core its thread takes, how long engines on this
machine let a call wait, and how fast a GPU's memory fills. A rise counts at once. A fall counts after `CALM_S`, so that
the server does not swing between two levels. The share of a core is also used to look ahead: calls that were admitted a
moment ago cost nothing yet, so each is counted with the average cost of the others.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum


class LoadLevel(IntEnum):
    """How busy a server is."""

    NORMAL = 0
    BUSY = 1
    """Optional work is given up: partial transcripts, speculation, second judges."""
    FULL = 2
    """New calls are refused as well."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds for BUSY and FULL, in this order. A turn may take at most 100 ms longer than on an idle server, and
    the event loop delays it in about three places (sound in, text, sound out)."""

    loop_late_s: tuple[float, float] = (0.020, 0.050)
    """How late the event loop is, in the worst tenth of a window."""
    core: tuple[float, float] = (0.75, 0.90)
    """Share of one core that the event loop's thread takes. Queues grow without bound as it nears 1."""
    engine_wait_s: tuple[float, float] = (0.75, 1.5)
    """How long an engine lets a call wait for a final transcript, or for the first sound of a text."""
    gpu_filling: tuple[float, float] = (0.5, 1.0)
    """What a GPU's memory lost in the last minute, as a share of what is left: at 1, the next minute fills it. Memory
    that is taken and stays so is no load: engines take theirs at the start."""
    admitted_core: float = 0.85
    """No call is admitted that would bring the share of a core beyond this. Somewhat above it, turns begin to wait for
    one another."""


SAMPLE_EVERY_S = 0.1
WINDOW = 20
"""How many samples are evaluated: two seconds."""
CALM_S = 5.0
"""A level is left after the load was under its limits for this long."""
CALM_SHARE = 0.8
"""A level is left when every measure is under this share of its limits."""
UNFELT_S = 2.0
"""A call's cost shows in the samples after this time: one window."""
CALL_CORE = 0.004
"""Assumed share of a core per call until it is measured; with many calls it was 0.002 to 0.0025 each."""
CALL_CORE_MAX = 0.006
"""Upper bound on the assumed share per call. While many calls begin at once, each seems to cost more than it will
later."""
MEASURED_CALLS = 20
"""The cost per call is measured from this many calls on. With fewer, most of the load is the server's own."""
ALWAYS_ADMITTED = 2
"""This many calls are always admitted: so few cannot cause the load, and refusing them would not reduce it. With fewer
the server is not FULL, and with none it is NORMAL, whatever other programs do to the machine."""
WAIT_TOLD_S = 0.05
"""A shorter wait for an engine is not worth a word."""
PEAK_WINDOWS = 5
"""A call is admitted by the busiest of this many windows. By the newest alone, each dip would let another one in."""


class Load:
    """The load of one server. `clock`: monotonic seconds. `on_change` is told a new level and why."""

    def __init__(
        self,
        clock: Callable[[], float],
        on_change: Callable[[LoadLevel, str], None] = lambda level, why: None,
        limits: Limits | None = None,
    ) -> None:
        self.level = LoadLevel.NORMAL
        self._clock = clock
        self._on_change = on_change
        self._limits = limits or Limits()
        self._late_s: deque[float] = deque(maxlen=WINDOW)
        self._core: deque[float] = deque(maxlen=WINDOW)
        self._windows: deque[float] = deque(maxlen=PEAK_WINDOWS * WINDOW)
        """`core` at the newest samples."""
        self._engine_wait_s = 0.0
        self._engine = ""
        self._gpu_filling = 0.0
        self._calm_since_s: float | None = None
        self._felt_calls = 0
        """How many calls the last sample included."""
        self._admitted_s: deque[float] = deque()
        """When the calls were admitted that do not show in the samples yet."""

    def sample(self, late_s: float, core: float, engine_wait_s: float = 0.0, engine: str = "", calls: int = 0) -> None:
        """Take a sample, every `SAMPLE_EVERY_S`. `late_s`: how late the event loop ran this. `core`: share of a core
        that its thread took since the last sample. `engine_wait_s`: longest wait for an engine, for `engine`. `calls`:
        how many are live."""
        now_s = self._clock()
        self._late_s.append(late_s)
        self._core.append(core)
        self._windows.append(self.core)
        self._engine_wait_s, self._engine = engine_wait_s, engine
        while self._admitted_s and now_s - self._admitted_s[0] > UNFELT_S:
            self._admitted_s.popleft()
        self._felt_calls = max(0, calls - len(self._admitted_s))
        self._set_level(now_s, calls)

    def gpu_fills(self, share: float) -> None:
        """Told after each reading of the GPUs. `share`: see `Limits.gpu_filling`; 0: none fills."""
        self._gpu_filling = share

    @property
    def loop_late_s(self) -> float:
        """How late the event loop was in the worst tenth of the window."""
        ordered = sorted(self._late_s)
        return ordered[len(ordered) * 9 // 10] if len(ordered) == WINDOW else 0.0

    @property
    def core(self) -> float:
        """Share of a core that the event loop's thread took in the window."""
        return sum(self._core) / WINDOW if len(self._core) == WINDOW else 0.0

    def admitted(self) -> None:
        """Count one more call, which does not show in the samples yet."""
        self._admitted_s.append(self._clock())

    def has_room(self, active: int) -> bool:
        """Whether one more call would fit beside `active` others."""
        return active < ALWAYS_ADMITTED or (
            self.level < LoadLevel.FULL and self._foreseen() <= self._limits.admitted_core
        )

    def _foreseen(self) -> float:
        """The share of a core in the fullest of the last windows, with the calls that do not show yet and one more."""
        measured = self._felt_calls >= MEASURED_CALLS
        a_call = min(self.core / self._felt_calls, CALL_CORE_MAX) if measured else CALL_CORE
        return max(self._windows, default=0.0) + (len(self._admitted_s) + 1) * a_call

    def _set_level(self, now_s: float, calls: int) -> None:
        measured = (
            (self.loop_late_s, self._limits.loop_late_s),
            (self.core, self._limits.core),
            (self._engine_wait_s, self._limits.engine_wait_s),
            (self._gpu_filling, self._limits.gpu_filling),
        )
        most = LoadLevel.NORMAL if not calls else LoadLevel.BUSY if calls < ALWAYS_ADMITTED else LoadLevel.FULL
        level = LoadLevel(min(most, max(sum(value > limit for limit in limits) for value, limits in measured)))
        calm = LoadLevel(
            min(most, max(sum(value > limit * CALM_SHARE for limit in limits) for value, limits in measured))
        )
        if level > self.level:
            self._calm_since_s = None
            self._become(level)
        elif calm >= self.level:
            self._calm_since_s = None
        elif self._calm_since_s is None:
            self._calm_since_s = now_s
        elif now_s - self._calm_since_s >= CALM_S:
            self._calm_since_s = now_s
            self._become(LoadLevel(self.level - 1))

    def _become(self, level: LoadLevel) -> None:
        self.level = level
        why = f"the event loop is {self.loop_late_s * 1000:.0f} ms late and takes {self.core:.0%} of a core"
        if self._engine and self._engine_wait_s >= WAIT_TOLD_S:
            why += f"; {self._engine} keeps calls waiting for {self._engine_wait_s:.1f} s"
        if self._gpu_filling > self._limits.gpu_filling[0] * CALM_SHARE:
            why += f"; at this pace a GPU's memory is full in {60 / self._gpu_filling:.0f} s"
        self._on_change(level, why)
