"""Clouds that fail: counted, waited for, and never given work of ours."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from voi.engines import backoff
from voi.engines.backoff import Backoff
from voi.engines.base import VoiceSpec
from voi.engines.info import TtsInfo
from voi.engines.supervised import SupervisedTts
from voi.errors import ConfigError, EngineError

DOWN = EngineError("503", retryable=True)


class Cloud:
    info = TtsInfo("cloud", cloud=True, pings=True, at_once_max=2)

    def __init__(self) -> None:
        self.answers: list[object] = []
        self.asked: list[str] = []

    async def warm_up(self) -> None: ...
    async def close(self) -> None: ...

    async def ping(self) -> None:
        raise AssertionError("which would be a request that costs")

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        self.asked.append(text)
        answer = self.answers.pop(0) if self.answers else b"ok"
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, float):
            await asyncio.sleep(answer)
        yield b"ok"


async def said(tts: SupervisedTts) -> Any:
    try:
        return b"".join([item async for item in tts.stream("hello", VoiceSpec()) if isinstance(item, bytes)])
    except EngineError as error:
        return error


async def a_cloud(*answers: object) -> tuple[SupervisedTts, Cloud]:
    cloud = Cloud()
    cloud.answers += answers
    tts = SupervisedTts(lambda: cloud)
    assert isinstance(tts.supervisor, Backoff)
    await tts.warm_up()
    return tts, cloud


@in_virtual_time
async def test_after_failures_in_a_row_it_is_left_alone_for_a_while() -> None:
    tts, cloud = await a_cloud(DOWN, DOWN, DOWN, DOWN)
    assert [await said(tts) for _ in range(3)] == [DOWN] * 3
    assert tts.restarting
    assert "failed 3 times in a row" in str(await said(tts))
    assert len(cloud.asked) == 3
    await asyncio.sleep(backoff.FIRST_WAIT_S + 0.01)
    assert await said(tts) is DOWN
    await asyncio.sleep(backoff.FIRST_WAIT_S + 0.01)
    assert "is asked again" in str(await said(tts))  # twice as long
    await asyncio.sleep(backoff.FIRST_WAIT_S)
    assert await said(tts) == b"ok"
    assert not tts.restarting
    assert (tts.supervisor.errors, tts.supervisor.restarts) == (4, 0)
    assert set(cloud.asked) == {"hello"}


@in_virtual_time
async def test_a_success_between_failures_forgives_them() -> None:
    tts, _ = await a_cloud(DOWN, DOWN, b"ok", DOWN, DOWN)
    assert [await said(tts) for _ in range(6)] == [DOWN, DOWN, b"ok", DOWN, DOWN, b"ok"]


@in_virtual_time
async def test_silence_and_crashes_are_failures_too() -> None:
    tts, _ = await a_cloud(1e6, RuntimeError("secret words"))
    assert "gave nothing for 10 s" in str(await said(tts))
    crashed = await said(tts)
    assert "crashed: RuntimeError" in str(crashed)
    assert "secret" not in str(crashed)
    assert tts.supervisor.errors == 2


@in_virtual_time
async def test_a_refusal_is_no_failure_of_the_service() -> None:
    refused = EngineError("No such voice.")
    tts, _ = await a_cloud(*[refused] * 5)
    assert [await said(tts) for _ in range(6)] == [refused] * 5 + [b"ok"]
    broken = ConfigError("No key.")
    tts, _ = await a_cloud(broken)
    with pytest.raises(ConfigError):
        await said(tts)


@in_virtual_time
async def test_no_more_at_once_than_it_takes() -> None:
    tts, cloud = await a_cloud(1.0, 1.0)
    first, second = asyncio.create_task(said(tts)), asyncio.create_task(said(tts))
    await asyncio.sleep(0.1)
    assert "takes 2 at once" in str(await said(tts))
    assert len(cloud.asked) == 2
    assert [await first, await second] == [b"ok", b"ok"]
    assert await said(tts) == b"ok"
