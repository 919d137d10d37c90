"""A closed engine leaves no thread behind: a process that exits while one is in torch's code may abort."""

import threading
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

from voi.engines.tts.xtts.device_thread import DeviceThread
from voi.engines.tts.xtts.engine import Xtts


async def test_the_devices_thread_has_ended_when_its_last_engine_is_closed(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, hold = DeviceThread._run, threading.Event()

    def slow_to_end(self: DeviceThread) -> None:
        run(self)
        hold.wait(0.3)

    monkeypatch.setattr(DeviceThread, "_run", slow_to_end)
    engines = [Xtts(**files, device="cpu", slots=1) for _ in range(2)]  # type: ignore[arg-type]
    for engine in engines:
        await engine.warm_up()
    thread = DeviceThread._all["cpu"]._thread
    await engines[0].close()
    assert thread.is_alive()  # it is the other's too
    await engines[1].close()
    assert not thread.is_alive()
