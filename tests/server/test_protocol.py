"""The protocol as the browser client really speaks it: its frames, its orders of messages, its oddities, its player."""

import asyncio
import contextlib
import gc
import json
import logging
import os
import random
import struct
import threading
import wave
from pathlib import Path
from typing import Any

import pytest

from tests.audio.sounds import encoded, speech
from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad, silence, tone
from tests.server.fakes import SECRET
from tests.server.serving import Person, serving
from tests.transports.raw_client import CLOSE, RawClient
from voi.calls.call import Call
from voi.engines.base import Finished, TextDelta
from voi.engines.startup import Engines
from voi.errors import EngineError
from voi.server.auth import issue_token
from voi.session.session import Session
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.connection import VoiConnection
from voi.transports.voi_ws.door import VoiDoor

pytestmark = pytest.mark.integration

Patch = pytest.MonkeyPatch
MIC_FRAME_BYTES = 8192
MIC_FRAME_MS = 256
STORY = "Once upon a time there was a fox. It ran away into the wood."


class Browser(Person):
    """Person with the browser client's player: it throws at what the real one throws at."""

    def _take(self, frame: bytes) -> None:
        metadata, payload = wire.split(frame)
        if metadata["type"] == "audio":
            assert isinstance(metadata["speech_id"], str)
            assert payload.startswith(b"OggS") or len(payload) % 2 == 0
        super()._take(frame)

    def hold_mic(self, ms: int) -> None:
        """Whole frames of a voice; what is short of one never arrives."""
        pcm = tone(ms)
        for start in range(0, len(pcm) // MIC_FRAME_BYTES * MIC_FRAME_BYTES, MIC_FRAME_BYTES):
            self.say("audio", pcm[start : start + MIC_FRAME_BYTES])

    def kinds(self, since: int = 0) -> list[str]:
        """What came, in order: statuses by name, messages by role, each once while it repeats."""
        kinds: list[str] = []
        for entry in self.log[since:]:
            kind = entry.get("status") or entry.get("role") or entry["type"]
            if kinds[-1:] != [kind]:
                kinds.append(kind)
        return kinds


def engines(*heard: str, llm: FakeLlm | None = None, **tts: Any) -> Engines:
    llm = llm or FakeLlm(STORY, token_s=0)
    return Engines(vad=FakeVad(), stt=FakeStt(*heard), turn=None, llm=llm, tts={"voice": FakeTts(**tts)})


def write_agents(folder: Path, **fields: Any) -> None:
    agent = {"llm_model": "echo", "voices": {"character": {"model": "voice"}}} | fields
    (folder / "agents.json").write_text(json.dumps({"bro": agent, "mute": {"llm_model": "echo"}}))
    (folder / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))


@contextlib.asynccontextmanager
async def server_of(tmp_path: Path, monkeypatch: Patch, fakes: Engines, **options: Any) -> Any:
    settings = options.pop("settings", {})
    write_agents(tmp_path, **options)
    async with serving(tmp_path, monkeypatch, fakes, **settings) as running:
        yield running


GREETING = {"choices": ["Hello there my friend, how nice to see you."]}


# ---- calls ------------------------------------------------------------------------------------------


async def test_a_call(tmp_path: Path, monkeypatch: Patch) -> None:
    """Sound before init_done, the mute button, a turn, a barge-in."""
    fakes = engines("tell me a story please now", "stop that at once", ms_per_character=100)
    async with server_of(tmp_path, monkeypatch, fakes, greetings=GREETING) as running:
        me = await Browser.connected(running.port)
        me.say("init", agent_name="bro", agent_config=None, mode="call", stream_user_stt=True,
               final_stt_correction=True, stream_output_audio=True, init_greeting=True)  # fmt: skip
        me.speak(silence(7 * MIC_FRAME_MS))
        await me.until(lambda: me.sound.get("0"))
        assert me.kinds() == ["init_done", "assistant", "audio"]
        assert me.log[0]["agent_name"] == "bro"
        me.say("interrupt", speech_id="0", interrupted_at=0.7)  # the mute button
        await me.until(lambda: "(interrupted)" in me.texts[0])
        assert me.texts[0] == "Hello... (interrupted)"

        asked = len(me.log)
        me.speak(tone(1_280) + silence(1_280))
        await me.until(lambda: me.sound.get("2"))
        assert me.kinds(asked) == ["user", "assistant", "response_done", "audio"]
        assert me.texts == {0: "Hello... (interrupted)", 1: "tell me a story please now", 2: STORY}

        await me.until(lambda: len(me.sound["2"]) > 48 * 2_300)  # too late to be the rest of their turn
        interrupted = len(me.log)
        me.speak(tone(768) + silence(1_280))
        await me.until(lambda: me.sound.get("4"))
        kinds = me.kinds(interrupted)
        kinds = kinds[kinds.index("user_interrupt") :]  # sound that was under way
        assert kinds[1:] == ["assistant", "user", "assistant", "response_done", "audio"]
        assert me.texts[2].endswith("... (interrupted)")
        assert me.texts[3] == "stop that at once"
        assert me.status("response_created") == 0
        assert not me.errors


async def test_interruptions_that_name_nothing_or_nonsense(tmp_path: Path, monkeypatch: Patch) -> None:
    async with server_of(tmp_path, monkeypatch, engines(), greetings=GREETING) as running:
        for mode in ("chat", "call"):
            me = await Browser.arrive(running.port, "bro", mode)
            await me.until(lambda me=me: me.sound.get("0"))
            me.say("interrupt", speech_id="77", interrupted_at=1.0)
            me.say("interrupt", speech_id="what", interrupted_at=1.0)
            me.say("interrupt", speech_id="0", interrupted_at="soon")
            await me.until(lambda me=me: len(me.errors) == 3)
            assert "speech 77 is not known" in me.errors[0]
            assert "interrupted" not in me.texts[0]
            me.say("interrupt", speech_id=None, interrupted_at=None)
            await me.until(lambda me=me, whole=me.texts[0]: me.texts[0] != whole)  # cut, or empty: nothing was heard
            me.say("interrupt", speech_id=None, interrupted_at=0)  # nothing plays
            me.say("interrupt", speech_id="0", interrupted_at=0.4)  # a late word on what was really heard
            await me.until(lambda me=me: me.texts[0].startswith("Hello"))
            assert len(me.errors) == 3


# ---- chats ------------------------------------------------------------------------------------------


async def test_push_to_talk_and_nothing_to_answer(tmp_path: Path, monkeypatch: Patch) -> None:
    fakes = engines("tell me a story please now")
    async with server_of(tmp_path, monkeypatch, fakes) as running:
        me = await Browser.arrive(running.port, "bro", init_greeting=False)
        me.say("create_response")
        await me.until(lambda: me.status("response_cancelled"))
        assert me.kinds(1) == ["response_created", "response_cancelled"]
        since = len(me.log)
        me.hold_mic(1_400)
        me.say("create_response")
        await me.until(lambda: me.sound.get("1"))
        kinds = [kind for kind in me.kinds(since) if kind != "user"]  # their words may come before and after
        assert kinds == ["response_created", "assistant", "response_done", "audio"]
        assert me.texts[0] == "tell me a story please now"
        size = len(fakes.tts["voice"].spoken)  # type: ignore[attr-defined]
        await me.until(lambda: len(me.sound["1"]) == 2 * 24 * 50 * (len(STORY) - 1) or me.closed)
        assert size >= 1
        assert not me.errors


async def test_typed_text_with_a_picture_and_the_interruption_that_comes_too_late(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    llm = FakeLlm("I see a cat.", "Now it sleeps on the sofa.")
    async with server_of(tmp_path, monkeypatch, engines(llm=llm, ms_per_character=100)) as running:
        me = await Browser.arrive(running.port, "bro", init_greeting=False)
        me.say("image_url", image_url="https://bucket.example/cat.png?signed=1")
        me.say("text", content="What is this?")
        me.say("create_response")
        await me.until(lambda: len(me.sound.get("1", b"")) > 48 * 900)
        content = next(entry["content"] for entry in me.log if entry.get("role") == "user")
        assert content == [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://bucket.example/cat.png?signed=1"}},
        ]
        assert llm.requests[0].messages[-1].image_urls == ("https://bucket.example/cat.png?signed=1",)
        me.say("text", content="And now?")
        me.say("create_response")
        me.say("interrupt", speech_id="1", interrupted_at=0.25)
        await me.until(lambda: me.texts.get(3) == "Now it sleeps on the sofa." and me.sound.get("3"))
        assert me.texts[1] == "I... (interrupted)"
        question, heard, now = [message.text for message in llm.requests[1].messages]
        assert (question, now) == ("What is this?", "And now?")
        assert heard in ("I...", "I see...")
        assert (me.status("response_created"), me.status("response_done"), me.errors) == (2, 2, [])


async def test_pictures_that_fail_are_alone_or_are_too_many(tmp_path: Path, monkeypatch: Patch) -> None:
    llm = FakeLlm("Nice.")
    async with server_of(tmp_path, monkeypatch, engines(llm=llm)) as running:
        me = await Browser.arrive(running.port, "mute", init_greeting=False)
        me.say("image_url", image_url=None)
        await me.until(lambda: me.errors)
        assert "not uploaded" in me.errors[0]
        large = "data:image/png;base64," + "A" * 3_000_000
        me.say("image_url", image_url=large)
        me.say("create_response")
        await me.until(lambda: me.status("response_done"))
        assert llm.requests[0].messages[-1].image_urls == (large,)
        # the client has it, does not show it, and would wait long for it on a slow line
        assert next(entry["content"] for entry in me.log if entry.get("role") == "user") == [
            {"type": "text", "text": ""}
        ]
        for number in range(9):
            me.say("image_url", image_url=f"https://a.example/{number}")
        await me.until(lambda: len(me.errors) == 2)
        assert "at most 8 pictures" in me.errors[1]
        me.say("create_response")
        await me.until(lambda: me.status("response_done") == 2)
        assert len(llm.requests[1].messages[-1].image_urls) == 8


async def test_text_without_end_is_refused(tmp_path: Path, monkeypatch: Patch) -> None:
    """Each piece would be shown with all before it: little sent, much sent back."""
    llm = FakeLlm("Nice.")
    async with server_of(tmp_path, monkeypatch, engines(llm=llm)) as running:
        me = await Browser.arrive(running.port, "mute", init_greeting=False)
        for _ in range(3):
            me.say("text", content="word " * 3_000)
        await me.until(lambda: len(me.errors) == 2)
        assert "at most 20000 characters" in me.errors[0]
        me.say("create_response")
        await me.until(lambda: me.status("response_done"))
        assert len(llm.requests[0].messages[-1].text) < 15_001


async def test_an_error_while_answering_ends_the_turn(tmp_path: Path, monkeypatch: Patch) -> None:
    """The client stays busy for ever otherwise."""
    llm = FakeLlm(EngineError("The provider refused the key."), RuntimeError("a secret word"), STORY)
    async with server_of(tmp_path, monkeypatch, engines(llm=llm), apology=[]) as running:
        me = await Browser.arrive(running.port, "bro", init_greeting=False)
        for turn in range(2):
            me.say("text", content="hi")
            me.say("create_response")
            await me.until(lambda turn=turn: me.status("response_cancelled") == turn + 1)
        assert me.errors[0] == "The provider refused the key."
        assert "secret" not in me.errors[1]
        me.say("text", content="hi")
        me.say("create_response")
        await me.until(lambda: me.status("response_done"))
        assert me.status("response_created") == 3


@pytest.mark.parametrize("mode", ["chat", "call"])
async def test_invoke_llm(mode: str, tmp_path: Path, monkeypatch: Patch) -> None:
    """A slow model holds nobody up: not the HTTP side, not the conversation."""
    llm = FakeLlm("It is about a fox.", first_s=0.3)
    async with server_of(tmp_path, monkeypatch, engines(llm=llm)) as running:
        me = await Browser.arrive(running.port, "bro", mode, init_greeting=False)
        me.say("invoke_llm", model="echo", prompt="Sum it up", messages=[{"role": "user", "content": "user: a fox"}])
        me.say("invoke_llm", model="gpt-9", prompt="", messages=[])
        assert (await running.http("GET", "/"))[0] == 200
        await me.until(lambda: me.errors)
        assert "gpt-9" in me.errors[0]
        assert me.log[-1]["type"] == "error"
        await me.until(lambda: me.log[-1]["type"] == "llm_response")
        assert me.log[-1] == {"type": "llm_response", "content": "It is about a fox."}


# ---- what init chooses --------------------------------------------------------------------------------


async def test_no_words_before_they_are_final(tmp_path: Path, monkeypatch: Patch) -> None:
    async with server_of(tmp_path, monkeypatch, engines("tell me a story please now")) as running:
        call = await Browser.arrive(running.port, "mute", "call", stream_user_stt=False)
        call.speak(tone(1_280) + silence(1_280))
        chat = await Browser.arrive(running.port, "mute", stream_user_stt=False)
        chat.hold_mic(1_280)
        chat.say("create_response")
        for me in (call, chat):
            await me.until(lambda me=me: me.status("response_done"))
            texts = {entry["content"][0]["text"] for entry in me.log if entry.get("role") == "user"}
            assert texts == {"tell me a story please now"}


async def test_words_that_were_shown_are_taken_back_only_when_wanted(tmp_path: Path, monkeypatch: Patch) -> None:
    class Fickle(FakeStt):
        """Another word at the end than all along."""

        def open(self, *args: Any) -> Any:
            stream = super().open(*args)
            real = stream._text
            stream.flush = lambda: _final(real().replace("tell", "sell"))  # type: ignore[method-assign]
            return stream

    for wanted in (True, False):
        fakes = engines()
        fakes.stt = Fickle("tell me a story please now")
        async with server_of(tmp_path, monkeypatch, fakes) as running:
            me = await Browser.arrive(running.port, "mute", init_greeting=False, final_stt_correction=wanted)
            me.hold_mic(1_280)
            me.say("create_response")
            await me.until(lambda me=me: me.status("response_done"))
            assert me.texts[0].startswith("sell" if wanted else "tell")


async def _final(text: str) -> Any:
    from voi.engines.base import Transcript

    return Transcript(text)


async def test_greetings(tmp_path: Path, monkeypatch: Patch) -> None:
    """Drawn at random; from a file where there is one, and only from the folder."""
    folder = tmp_path / "data" / "cached" / "voice"
    folder.mkdir(parents=True)
    for path in (folder / "hi.wav", tmp_path / "secret.wav"):
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 24_000, 0, "NONE", ""))
            file.writeframes(b"\x07\x00" * 2_400)
    (folder / "link.wav").symlink_to(tmp_path / "secret.wav")
    choices = ["One.", "Two.", {"content": "Three.", "file": "hi.wav"}, {"content": "Four.", "file": "link.wav"}]
    fakes = engines()
    async with server_of(tmp_path, monkeypatch, fakes, greetings={"choices": choices[:3]}) as running:
        heard: dict[str, bytes] = {}
        for _ in range(60):
            me = await Browser.arrive(running.port, "bro")
            await me.until(lambda me=me: len(me.sound.get("0", b"")) >= 9_600 or me.sound.get("0", b"")[:1] == b"\x07")
            heard[me.texts[0]] = me.sound["0"]
            me.client.drop()
            if len(heard) == 3:
                break
        assert set(heard) == {"One.", "Two.", "Three."}
        assert heard["Three."][:4_800] == b"\x07\x00" * 2_400
        assert heard["One."][:2] == b"\x10\x20"
        quiet = await Browser.arrive(running.port, "bro", init_greeting=False)
        quiet.say("text", content="hi")
        quiet.say("create_response")
        await quiet.until(lambda: quiet.texts.get(1))
        assert quiet.texts[0] == "hi"
    with pytest.raises(Exception, match=r"link\.wav"):
        async with server_of(tmp_path, monkeypatch, fakes, greetings={"choices": choices}):
            pass


async def test_ids_leave_out_those_of_the_browser(tmp_path: Path, monkeypatch: Patch) -> None:
    """It numbers its own bubbles 1000 + n and 2000 + n: a message of ours would replace one of them."""
    async with server_of(tmp_path, monkeypatch, engines(llm=FakeLlm("yes indeed", first_s=0))) as running:
        me = await Browser.arrive(running.port, "bro", init_greeting=False)
        session = next(iter(running.server.calls)).session
        for _ in range(998):
            next(session._conversation._message_ids)
        for _ in range(2):
            me.say("text", content="hi")
            me.say("create_response")
            done = me.status("response_done")
            await me.until(lambda done=done: me.status("response_done") > done)
        await me.until(lambda: me.sound.get("1001001"))
        assert list(me.texts) == [998, 999, 1_001_000, 1_001_001]
        me.say("interrupt", speech_id="1001001", interrupted_at=0.0)
        await me.until(lambda: me.texts[1_001_001] == "")  # nothing of it was heard
        assert not me.errors


# ---- odd sound ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 333, 8191])
async def test_sound_in_odd_pieces(size: int, tmp_path: Path, monkeypatch: Patch) -> None:
    fakes = engines("tell me a story please now")
    async with server_of(tmp_path, monkeypatch, fakes, settings={"max_messages_per_s": 20_000}) as running:
        me = await Browser.arrive(running.port, "mute", init_greeting=False)
        sound = tone(640)
        me.say("audio", b"")
        me.speak(sound, size)
        me.say("create_response")
        await me.until(lambda: me.status("response_done"))
        assert fakes.stt.streams[0].pcm[: len(sound)] == sound  # type: ignore[attr-defined]
        assert not me.errors


@pytest.mark.parametrize(("kind", "codec"), [("pcm16", ""), ("webm", "libopus"), ("ogg", "libopus"), ("mp4", "aac")])
async def test_broken_sound_harms_neither_others_nor_what_comes_after(
    kind: str, codec: str, tmp_path: Path, monkeypatch: Patch
) -> None:
    pytest.importorskip("av")
    whole = encoded(kind, codec) if codec else speech()
    rng = random.Random(kind)
    async with server_of(tmp_path, monkeypatch, engines("tell me a story please now")) as running:
        other = await Browser.arrive(running.port, "mute", init_greeting=False)
        for round_ in range(3):
            me = await Browser.arrive(running.port, "mute", init_greeting=False, input_audio_format=kind)
            for _ in range(4):
                broken = bytearray(whole)
                for _ in range(rng.randrange(1, 60)):
                    broken[rng.randrange(len(broken))] = rng.randrange(256)
                me.speak(rng.choice([bytes(broken), rng.randbytes(9_999), bytes(broken[rng.randrange(len(broken)) :])]))
            me.say("create_response")
            await me.until(lambda me=me: me.status("response_done") + me.status("response_cancelled"))
            done = me.status("response_done")
            me.speak(whole)
            me.say("create_response")
            await me.until(lambda me=me, done=done: me.status("response_done") > done)
            assert max(me.texts) >= 1
            me.client.drop()
            other.say("text", content=f"round {round_}")
            other.say("create_response")
            await other.until(lambda round_=round_: other.texts.get(2 * round_ + 1) == STORY)
        assert not other.errors


# ---- clients that read slowly, or break ---------------------------------------------------------------


async def test_a_slow_reader_is_waited_for_and_loses_nothing(tmp_path: Path, monkeypatch: Patch) -> None:
    """Neither here nor in the operating system does sound pile up that nobody could stop any more."""
    fakes = engines(llm=FakeLlm("a" * 150), ms_per_character=20, speed=1_000.0)
    async with server_of(tmp_path, monkeypatch, fakes) as running:
        me, other = [await Browser.arrive(running.port, "bro", init_greeting=False, narrow=narrow)
                     for narrow in (True, False)]  # fmt: skip
        me.client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for person in (me, other):
            person.say("text", content="go on")
            person.say("create_response")
        doors = [call.door for call in running.server.calls]
        await other.until(lambda: len(other.sound.get("1", b"")) > 48 * 1_800)
        assert 30_000 < max(door.backlog_bytes for door in doors) < 70_000
        me.client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await me.until(lambda: len(me.sound.get("1", b"")) >= 48 * 3_000)
        assert me.status("response_done") == 1


async def test_one_that_breaks_takes_nobody_along(tmp_path: Path, monkeypatch: Patch) -> None:
    """An engine fails in one conversation; two others go on and do not mix."""
    fakes = engines("tell me a story please now")
    fakes.llm = _Parrot()
    async with server_of(tmp_path, monkeypatch, fakes) as running:
        bad, one, two = [await Browser.arrive(running.port, "bro", mode, init_greeting=False)
                         for mode in ("call", "chat", "chat")]  # fmt: skip
        fakes.vad.streams[0].probability = lambda _: 1 / 0  # type: ignore[attr-defined]
        bad.say("audio", tone(256))
        await bad.until(lambda: bad.closed)
        assert bad.closed == 1011
        assert bad.errors[0] == "The VAD fake failed: ZeroDivisionError."
        assert "zero" not in bad.errors[0]
        for turn in range(3):
            for me, text in ((one, f"first {turn}"), (two, f"second {turn}")):
                me.say("text", content=text)
                me.say("create_response")
        for me, name in ((one, "first"), (two, "second")):
            await me.until(lambda me=me: me.sound.get("5"))
            assert [me.texts[at] for at in (0, 2, 4, 5)] == [f"{name} 0", f"{name} 1", f"{name} 2", f"{name} 2"]
            assert not me.errors


class _Parrot(FakeLlm):
    def __init__(self) -> None:
        super().__init__("")

    async def stream(self, request: Any) -> Any:
        yield TextDelta(request.messages[-1].text)
        yield Finished()


async def test_nothing_is_left_of_those_who_went(tmp_path: Path, monkeypatch: Patch) -> None:
    """However they went, and in the middle of what."""
    fakes = engines("tell me a story please now", llm=FakeLlm(STORY, None, STORY, token_s=0.001))

    async def visit(port: int, number: int) -> None:
        if number % 9 == 8:
            token = issue_token("a", SECRET) if number % 2 else "wrong"
            (await RawClient.connect(port, f"/ws?token={token}")).drop()
            return
        mode = "call" if number % 2 else "chat"
        me = await Browser.arrive(port, "bro", mode, stream_output_audio=number % 3 > 0,
                                  input_audio_format="pcm16" if number % 5 else "ogg")  # fmt: skip
        if number % 4 == 0:
            await me.until(lambda: me.sound.get("0"))
        me.speak(tone(768) + silence(1_280 * (number % 4 == 1)))
        me.say("invoke_llm", model="echo", prompt="?", messages=[])
        if mode == "chat":
            me.say("text", content="hi")
            me.say("create_response")
        if number % 4 == 1:
            await me.until(lambda: me.status("response_done") or me.errors)
        match number % 3:
            case 0:
                me.client.drop()
            case 1:
                me.client.send(CLOSE, struct.pack(">H", 1000))
                await me.client.ends()
            case 2:
                me.client.writer.write(b"\x82")  # the half of a frame's head
                me.client.writer.write_eof()
                await me.client.ends()

    def held() -> tuple[int, int, int]:
        return (
            len(asyncio.all_tasks()),
            len(os.listdir("/proc/self/fd")),
            sum(thread.name.startswith("voi-") for thread in threading.enumerate()),
        )

    def things() -> list[object]:
        return [thing for thing in gc.get_objects() if isinstance(thing, Session | Call | VoiConnection | VoiDoor)]

    gc.collect()
    of_others = things()  # of earlier tests in this process, which something may still hold
    async with server_of(tmp_path, monkeypatch, fakes, greetings=GREETING) as running:
        before: tuple[int, int, int] = (0, 0, 0)
        for round_ in range(2):
            await asyncio.gather(*(visit(running.port, number) for number in range(72)))
            RawClient.drop_all()
            async with asyncio.timeout(30):
                while len(running.server.calls) or len(running.server.calls.services.tasks):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.05)
            gc.collect()
            if round_ == 0:
                before = held()
        assert held() <= before
        assert running.server.admission.active == 0
        everyone = (fakes.vad, fakes.stt, fakes.llm, *fakes.tts.values())
        assert [engine.open_streams for engine in everyone] == [0] * 4  # type: ignore[attr-defined]
        fakes.vad.streams.clear()  # type: ignore[attr-defined]
        fakes.stt.streams.clear()  # type: ignore[attr-defined]
        left = {id(thing) for thing in things()} - set(map(id, of_others))
        assert not left


async def test_neither_tokens_nor_words_reach_the_log(
    tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="voi")
    llm = FakeLlm("An answer about elephants.", RuntimeError("elephants broke"), EngineError("refused"))
    async with server_of(tmp_path, monkeypatch, engines("elephants every where I look", llm=llm)) as running:
        tokens = [issue_token("bro", SECRET), issue_token("bro", SECRET[::-1]), "elephants.and.more"]
        for token in tokens:
            stranger = Browser(await RawClient.connect(running.port, f"/ws?token={token}"))
            stranger.say("init", agent_name="nobody")
            await stranger.until(lambda: False)
            assert stranger.closed == 1008
            assert token not in stranger.errors[0]
        await running.http("GET", f"/nowhere?token={tokens[0]}")
        me = await Browser.arrive(running.port, "bro", init_greeting=False)
        me.hold_mic(1_280)
        me.say("create_response")
        for ended, word in enumerate(("elephants once", "elephants twice"), 1):
            await me.until(lambda ended=ended: me.status("response_done") + me.status("response_cancelled") == ended)
            me.say("text", content=word)
            me.say("create_response")
        me.say("elephants")
        me.say("image_url", image_url="elephants")
        me.client.send(2, b"\0\0\0\x20{elephants")
        me.client.send(2, b"\0\0\0\x0a{elephants")
        await me.until(lambda: me.status("response_done") + me.status("response_cancelled") >= 3)
        await me.until(lambda: len(me.errors) >= 5)
        me.client.drop()
    told = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)
    assert "ReplyText" in told
    assert "elephants" not in told.replace("type 'elephants'", "")
    for token in tokens[:2]:
        assert token not in told
        assert token.rpartition(".")[2] not in told
    assert SECRET not in told
