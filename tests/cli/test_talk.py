"""`voi talk` against a whole server with fake engines."""

import asyncio
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tests.fakes.engines import FakeLlm, silence, tone
from tests.server.fakes import SECRET
from tests.server.serving import RunningServer, fake_engines, serving
from voi.audio.wav import read_wav, to_wav
from voi.cli import exchange
from voi.cli.talk import Talker, talk
from voi.config.settings import Settings
from voi.errors import ClientError, ConfigError, EngineError
from voi.server.auth import issue_token

pytestmark = pytest.mark.integration

Patch = pytest.MonkeyPatch
app = typer.Typer()
app.command()(talk)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.setattr(exchange, "SETTLE_S", 0.05)
    monkeypatch.chdir(tmp_path)
    for name in (*Settings.CONTRACT_NAMES.values(), "VOI_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def talker(
    house: RunningServer, out: Path | None = None, *, timeout_s: float = 5, as_json: bool = False, **wants: Any
) -> Talker:
    url = f"ws://127.0.0.1:{house.port}/ws"
    usual = {
        "url": url,
        "token": issue_token("t", SECRET),
        "agent_name": "echo",
        "mode": "chat",
        "init_greeting": False,
    }
    return Talker(usual | wants, timeout_s, out, as_json=as_json)


async def test_json_for_programs(tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as house:
        await talker(house, tmp_path / "reply.wav", as_json=True).type("hello you")
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    said = {event["from"]: event["text"] for event in events if event["event"] == "message"}
    assert said == {"you": "hello you", "agent": "hello you"}
    (latency,) = [event for event in events if event["event"] == "latency"]
    assert {"transcript_ms", "text_ms", "sound_ms"} <= latency.keys()
    assert events[-1]["event"] == "saved"
    assert events[-1]["seconds"] > 0.4


async def test_typed_text(tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as house:
        await talker(house, tmp_path / "reply.wav").type("hello you")
    out = capsys.readouterr().out
    assert "you      hello you\n" in out
    assert "agent    hello you\n" in out
    assert "latency  since the end of the question: transcript" in out
    pcm, rate_hz = read_wav(tmp_path / "reply.wav")
    assert rate_hz == 24_000
    assert len(pcm) >= 9 * 50 * 48  # nine characters of 50 ms
    assert any(pcm)


async def test_a_slow_voice_is_heard_to_its_end(tmp_path: Path, monkeypatch: Patch) -> None:
    """For every sentence it needs four times as long as `voi talk` waits when all has been played."""
    async with serving(tmp_path, monkeypatch, fake_engines(first_s=0.2, ms_per_character=5)) as house:
        await talker(house, tmp_path / "reply.wav").type("One is here. Two is here. Three is here.")
    pcm, _ = read_wav(tmp_path / "reply.wav")
    assert len(pcm) >= 36 * 5 * 48


async def test_lines_of_standard_input(tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("one\n\n  two  \n"))
    async with serving(tmp_path, monkeypatch, fake_engines()) as house:
        await talker(house).type("-")
    said = [line.split("s  ", 1)[1].split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert [(who, words) for who, words in said if who != "latency"] == [
        ("you", "one"), ("agent", "one"), ("you", "two"), ("agent", "two"),
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["call", "chat"])
async def test_a_sound_file(tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str], mode: str) -> None:
    (tmp_path / "in.wav").write_bytes(to_wav(tone(800) + silence(100), 16_000))
    async with serving(tmp_path, monkeypatch, fake_engines("one two three four")) as house:
        await talker(house, tmp_path / "reply.wav", mode=mode).say_file(tmp_path / "in.wav")
    out = capsys.readouterr().out
    assert "agent    one two three four\n" in out
    assert "answer's sound" in out
    assert len(read_wav(tmp_path / "reply.wav")[0]) > 48_000 * 0.5


@pytest.mark.parametrize("mode", ["call", "chat"])
async def test_a_failed_answer_is_told_at_once(
    tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    (tmp_path / "in.wav").write_bytes(to_wav(tone(800) + silence(100), 16_000))
    engines = replace(
        fake_engines("one two three four", ms_per_character=10),
        llm=FakeLlm(*[EngineError("No credit.")] * 9),
    )
    async with serving(tmp_path, monkeypatch, engines) as house:
        with pytest.raises(ClientError, match="could not answer"):
            await talker(house, mode=mode, timeout_s=60).say_file(tmp_path / "in.wav")
    assert "No credit." in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["call", "chat"])
async def test_the_greeting_is_heard_out(
    tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    monkeypatch.setattr("voi.cli.talk.GREETING_WAIT_S", 0.2)
    (tmp_path / "in.wav").write_bytes(to_wav(tone(800) + silence(100), 16_000))
    async with serving(tmp_path, monkeypatch, fake_engines("one two three four", ms_per_character=20)) as house:
        await talker(house, mode=mode, init_greeting=True).say_file(tmp_path / "in.wav")
    out = capsys.readouterr().out
    assert "agent    Hello there my friend.\n" in out
    assert "interrupted" not in out
    assert "agent    one two three four\n" in out


async def test_silence_is_not_answered(tmp_path: Path, monkeypatch: Patch) -> None:
    (tmp_path / "in.wav").write_bytes(to_wav(silence(200), 16_000))
    async with serving(tmp_path, monkeypatch, fake_engines()) as house:
        with pytest.raises(ClientError, match=r"No answer came within 0\.3 s"):
            await talker(house, mode="call", timeout_s=0.3).say_file(tmp_path / "in.wav")
    assert not (tmp_path / "reply.wav").exists()


async def test_refusals_are_told_in_words(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as house:
        with pytest.raises(ClientError, match=r"refused: .*nobody"):
            await talker(house, agent_name="nobody").type("hi")
        with pytest.raises(ClientError, match="refused: Token validation error"):
            await talker(house, token="abc").type("hi")


async def test_a_server_that_goes_away(tmp_path: Path, monkeypatch: Patch) -> None:
    (tmp_path / "in.wav").write_bytes(to_wav(silence(5_000), 16_000))
    async with serving(tmp_path, monkeypatch, fake_engines()) as house:
        asyncio.get_running_loop().call_later(0.2, house.server.stop)
        with pytest.raises(ClientError, match=r"ended the conversation \(1001"):
            await talker(house, mode="call").say_file(tmp_path / "in.wav")


def told(*args: str) -> str:
    result = CliRunner().invoke(app, list(args))
    assert result.exit_code != 0
    return str(result.exception) + result.stderr


def test_wrong_command_lines(tmp_path: Path) -> None:
    assert "--in or --text, not both" in told("--agent", "a", "--in", "x.wav", "--text", "hi")
    assert "needs --mode chat" in told("--agent", "a", "--text", "hi", "--mode", "call")
    assert "needs --mode call" in told("--agent", "a", "--mode", "chat")
    assert "--text is empty" in told("--agent", "a", "--text", " ")
    assert "Missing option" in told("--text", "hi")
    assert "sms" in told("--agent", "a", "--mode", "sms")
    given = ("--agent", "a", "--token", "t", "--url", "ws://127.0.0.1:9/ws")
    assert "x.wav cannot be read" in told(*given, "--in", "x.wav")
    assert "Nothing answers at ws://127.0.0.1:9/ws" in told(*given, "--text", "hi")
    assert "TOKEN_SECRET_KEY" in told("--agent", "a", "--text", "hi")
    assert "--token TOKEN" in told("--agent", "a", "--text", "hi")


def test_without_sound_card_library(monkeypatch: Patch) -> None:
    import sys

    from voi.cli.soundcard import load_sounddevice

    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(ConfigError, match=r"install\.sh sound"):
        load_sounddevice()


def test_where_the_sound_cannot_be_saved_is_told_before_the_talk(tmp_path: Path) -> None:
    for file, why in ((tmp_path / "no" / "x.wav", "there is no folder"), (tmp_path, "it is a folder")):
        result = CliRunner().invoke(
            app, ["--text", "hi", "--url", "ws://127.0.0.1:9/ws", "--agent", "a", "--out", str(file)]
        )
        assert isinstance(result.exception, ClientError)
        assert why in str(result.exception)
