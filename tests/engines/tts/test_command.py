import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engines.tts.speaking_program import LETTER_SAMPLES, RATE_HZ
from tests.engines.tts.test_espeak import seconds
from voi.engines.base import VoiceSpec
from voi.engines.tts import program
from voi.engines.tts.command import TRIAL, CommandVoice, spoken_text
from voi.errors import ConfigError, EngineError

SCRIPT = str(Path(__file__).with_name("speaking_program.py"))
LETTER_S = LETTER_SAMPLES / RATE_HZ


def voice_of(what: str, *arguments: str, **options: Any) -> CommandVoice:
    return CommandVoice(command=[sys.executable, SCRIPT, what, *arguments], **options)


async def said(engine: CommandVoice, text: str = "Good morning.", **spec: Any) -> float:
    return seconds(b"".join([piece async for piece in engine.stream(text, VoiceSpec(**spec))]))


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


def pids_in(file: Path) -> list[int]:
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


async def until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not seen():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("what", "arguments", "options"),
    [
        ("input", (), {}),
        ("argument", ("{text}",), {}),
        ("file", ("{text_file}", "{file}"), {}),
        ("pcm", (), {"pcm_rate_hz": RATE_HZ}),
        ("floats", (), {}),
    ],
)
async def test_text_and_sound_go_in_and_out_as_the_program_wants(
    what: str, arguments: tuple[str, ...], options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    engine = voice_of(what, *arguments, **options)
    await engine.warm_up()
    assert await said(engine) == pytest.approx(13 * LETTER_S, abs=0.004)
    assert await said(engine, " — ") == 0
    await engine.close()
    with pytest.raises(EngineError, match="not running"):
        await said(engine)


async def test_arguments_reach_the_program_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = voice_of(
        "argument", "{text}", "--voice={voice}", "{language}", "{speed}",
        voices=["ann", "bob"], voice_tone_map={"stern": "bob"}, language="de", speed=1.5,
    )  # fmt: skip
    await engine.warm_up()
    told = tmp_path / "said.txt"
    text = "--file /etc/passwd; $(rm -rf x) `id` [[rate 900]] {voice}\x07"
    await said(engine, text, tone="stern", speed=2.0)
    assert told.read_text().split("\n") == [
        "file /etc/passwd; $(rm -rf x) `id`  rate 900  {voice}", "--voice=bob", "de", "3.00",
    ]  # fmt: skip
    with pytest.raises(EngineError, match="No voice 'eve'"):
        await said(engine, voice="eve")


async def test_sound_comes_while_the_program_still_speaks(tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    go_on.touch()
    engine = voice_of("stream", str(go_on))
    await engine.warm_up()
    go_on.unlink()
    stream = engine.stream("A text of some letters.", VoiceSpec())
    first = await anext(stream)
    go_on.touch()
    rest = [piece async for piece in stream]
    assert seconds(first + b"".join(rest)) == pytest.approx(23 * LETTER_S, abs=0.004)


async def test_an_interruption_kills_it_and_its_children(tmp_path: Path) -> None:
    engine = voice_of("hang", str(tmp_path / "pids"))
    engine._program = sys.executable
    task = asyncio.ensure_future(said(engine))
    await until(lambda: len(pids_in(tmp_path / "pids")) == 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await until(lambda: all(map(is_gone, pids_in(tmp_path / "pids"))))


async def test_one_that_hangs_is_killed(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"gave nothing for 0.5 s"):
        await voice_of("hang", str(tmp_path / "pids"), deadline_s=0.5).warm_up()
    await until(lambda: all(map(is_gone, pids_in(tmp_path / "pids"))))


async def test_one_without_an_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "OUTPUT_MAX_BYTES", 1_000_000)
    with pytest.raises(EngineError, match="more sound than the text can be"):
        await voice_of("endless").warm_up()


async def test_one_that_plays_is_silent_here_for_as_long(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    engine = voice_of("play", str(heard), "0.4", plays=True)
    await engine.warm_up()
    assert not heard.exists()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    silence = b"".join([piece async for piece in engine.stream("Hi.", VoiceSpec())])
    assert 0.4 <= seconds(silence) <= loop.time() - began_s + 0.01
    assert (heard.read_text(), set(silence)) == ("Hi.", {0})


async def test_secrets_of_the_server_stay_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_SECRET_KEY", "secret")
    engine = voice_of("environment", "PATH", "TOKEN_SECRET_KEY", "MINE", environment={"MINE": "x"})
    await engine.warm_up()
    assert await said(engine) == pytest.approx(2 * LETTER_S, abs=0.004)


@pytest.mark.parametrize(
    ("what", "why"),
    [("fail", "ended with 3"), ("noise", "not a WAV file"), ("nothing", "There is no sound"), ("file", "ended with 1")],
)
async def test_what_does_not_speak_is_refused_at_the_start(what: str, why: str) -> None:
    with pytest.raises(EngineError, match=why) as refused:
        await voice_of(what).warm_up()
    assert TRIAL.strip(".") not in str(refused.value)


async def test_a_file_that_is_not_written() -> None:
    with pytest.raises(EngineError, match="wrote no sound"):
        await voice_of("nothing", "{file}").warm_up()


async def test_a_program_that_is_missing() -> None:
    with pytest.raises(EngineError, match="no program 'no-such-voice'"):
        await CommandVoice(command=["no-such-voice", "{text}"]).warm_up()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"command": "say hello"}, "must be an array"),
        ({"command": []}, "must be an array"),
        ({"command": ["{voice}"]}, "begin with the program itself"),
        ({"command": ["a"], "voices": ["x", "y"]}, "no {voice}"),
        ({"command": ["a"], "voice_tone_map": {"sad": "x"}}, "which `voices` lacks"),
        ({"command": ["a"], "voice_tone_map": {"sad": {}}}, "name of a voice"),
        ({"command": ["a", "{file}"], "plays": True}, "leave out {file}"),
        ({"command": ["a"], "pcm_rate_hz": 1}, "`pcm_rate_hz`"),
        ({"command": ["a"], "deadline_s": 0}, "`deadline_s`"),
        ({"command": ["a"], "at_once": 0}, "`at_once`"),
    ],
)
def test_options_that_are_wrong(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        CommandVoice(**options)


def test_what_a_program_could_take_for_a_command() -> None:
    assert spoken_text("[[volm 9]]Hi\x00\n there") == "volm 9 Hi   there"
    assert CommandVoice(command=["a"], at_once=2).info.at_once_max == 2
