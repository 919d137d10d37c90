"""Engines in processes of their own, which really hang, crash and die."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.dialogue import SpokenWord
from voi.engines import frames, peer, remote, supervisor, worker, worker_process
from voi.engines.base import SttOptions, TimedWord, Transcript, VoiceSpec
from voi.engines.frames import Unframer, encode, pack
from voi.engines.info import TtsInfo
from voi.engines.messages import (
    CallFailed,
    CancelCall,
    Close,
    Feed,
    FinalTranscript,
    Logged,
    Make,
    Ready,
    Speak,
    ToServer,
    ToWorker,
)
from voi.engines.remote import RemoteStt, RemoteTts
from voi.engines.supervised import SupervisedStt, SupervisedTts
from voi.engines.supervisor import Supervisor
from voi.engines.worker_process import WorkerProcess
from voi.errors import ConfigError, EngineBroken, EngineError

pytestmark = pytest.mark.integration

COMMAND = (sys.executable, "-m", "tests.engines.remote_child")


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    monkeypatch.setattr(worker_process, "CLOSE_DEADLINE_S", 0.3)
    monkeypatch.setattr(supervisor, "FIRST_WAIT_S", 0.01)


@pytest.fixture
async def tts() -> AsyncIterator[RemoteTts]:
    engine = tts_in_a_process("fake", {"length": 3})
    await engine.warm_up()
    yield engine
    await engine.close()


def a_process(*told: Any) -> WorkerProcess:
    return WorkerProcess("fake", *told, command=COMMAND)


def tts_in_a_process(name: str = "fake", options: dict[str, Any] | None = None) -> Any:
    return RemoteTts(a_process(), name, options)


def stt_in_a_process(name: str = "fake") -> Any:
    return RemoteStt(a_process(), name)


async def said(engine: Any, text: str, spec: VoiceSpec | None = None) -> list[Any]:
    return [chunk async for chunk in engine.stream(text, spec or VoiceSpec())]


async def until(seen: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not seen():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_speaking(tts: RemoteTts) -> None:
    assert (tts.info.name, tts.info.sample_rate_hz) == ("fake", 24_000)
    assert (tts.info.voices, tts.info.tones) == (("anna", "bert"), ("neutral", "warm"))
    spec = VoiceSpec("bert", "warm", 1.5, "de", "narrator")
    together = await asyncio.gather(*(said(tts, f"t{number}", spec) for number in range(20)))
    assert together == [[f"{i}t{n}bertwarm".encode() for i in range(3)] for n in range(20)]
    assert tts.process._calls == {}
    assert "slow" in tts.info.note  # there is no GPU here
    assert await said(tts, "words") == [b"ab", SpokenWord("words", 0, 7)]


async def test_a_listener_who_leaves_stops_it_and_one_who_is_slow_holds_it(tts: RemoteTts) -> None:
    stream = tts.stream("endless", VoiceSpec())
    for _ in range(3):
        await anext(stream)
    await asyncio.sleep(0.05)
    made = int((await said(tts, "count"))[0])
    assert made <= 3 + 8 + 1  # no more than may be on its way
    await stream.aclose()
    while int((await said(tts, "count"))[0]):  # until it has ended
        pass


async def test_errors_are_the_engines(tts: RemoteTts, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(EngineError, match="No voice") as refused:
        await said(tts, "refuse")
    assert not refused.value.retryable
    with pytest.raises(EngineBroken, match="crashed: RuntimeError"):
        await said(tts, "crash")
    await until(lambda: "an engine crashed" in caplog.text)  # in the server's log, and form
    assert "remote_child.py" in caplog.text
    assert "RuntimeError: " not in caplog.text  # texts of exceptions may repeat what was said
    with pytest.raises(EngineBroken, match="The device failed"):
        await said(tts, "broken")
    assert await said(tts, "x")


@pytest.mark.parametrize("word", ["nonsense", "empty head", "to a worker"])
async def test_a_process_that_speaks_nonsense_is_given_up(word: str) -> None:
    why: list[str] = []
    tts = RemoteTts(a_process(why.append), "fake")
    await tts.warm_up()
    with pytest.raises(EngineBroken, match="speaks nonsense"):
        await said(tts, word)
    with pytest.raises(EngineBroken, match="speaks nonsense"):
        await said(tts, "x")
    await until(lambda: why)
    pid = tts.process.pid
    assert pid is not None
    await tts.close()
    assert not alive(pid)


async def test_engines_that_share_a_process() -> None:
    process = a_process()
    one, other = RemoteTts(process, "fake", {"length": 1}), RemoteTts(process, "fake")
    ears = RemoteStt(process, "fake")
    for engine in (one, other, ears):
        await engine.warm_up()
    pid = process.pid
    assert pid is not None
    assert (len(await said(one, "x")), len(await said(other, "x"))) == (1, 3)
    await one.close()
    assert await said(other, "closed") == [b"1"]
    failing = RemoteTts(process, "fake", {"warm": "engine"})
    with pytest.raises(EngineError, match="no memory"):
        await failing.warm_up()
    await failing.close()
    assert len(await said(other, "x")) == 3
    await asyncio.gather(other.close(), ears.close())
    assert not alive(pid)
    assert process.pid is None
    await one.warm_up()  # nothing, for it is no longer inside
    assert process.pid is None
    again = RemoteTts(process, "fake")
    await again.warm_up()
    assert process.pid != pid
    assert await said(again, "x")
    await again.close()


async def test_one_that_is_killed_returns_before_anybody_calls_it(caplog: pytest.LogCaptureFixture) -> None:
    """And takes all engines of its process along; files and processes do not pile up."""
    supervisor_ = Supervisor()
    process = a_process(supervisor_.ended)
    one = SupervisedTts(partial[Any](RemoteTts, process, "fake"), supervisor_)
    other = SupervisedTts(partial[Any](RemoteTts, process, "fake", {"length": 1}), supervisor_)
    await one.warm_up()
    await other.warm_up()
    files = len(os.listdir("/proc/self/fd"))
    for restarts in (1, 2):
        pid = process.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda restarts=restarts: supervisor_.restarts == restarts and not one.restarting)  # type: ignore[misc]
        assert not alive(pid)
        assert (len(await said(one, "x")), len(await said(other, "x"))) == (3, 1)
    assert len(os.listdir("/proc/self/fd")) == files
    assert "was killed, perhaps because the machine's memory ran out. Restarting: fake, fake" in caplog.text
    assert "fake, fake: ready again after" in caplog.text
    await one.close()
    await other.close()


async def test_neither_side_waits_for_the_other_for_good() -> None:
    """Both pipes full: the server writes megabytes while it reads nothing, and so does the process."""
    process = a_process()
    tts, ears = RemoteTts(process, "fake", {"length": 3}), RemoteStt(process, "fake")
    await tts.warm_up()
    await ears.warm_up()
    partials: list[Transcript] = []
    streams = [ears.open(SttOptions(), partials.append) for _ in range(10)]
    for _ in range(1_000):  # without a pause in which anything could be read
        for stream in streams:
            stream.feed(bytes(640))
    heard = [(await stream.flush()).text for stream in streams]
    assert heard == ["640000 None"] * 10
    assert len(partials) == 10_000
    assert await said(tts, "x")
    await asyncio.gather(tts.close(), ears.close())


async def test_what_a_process_does_not_read_is_bounded(tts: RemoteTts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "UNSENT_MAX_BYTES", 256 * 1024)
    ears = RemoteStt(tts.process, "fake")
    await ears.warm_up()
    pid = tts.process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    stream = ears.open(SttOptions(), None)
    for _ in range(600):  # 384 KB: what is kept here, and what the pipe holds
        stream.feed(bytes(640))
        if stream._process._transport().get_write_buffer_size() > 256 * 1024:  # type: ignore[union-attr]
            break
    with pytest.raises(EngineError, match="is behind"):
        stream.feed(bytes(640))
    stream.close()
    await ears.close()


@pytest.mark.parametrize(
    ("warm", "kind", "says"),
    [
        ("config", ConfigError, "one\ntwo"),
        ("engine", EngineError, "no memory"),
        ("crash", EngineBroken, "ended with code 3"),
    ],
)
async def test_an_engine_that_cannot_begin(warm: str, kind: type[Exception], says: str) -> None:
    engine = tts_in_a_process("fake", {"warm": warm})
    with pytest.raises(kind, match=says):
        await engine.warm_up()
    await engine.close()
    unknown = tts_in_a_process("unheard-of")
    with pytest.raises(ConfigError, match="no tts engine"):
        await unknown.warm_up()
    await unknown.close()


async def test_threads_of_a_worker_make_way_for_each_other_soon(tts: RemoteTts) -> None:
    (interval_s,) = await said(tts, "switch")
    assert float(interval_s) == pytest.approx(worker.SWITCH_INTERVAL_S)
    assert worker.SWITCH_INTERVAL_S < 0.005  # Python's own


async def test_a_process_that_dies_ends_all_calls(tts: RemoteTts) -> None:
    slow = asyncio.create_task(said(tts, "endless"))
    await asyncio.sleep(0.01)
    with pytest.raises(EngineBroken):
        await said(tts, "die")
    with pytest.raises(EngineBroken):
        await slow
    with pytest.raises(EngineBroken):
        await said(tts, "x")


async def test_one_that_hangs_is_killed_and_another_takes_its_place() -> None:
    """The whole of it: a call that blocks the engine's process for good costs one sentence."""
    engine = SupervisedTts(lambda: tts_in_a_process("fake"), Supervisor(deadline_s=0.4))
    await engine.warm_up()
    first: Any = engine.inner
    pid = first.process.pid
    with pytest.raises(EngineError, match="gave nothing"):
        await said(engine, "hang")
    with pytest.raises(EngineError, match="being restarted"):
        await said(engine, "x")
    await until(lambda: not engine.restarting)
    assert not alive(pid)
    assert await said(engine, "x") == [b"0xNoneneutral", b"1xNoneneutral", b"2xNoneneutral"]
    again: Any = engine.inner
    await engine.close()
    assert again.process.pid is None


async def test_a_process_that_was_stopped_is_found_out_however_slow_its_engine_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remote, "PROCESS_ANSWER_S", 0.1)
    monkeypatch.setattr(supervisor, "IMPATIENT_S", 0.01)
    monkeypatch.setattr(supervisor, "ASKED_AGAIN_S", 0.05)
    engine = SupervisedTts(tts_in_a_process)
    await engine.warm_up()
    engine.use_slow_deadlines()
    pid = engine.inner.process.pid  # type: ignore[attr-defined]
    os.kill(pid, signal.SIGSTOP)
    async with asyncio.timeout(30):
        with pytest.raises(EngineError, match="hangs"):
            await said(engine, "x")
    await until(lambda: engine.supervisor.restarts == 1 and not engine.restarting)
    assert not alive(pid)
    assert await said(engine, "x")
    await engine.supervisor._examine(engine)
    assert not engine.restarting
    await engine.close()


async def test_a_thread_that_hangs_in_a_process_that_answers_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "IMPATIENT_S", 0.01)
    monkeypatch.setattr(supervisor, "ASKED_AGAIN_S", 0.05)
    engine = SupervisedTts(tts_in_a_process)
    engine.answer_s = 0.1
    await engine.warm_up()
    async with asyncio.timeout(30):
        with pytest.raises(EngineError, match="hangs"):
            await said(engine, "deaf")
    await until(lambda: not engine.restarting)
    assert await said(engine, "x")
    await engine.close()


@pytest.mark.parametrize("told_to_all", [signal.SIGINT, signal.SIGTERM])
async def test_what_ends_the_server_leaves_its_engines_to_it(tts: RemoteTts, told_to_all: signal.Signals) -> None:
    """systemd tells all processes of a service, and those who are talking have some time yet. A terminal tells only
    its own."""
    assert tts.process.pid is not None
    assert os.getsid(tts.process.pid) != os.getsid(0)
    os.kill(tts.process.pid, told_to_all)
    assert await said(tts, "x")


async def test_a_mistake_in_what_a_library_logs_harms_nobody() -> None:
    told: list[Logged] = []
    logger = logging.Logger("a library")
    logger.addHandler(worker._ToServer(told.append))
    logger.warning("%d seconds", "two")
    await asyncio.sleep(0)
    assert told[0].text == "%d seconds"


async def test_one_that_dies_is_replaced_at_once() -> None:
    engine = SupervisedTts(lambda: tts_in_a_process("fake"))
    await engine.warm_up()
    with pytest.raises(EngineError, match="ended with code 3"):
        await said(engine, "die")
    await until(lambda: not engine.restarting)
    assert await said(engine, "x")
    await engine.close()


async def test_hearing() -> None:
    engine = SupervisedStt(lambda: stt_in_a_process("fake"))
    await engine.warm_up()
    assert engine.info.languages == ("en", "de")
    partials: list[Transcript] = []
    stream = engine.open(SttOptions("de", "prompt", ("Voi",)), partials.append)
    stream.feed(b"abcd")
    stream.feed(b"ef", speech=False)
    words = (TimedWord("4", 0, 320, 0.5), TimedWord("de", 320, 400))
    assert await stream.flush() == Transcript("4 de", language="de", words=words)
    assert partials == [Transcript("", "4", "de"), Transcript("", "4", "de")]
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
    assert inner.process._listeners == inner.process._calls == {}
    await engine.close()


async def test_every_option_of_an_utterance_arrives() -> None:
    ears = stt_in_a_process()
    await ears.warm_up()
    told: Any = {each.name: "xy" for each in fields(SttOptions)} | {"hot_words": ("a", "b"), "translate": True}
    stream = ears.open(SttOptions(**told), None)
    stream.feed(b"options?")
    assert (await stream.flush()).text == str(SttOptions(**told))
    await ears.close()


async def test_no_process_is_left(tmp_path: Path) -> None:
    told: list[str] = []
    tts = RemoteTts(a_process(told.append), "fake", {"mark": tmp_path / "closed"})
    await tts.warm_up()
    pid = tts.process.pid
    assert pid is not None
    await tts.close()
    await tts.close()
    assert not alive(pid)
    assert (tmp_path / "closed").exists()  # the engine, in order
    assert told == []  # it did not end by itself


async def test_that_calls_which_have_ended_leave_nothing_in_the_process() -> None:
    read, write = os.pipe()
    host = worker.Worker(write)

    async def work() -> None: ...

    for number in (1, 2):
        host._room[number] = asyncio.Semaphore()
        host._begin(number, work())
    host._take(CancelCall(2))  # before it has begun
    await asyncio.gather(*host._tasks.values(), return_exceptions=True)
    await asyncio.sleep(0)
    assert (host._tasks, host._room) == ({}, {})
    host._out.close()
    os.close(read)


@pytest.mark.parametrize("text", ["hang", "endless"])
async def test_its_end_is_the_servers_end(text: str, tmp_path: Path) -> None:
    """A server that is killed takes its engines along, also one that hangs and reads nothing; and these leave the GPU
    with its work done."""
    done = tmp_path / "done"
    code = (
        "import asyncio, sys\n"
        "from voi.engines.worker_process import WorkerProcess\n"
        "from voi.engines.base import VoiceSpec\n"
        "from voi.engines.remote import RemoteTts\n"
        "async def main():\n"
        f"    tts = RemoteTts(WorkerProcess('fake', command={COMMAND!r}), 'fake', {{'gpu': {str(done)!r}}})\n"
        "    await tts.warm_up()\n"
        f"    speech = tts.stream({text!r}, VoiceSpec())\n"
        "    speaking = asyncio.create_task(anext(speech))\n"
        "    await asyncio.sleep(0.05)\n"
        "    print(tts.process.pid, flush=True)\n"
        "    await speaking\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    pid = int(await asyncio.wait_for(server.stdout.readline(), 20))
    assert alive(pid)
    assert not done.exists()
    server.kill()
    await server.wait()
    await until(lambda: not alive(pid) or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2])
    assert done.exists() or sys.platform != "linux"


async def test_one_that_hangs_leaves_the_gpu_with_its_work_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_process, "CLOSE_DEADLINE_S", 0.1)
    engine = tts_in_a_process(options={"gpu": str(tmp_path / "done")})
    await engine.warm_up()
    process = engine.process._process
    hanging = asyncio.create_task(said(engine, "hang"))
    await asyncio.sleep(0.05)
    await engine.close()
    assert (tmp_path / "done").exists()
    assert process.returncode == 1, "it has ended by itself"
    with pytest.raises(EngineError):
        await hanging


async def test_one_that_cannot_even_leave_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "CLOSE_DEADLINE_S", 0.1)
    monkeypatch.setattr(worker_process, "TOLD_DEADLINE_S", 0.1)
    engine = tts_in_a_process()
    await engine.warm_up()
    process = engine.process._process
    os.kill(process.pid, signal.SIGSTOP)
    await engine.close()
    assert process.returncode == -signal.SIGKILL


SAID = st.text(st.characters(exclude_categories=("Cs",)), max_size=5)
MESSAGES = st.one_of(
    st.builds(Make, st.integers(), st.integers(), st.just("tts"), SAID, st.dictionaries(SAID, st.integers() | SAID)),
    st.builds(Speak, st.integers(), st.integers(), SAID, st.builds(VoiceSpec, st.none() | SAID, SAID)),
    st.builds(Feed, st.integers(), st.booleans(), st.binary(max_size=50)),
    st.builds(FinalTranscript, st.integers(), st.builds(Transcript, SAID, words=st.just((TimedWord("a", 0, 1),)))),
    st.builds(
        Ready, st.integers(), st.builds(TtsInfo, SAID, voices=st.just(("a", "b")), tone_voices=st.just({"w": "a"}))
    ),
    st.builds(CallFailed, st.integers(), st.just("config"), st.just(("one", "two"))),
    st.just(Close()),
)


@given(st.lists(MESSAGES), st.integers(1, 40))
def test_messages_survive_any_cutting(messages: list[Any], size: int) -> None:
    data = b"".join(map(encode, messages))
    unframer = Unframer()
    got = [message for at in range(0, len(data), size) for message in unframer.feed(data[at : at + size])]
    assert got == messages


def test_every_message_has_a_codec() -> None:
    assert set(frames._CODECS) == {kind.__name__ for kind in (*get_args(ToWorker), *get_args(ToServer))}


@pytest.mark.parametrize(
    ("head", "body", "says"),
    [
        (b"", b"", "no message ''"),
        (b"Close", b"{}", "no message 'Close'"),
        (b"Shout {}", b"", "no message 'Shout'"),
        (b"Drop {}", b"", "Drop: 1 of its fields"),
        (b'Drop {"engine": "x"}', b"", "Drop: 1 of its fields"),
        (b"Drop nonsense", b"", "Drop: 1 of its fields"),
    ],
)
def test_what_is_no_message_is_refused(head: bytes, body: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        list(Unframer().feed(pack(head, body)))


def test_nonsense_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="too long"):
        list(Unframer().feed(b"\xff" * 8))
    monkeypatch.setattr(frames, "LONGEST_BYTES", 100)
    with pytest.raises(ValueError, match="too long"):
        encode(Feed(1, True, bytes(100)))


async def test_a_message_that_cannot_be_sent_is_an_error_of_its_call(
    tts: RemoteTts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "LONGEST_BYTES", 1_000)
    with pytest.raises(EngineError, match="cannot be given that"):
        await said(tts, "x" * 2_000)
    assert tts.process._calls == {}
    assert await said(tts, "x")
