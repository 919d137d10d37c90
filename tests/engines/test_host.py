"""Engines that several servers share: one process of the engine, several guests over a real Unix socket."""

import asyncio
import contextlib
import hashlib
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest

from voi.engines import device, joining, placement, registry, shared_peer, supervisor, worker_process
from voi.engines import host as host_module
from voi.engines.base import SttOptions, VoiceSpec
from voi.engines.frames import encode, pack
from voi.engines.host import EngineHost
from voi.engines.info import TtsInfo
from voi.engines.joining import NotJoined, SharedPlace, join
from voi.engines.messages import Drop, Make, OpenUtterance, Ping, Speak, ToServer, ToWorker
from voi.engines.remote import RemoteStt, RemoteTts
from voi.engines.shared_peer import SharedPeer
from voi.engines.supervised import SupervisedTts
from voi.engines.supervisor import Supervisor
from voi.engines.worker_process import WorkerProcess
from voi.errors import ConfigError, EngineError

pytestmark = pytest.mark.integration

COMMAND = (sys.executable, "-m", "tests.engines.remote_child")
SECRET = b"a secret that both ends know"


class Here:
    """An engine inside the host itself, which takes new options."""

    info = TtsInfo("here", reconfigures=True, pings=True, voices=("anna",))
    made = 0

    def __init__(self, **options: Any) -> None:
        Here.made += 1
        self.info = Here.info
        self.options = options

    async def warm_up(self) -> None:
        await asyncio.sleep(0)
        if self.options.get("fails"):
            raise EngineError("no memory", retryable=True)

    async def close(self) -> None: ...
    async def ping(self) -> None: ...

    async def reconfigure(self, options: dict[str, Any], needed: tuple[str, ...]) -> bool:
        if "nobody" in needed:
            raise ConfigError("there is no voice nobody")
        self.info = TtsInfo("here", reconfigures=True, pings=True, voices=("anna", "bert"))
        return "size" not in options

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        yield text.encode()
        if text == "much":
            for _ in range(8):
                yield bytes(64 * 1024)


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    monkeypatch.setattr(placement, "WorkerProcess", partial(WorkerProcess, command=COMMAND))
    monkeypatch.setattr(supervisor, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(worker_process, "CLOSE_DEADLINE_S", 0.3)
    monkeypatch.setattr(Here, "made", 0)
    built_in: Any = registry.BUILT_IN
    monkeypatch.setitem(built_in["tts"], "fake", "tests.engines.remote_child:Tts")
    monkeypatch.setitem(built_in["stt"], "fake", "tests.engines.remote_child:Stt")
    monkeypatch.setitem(built_in["tts"], "here", "tests.engines.test_host:Here")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "engines"


@pytest.fixture
async def host(path: Path) -> AsyncIterator[EngineHost]:
    host = EngineHost(SECRET)
    await host.open(path)
    yield host
    await host.close()


def place(path: Path, guest: str = "worker 1", secret: bytes = SECRET) -> SharedPlace:
    return SharedPlace(path, secret, guest)


def tts_at(path: Path, name: str = "here", options: dict[str, Any] | None = None, guest: str = "worker 1") -> RemoteTts:
    return RemoteTts(SharedPeer(name, place(path, guest)), name, options)


def supervised_at(path: Path, guest: str) -> SupervisedTts:
    keeper = Supervisor()
    peer = SharedPeer("fake", place(path, guest), keeper.ended)
    return SupervisedTts(partial[Any](RemoteTts, peer, "fake"), keeper)


async def said(engine: Any, text: str) -> list[Any]:
    return [chunk async for chunk in engine.stream(text, VoiceSpec())]


async def until(seen: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not seen():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def joined(path: Path) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A guest that says what it likes."""
    reader, writer = await asyncio.open_unix_connection(path)
    await join(reader, writer, place(path, "a stranger"))
    yield reader, writer
    writer.close()


async def test_servers_that_ask_for_the_same_engine_share_it(host: EngineHost, path: Path) -> None:
    """Voices and ears in processes; each guest's calls get their own answers."""
    one, other = (tts_at(path, "fake", {"length": 2}, guest) for guest in ("worker 1", "worker 2"))
    ears = RemoteStt(SharedPeer("fake", place(path)), "fake")
    await asyncio.gather(one.warm_up(), other.warm_up(), ears.warm_up())
    assert len(host._shared) == 2
    assert one.info == other.info
    assert (one.info.voices, one.info.gpu) == (("anna", "bert"), True)
    assert "slow" in one.info.note  # there is no GPU here
    texts = [f"t{number}" for number in range(20)]
    spoken = await asyncio.gather(*(said(engine, text) for text in texts for engine in (one, other)))
    assert spoken == [[f"{i}{text}Noneneutral".encode() for i in range(2)] for text in texts for _ in range(2)]
    stream = ears.open(SttOptions("de"), None)
    stream.feed(b"abcd")
    assert (await stream.flush()).text == "4 de"
    stream.close()
    await asyncio.gather(one.ping(), other.ping(), ears.ping())
    await one.close()
    assert await said(other, "x")
    await asyncio.gather(other.close(), ears.close())
    assert one.process._calls == other.process._calls == {}


async def test_other_options_are_another_engine(host: EngineHost, path: Path) -> None:
    engines = [tts_at(path, options=options) for options in ({}, {"size": 1}, {}, {"size": 1})]
    await asyncio.gather(*(engine.warm_up() for engine in engines))
    assert Here.made == len(host._shared) == 2


def test_a_device_is_one_however_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Else there would be two models of a kind on it."""
    monkeypatch.setattr(device, "_DRIVERS", (tmp_path,))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    asked: list[dict[str, Any]] = [{"a": 1}, *({"a": 1, "device": name} for name in ("auto", "cuda", "cuda:0"))]
    assert len({host_module._key("tts", "xtts", options) for options in asked}) == 1
    assert host_module._key("tts", "xtts", {"a": 1, "device": "cuda:1"}) != host_module._key("tts", "xtts", {"a": 1})


async def test_a_guest_that_is_gone_ends_its_own_calls_only(host: EngineHost, path: Path) -> None:
    one, other = tts_at(path, "fake"), tts_at(path, "fake")
    await one.warm_up()
    await other.warm_up()
    endless = one.stream("endless", VoiceSpec())
    await anext(endless)
    mine = other.stream("x", VoiceSpec())
    await anext(mine)
    one.process._transport().abort()  # type: ignore[union-attr]
    with pytest.raises(EngineError, match="was lost"):
        async for _ in endless:
            pass
    assert len([chunk async for chunk in mine]) == 2
    async with asyncio.timeout(30):
        while int((await said(other, "count"))[0]):  # until the endless one has ended
            pass
    await other.close()


async def test_an_engine_that_dies_returns_for_all(host: EngineHost, path: Path) -> None:
    one, other = supervised_at(path, "worker 1"), supervised_at(path, "worker 2")
    await one.warm_up()
    await other.warm_up()
    with pytest.raises(EngineError, match="ended with code 3"):
        await said(one, "die")
    for engine in (one, other):
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(EngineError):
                    assert len(await said(engine, "x")) == 3
                    break
                await asyncio.sleep(0.01)
    (shared,) = host._shared.values()
    assert shared.engine is not None
    assert shared.engine.supervisor.restarts == 1
    await one.close()
    await other.close()


async def test_a_host_that_ends_is_found_again(path: Path) -> None:
    first = EngineHost(SECRET)
    await first.open(path)
    engine = supervised_at(path, "worker 1")
    await engine.warm_up()
    await first.close()
    await until(lambda: engine.restarting)
    with pytest.raises(EngineError, match="was lost"):
        await said(engine, "x")
    second = EngineHost(SECRET)
    await second.open(path)
    await until(lambda: not engine.restarting)
    assert await said(engine, "x")
    await engine.close()
    await second.close()


async def test_a_host_that_is_late_is_waited_for(path: Path) -> None:
    engine = tts_at(path)
    coming = asyncio.create_task(engine.warm_up())
    await asyncio.sleep(0)
    host = EngineHost(SECRET)
    await host.open(path)
    await coming
    assert await said(engine, "x") == [b"x"]
    await engine.close()
    await host.close()


async def test_a_host_that_never_comes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_peer, "START_WAIT_S", 0)
    monkeypatch.setattr(shared_peer, "LOOK_EVERY_S", 0)
    with pytest.raises(EngineError, match="No engines are served at"):
        await tts_at(path).warm_up()


async def test_the_socket_is_for_its_user_alone(host: EngineHost, path: Path, tmp_path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600  # noqa: ASYNC240
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with pytest.raises(ConfigError, match="Another process serves engines"):
        await EngineHost(SECRET).open(path)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be served"):
        await EngineHost(SECRET).open(tmp_path / "file" / "engines")


async def test_strangers_do_not_join(
    host: EngineHost, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = RemoteTts(SharedPeer("here", place(path, secret=b"another")), "here")
    with pytest.raises(NotJoined, match="another TOKEN_SECRET_KEY"):
        await wrong.warm_up()
    await until(lambda: "is refused. It has another TOKEN_SECRET_KEY." in caplog.text)
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"GET / HTTP/1.1\r\n\r\n" + bytes(1_000))
    await reader.read()  # it hangs up
    writer.close()
    await until(lambda: "another version of Voi" in caplog.text)
    monkeypatch.setattr(joining, "DEADLINE_S", 0.01)
    reader, writer = await asyncio.open_unix_connection(path)
    assert len(await reader.read()) == joining._GREETING.size  # one that says nothing is not waited for
    writer.close()
    await until(lambda: "did not join: TimeoutError" in caplog.text)
    assert not host._shared


async def test_another_users_process_does_not_join(
    host: EngineHost, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, writer = await asyncio.open_unix_connection(path)
    if sys.platform == "linux":
        assert joining._credentials(writer) == (os.getpid(), os.geteuid(), os.getegid())
        assert joining.peer_pid(writer) == os.getpid()
    else:
        assert joining.peer_pid(writer) is None
    writer.close()
    await writer.wait_closed()
    assert joining.peer_pid(writer) is None
    monkeypatch.setattr(joining, "_credentials", lambda _: (1, 4711, 4711))
    with pytest.raises(NotJoined, match="another user"):
        await tts_at(path).warm_up()


@pytest.mark.parametrize(
    ("greeting", "says"),
    [
        (joining._GREETING.pack(joining._MAGIC, joining.VERSION + 1, bytes(32)), "another version"),
        (b"HTTP/1.1 200 OK\r\n".ljust(joining._GREETING.size), "does not serve engines"),
        (joining._GREETING.pack(joining._MAGIC, joining.VERSION, bytes(32)) + bytes(32), "does not know"),
    ],
)
async def test_what_listens_there_may_be_something_else(path: Path, greeting: bytes, says: str) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await reader.read()
        writer.close()

    path.parent.mkdir()
    server = await asyncio.start_unix_server(meet, path)
    with pytest.raises(NotJoined, match=says):
        await tts_at(path).warm_up()
    server.close()


@pytest.mark.parametrize(
    "nonsense",
    [
        pack(b"Shout {}"),
        b"\xff" * 8,
        (9 * 1024 * 1024).to_bytes(4, "little") + bytes(4),
        encode(Make(1, 2, "tts", "here")) * 2,
        encode(Make(1, 2, "tts", "here")) + encode(Make(3, 2, "tts", "here")),
    ],
)
async def test_a_guest_that_speaks_nonsense_is_let_go(
    host: EngineHost, path: Path, nonsense: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    good = tts_at(path)
    await good.warm_up()
    async with joined(path) as (reader, writer):
        writer.write(nonsense)
        await reader.read()
    await until(lambda: "a stranger speaks nonsense" in caplog.text)
    assert await said(good, "x") == [b"x"]
    await good.close()
    await until(lambda: not host._guests)
    assert [shared.users for shared in host._shared.values()] == [0]


async def test_what_a_guest_asks_for_is_bounded(
    host: EngineHost, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(host_module, "CALLS_MAX", 2)
    monkeypatch.setattr(host_module, "ENGINES_MAX", 1)
    engine = tts_at(path)
    await engine.warm_up()
    second = RemoteTts(engine.process, "here", {"size": 1})
    with pytest.raises(EngineError, match="Too much is under way"):
        await second.warm_up()
    waiting = [engine.stream("much", VoiceSpec()) for _ in range(2)]  # eight pieces may be under way, and this is nine
    for speech in waiting:
        await anext(speech)
    engine.process._reading.cancel()  # type: ignore[union-attr]
    async with joined(path) as (reader, writer):
        writer.write(encode(Make(1, 1, "tts", "here")))
        await reader.readuntil(b"Ready")
        writer.write(b"".join(encode(Speak(call, 1, "much", VoiceSpec())) for call in (2, 3, 4)))
        await reader.readuntil(b"Too much is under way")
    monkeypatch.setattr(host_module, "GUESTS_MAX", 0)
    with pytest.raises(EngineError):
        await tts_at(path).warm_up()
    assert "more than 0 connections" in caplog.text


async def test_a_guest_that_does_not_read_is_let_go(
    host: EngineHost, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(host_module, "UNSENT_MAX_BYTES", 64 * 1024)
    async with joined(path) as (reader, writer):
        writer.write(encode(Make(1, 1, "tts", "here")))
        await reader.readuntil(b"Ready")
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"".join(encode(Speak(call, 1, "much", VoiceSpec())) for call in range(2, 40)))
        await until(lambda: "a stranger does not read" in caplog.text)
    await until(lambda: not host._guests)


async def test_an_engine_that_nobody_uses_is_closed_after_a_while(
    host: EngineHost, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is restarted finds its engines loaded."""
    monkeypatch.setattr(host_module, "UNUSED_S", 0.2)
    for _ in range(2):
        engine = tts_at(path)
        await engine.warm_up()
        await engine.close()
        await until(lambda: not host._guests)
    assert Here.made == 1
    await until(lambda: not host._shared)


async def test_engines_are_dropped_one_by_one(host: EngineHost, path: Path) -> None:
    peer = SharedPeer("here", place(path))
    one, other = RemoteTts(peer, "here"), RemoteTts(peer, "here", {"size": 1})
    await one.warm_up()
    await other.warm_up()
    await one.close()
    await one.close()
    await until(lambda: sorted(shared.users for shared in host._shared.values()) == [0, 1])
    assert await said(other, "x") == [b"x"]
    await other.close()


async def test_one_that_is_given_up_while_it_loads(host: EngineHost, path: Path) -> None:
    async with joined(path) as (reader, writer):
        writer.write(encode(Make(1, 2, "tts", "fake")) + encode(Drop(2)))
        writer.write(encode(Ping(3)))
        await reader.readuntil(b"Done")
        await until(lambda: [shared.users for shared in host._shared.values()] == [0])


async def test_what_cannot_be_loaded_fails_for_all_who_asked(host: EngineHost, path: Path) -> None:
    engines = [tts_at(path, options={"fails": True}) for _ in range(2)]
    for failed in await asyncio.gather(*(engine.warm_up() for engine in engines), return_exceptions=True):
        assert isinstance(failed, EngineError)
        assert "no memory" in str(failed)
    assert Here.made == 1
    with pytest.raises(ConfigError, match="no tts engine"):
        await tts_at(path, "unheard-of").warm_up()
    assert not host._shared  # so that the next try is one


async def test_new_options_are_for_all_who_share_it(host: EngineHost, path: Path) -> None:
    one, other = tts_at(path, options={"a": 1}), tts_at(path, options={"a": 1})
    await one.warm_up()
    await other.warm_up()
    with pytest.raises(ConfigError, match="no voice nobody"):
        await one.reconfigure({"a": 2}, ("nobody",))
    assert await one.reconfigure({"a": 2})
    assert one.info.voices == ("anna", "bert")
    assert await other.reconfigure({"a": 2})
    assert other.info == one.info
    assert not await one.reconfigure({"size": 3})
    third = tts_at(path, options={"a": 2})
    await third.warm_up()
    assert Here.made == 1
    ears = RemoteStt(SharedPeer("fake", place(path)), "fake")
    await ears.warm_up()
    async with joined(path) as (reader, writer):
        writer.write(encode(OpenUtterance(1, 5, SttOptions(), partials=False)))
        await reader.readuntil(b"CallFailed")  # it has no such engine


def test_messages_and_version_change_together() -> None:
    """A host and a server of different messages must not understand each other half. If this fails: raise
    `joining.VERSION`, and put the new fingerprint here."""
    kinds = [*get_args(ToWorker), *get_args(ToServer)]
    told = sorted(f"{kind.__name__} {[(each.name, str(each.type)) for each in fields(kind)]}" for kind in kinds)
    infos = [str([(each.name, str(each.type)) for each in fields(kind)]) for kind in (TtsInfo, SttOptions, VoiceSpec)]
    fingerprint = hashlib.sha256("\n".join([*told, *infos]).encode()).hexdigest()[:12]
    assert (joining.VERSION, fingerprint) == (7, "32f66472273b")  # pragma: allowlist secret
