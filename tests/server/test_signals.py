"""Signals beside those that end a server."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from voi.server.signals import HEEDED, heeding


@pytest.fixture(autouse=True)
def _none_is_ignored() -> Iterator[None]:
    """Tests that run under `nohup` ignore SIGHUP from the start."""
    before = {sig: signal.signal(sig, signal.SIG_DFL) for sig in HEEDED}
    yield
    for sig, handler in before.items():
        signal.signal(sig, handler)


async def test_hangup_reloads_and_the_others_mean_nothing(caplog: pytest.LogCaptureFixture) -> None:
    reloads: list[int] = []
    before = [signal.getsignal(sig) for sig in HEEDED]
    with heeding(lambda: reloads.append(1)):
        for sig in HEEDED:
            os.kill(os.getpid(), sig)
        async with asyncio.timeout(60):
            while not (reloads and caplog.text.count("has no meaning here") == 2):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
    assert reloads == [1]
    assert [signal.getsignal(sig) for sig in HEEDED] == before


async def test_a_signal_that_is_ignored_stays_ignored() -> None:
    reloads: list[int] = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heeding(lambda: reloads.append(1)):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.01)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert reloads == []


def test_beside_the_main_thread_nothing_is_heeded() -> None:
    entered: list[bool] = []

    async def enter() -> None:
        with heeding(lambda: None):
            entered.append(signal.getsignal(signal.SIGHUP) is before)

    before = signal.getsignal(signal.SIGHUP)
    thread = threading.Thread(target=lambda: asyncio.run(enter()))
    thread.start()
    thread.join(5)
    assert entered == [True]
