"""Engines in processes of their own, which really hang, crash and die."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.engines import hosted, supervised
from voi.engines.base import SttOptions, Transcript, VoiceSpec
from voi.engines.frames import Unframer, frame
from voi.engines.hosted import HostDied, HostedStt, HostedTts
from voi.engines.supervised import SupervisedStt, SupervisedTts
from voi.errors import ConfigError, EngineError

COMMAND = (sys.executable, "-m", "tests.engines.hosted_child")


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    monkeypatch.setattr(hosted, "CLOSE_DEADLINE_S", 0.3)
    monkeypatch.setattr(supervised, "FIRST_WAIT_S", 0.01)


@pytest.fixture
async def tts() -> AsyncIterator[HostedTts]:
    engine = HostedTts("fake", {"length": 3}, command=COMMAND)
    await engine.warm_up()
    yield engine
    await engine.close()


async def said(engine: Any, text: str, spec: VoiceSpec | None = None) -> list[bytes]:
    return [chunk async for chunk in engine.stream(text, spec or VoiceSpec())]


async def until(seen: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not seen():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_speaking(tts: HostedTts) -> None:
    assert (tts.name, tts.sample_rate_hz) == ("fake", 24_000)
    assert (tts.voices, tts.tones) == (("anna", "bert"), ("neutral", "warm"))
    spec = VoiceSpec("bert", "warm", 1.5, "de", "narrator")
    together = await asyncio.gather(*(said(tts, f"t{number}", spec) for number in range(20)))
    assert together == [[f"{i}t{n}bertwarm".encode() for i in range(3)] for n in range(20)]
    assert tts._calls == {}
    assert tts.note == ""


async def test_a_listener_who_leaves_stops_it_and_one_who_is_slow_holds_it(tts: HostedTts) -> None:
    stream = tts.stream("endless", VoiceSpec())
    for _ in range(3):
        await anext(stream)
    await asyncio.sleep(0.05)
    made = int((await said(tts, "count"))[0])
    assert made <= 3 + 8 + 1  # no more than may be on its way
    await stream.aclose()
    before = int((await said(tts, "count"))[0])
    await asyncio.sleep(0.02)
    assert int((await said(tts, "count"))[0]) == before


async def test_errors_are_the_engines(tts: HostedTts) -> None:
    with pytest.raises(EngineError, match="No voice") as refused:
        await said(tts, "refuse")
    assert not refused.value.retryable
    with pytest.raises(HostDied, match="RuntimeError"):
        await said(tts, "crash")
    assert await said(tts, "x")


@pytest.mark.parametrize(
    ("warm", "kind", "says"),
    [("config", ConfigError, "one\ntwo"), ("engine", EngineError, "no memory"), ("crash", HostDied, "has ended")],
)
async def test_an_engine_that_cannot_begin(warm: str, kind: type[Exception], says: str) -> None:
    engine = HostedTts("fake", {"warm": warm}, command=COMMAND)
    with pytest.raises(kind, match=says):
        await engine.warm_up()
    await engine.close()
    unknown = HostedTts("unheard-of", command=COMMAND)
    with pytest.raises(ConfigError, match="no tts engine"):
        await unknown.warm_up()
    await unknown.close()


async def test_a_process_that_dies_ends_all_calls(tts: HostedTts) -> None:
    slow = asyncio.create_task(said(tts, "endless"))
    await asyncio.sleep(0.01)
    with pytest.raises(HostDied):
        await said(tts, "die")
    with pytest.raises(HostDied):
        await slow
    with pytest.raises(HostDied):
        await said(tts, "x")


async def test_one_that_hangs_is_killed_and_another_takes_its_place() -> None:
    """The whole of it: a call that blocks the engine's process for good costs one sentence."""
    engine = SupervisedTts(lambda: HostedTts("fake", command=COMMAND), deadline_s=0.4)
    await engine.warm_up()
    first: Any = engine.inner
    pid = first._process.pid
    with pytest.raises(EngineError, match="gave nothing"):
        await said(engine, "hang")
    with pytest.raises(EngineError, match="being restarted"):
        await said(engine, "x")
    await until(lambda: engine._down is None)
    assert not alive(pid)
    assert await said(engine, "x") == [b"0xNoneneutral", b"1xNoneneutral", b"2xNoneneutral"]
    again: Any = engine.inner
    await engine.close()
    assert again._process is None


async def test_one_that_dies_is_replaced_at_once() -> None:
    engine = SupervisedTts(lambda: HostedTts("fake", command=COMMAND))
    await engine.warm_up()
    with pytest.raises(EngineError, match="HostDied"):
        await said(engine, "die")
    await until(lambda: engine._down is None)
    assert await said(engine, "x")
    await engine.close()


async def test_hearing() -> None:
    engine = SupervisedStt(lambda: HostedStt("fake", command=COMMAND))
    await engine.warm_up()
    assert engine.languages == ("en", "de")
    partials: list[Transcript] = []
    stream = engine.open(SttOptions("de", "prompt", ("Voi",)), partials.append)
    stream.feed(b"abcd")
    stream.feed(b"ef", speech=False)
    assert await stream.flush() == Transcript("4 de")
    assert partials == [Transcript("", "4"), Transcript("", "4")]
    stream.feed(b"gh")
    assert (await stream.flush()).text == "6 de"
    stream.close()

    refused = engine.open(SttOptions("xx"), None)
    refused.feed(b"ab")
    with pytest.raises(EngineError, match="Nobody speaks xx"):
        await refused.flush()
    refused.close()

    broken = engine.open(SttOptions(), None)
    broken.feed(b"bad!")
    await broken.flush()
    with pytest.raises(EngineError, match="no sound"):
        broken.feed(b"ab")
    broken.close()
    inner: Any = engine.inner
    assert inner._partials == inner._faults == inner._calls == {}
    await engine.close()


async def test_no_process_is_left(tts: HostedTts) -> None:
    process = tts._process
    assert process is not None
    await tts.close()
    await tts.close()
    assert not alive(process.pid)


async def test_its_end_is_the_servers_end() -> None:
    """A server that is killed takes its engines along."""
    code = (
        "import asyncio, sys\n"
        "from voi.engines.hosted import HostedTts\n"
        "async def main():\n"
        f"    tts = HostedTts('fake', command={COMMAND!r})\n"
        "    await tts.warm_up()\n"
        "    print(tts._process.pid, flush=True)\n"
        "    await asyncio.sleep(1e6)\n"
        "asyncio.run(main())"
    )
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    pid = int(await asyncio.wait_for(server.stdout.readline(), 20))
    assert alive(pid)
    server.kill()
    await server.wait()
    await until(lambda: not alive(pid) or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2])


@given(st.lists(st.tuples(st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=3), st.binary(max_size=50))),
       st.integers(1, 40))  # fmt: skip
def test_messages_survive_any_cutting(messages: list[tuple[dict[str, int], bytes]], size: int) -> None:
    data = b"".join(frame(head, body) for head, body in messages)
    unframer = Unframer()
    got = [message for at in range(0, len(data), size) for message in unframer.feed(data[at : at + size])]
    assert got == messages


def test_nonsense_is_not_waited_for() -> None:
    with pytest.raises(ValueError, match="too long"):
        list(Unframer().feed(b"\xff" * 8))
