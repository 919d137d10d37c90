"""`voi tts` and `voi stt` on files and pipes, with the embedded engines."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import threading
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from voi.audio.wav import HEADER_BYTES, read_wav
from voi.cli import main

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
AUDIO = ROOT / "tests" / "data" / "audio"
SAID = "Good morning. I would like to book a table for two people."


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


@contextmanager
def piped(data: bytes) -> Iterator[None]:
    """Standard input is a pipe with that."""
    old, (out, into) = os.dup(0), os.pipe()
    os.dup2(out, 0)

    def write() -> None:
        with open(into, "wb") as pipe:
            pipe.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        os.dup2(old, 0)
        os.close(out)
        os.close(old)
        writer.join(5)


def waiting_bytes(pipe: int) -> int:
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


class TestTts:
    def test_to_a_file(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("tts", "It costs $5.", "--out", "a.wav") == 0
        pcm, rate_hz = read_wav(Path("a.wav"))
        assert len(pcm) / 2 / rate_hz > 0.8
        with wave.open("a.wav") as file:  # which believes the header
            assert file.getnframes() == len(pcm) // 2
        assert run("tts", "It costs $5.", "--raw", "--out", "a.pcm") == 0
        # espeak never says the same thing in quite the same way
        assert len(Path("a.pcm").read_bytes()) == pytest.approx(len(pcm), rel=0.01)

    @pytest.mark.parametrize(
        ("args", "says"),
        [
            (("Hello.", "--tone", "furious"), "no tone 'furious'"),
            (("Hello.", "--voice", "nobody"), "no voice 'nobody'"),
            (("Hello.", "--model", "nothing"), "There is no model and no engine 'nothing'"),
            (("Hello.", "--language", "xx"), "no voice for the language 'xx'"),
            (("",), "nothing to say"),
            (("***",), "nothing to say"),
        ],
    )
    def test_mistakes_leave_what_was_there(
        self, args: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("b.wav").write_bytes(b"old")
        assert run("tts", *args, "--out", "b.wav") == 1
        assert says in capsys.readouterr().err
        assert {path.name: path.read_bytes() for path in Path().iterdir()} == {"b.wav": b"old"}

    def test_places_that_cannot_be_written(self, capsys: pytest.CaptureFixture[str]) -> None:
        for out, why in (("nowhere/b.wav", "No such file"), ("/dev/full", "No space left")):
            assert run("tts", "Hello.", "--out", out) == 1
            assert f"{out} cannot be written: {why}" in capsys.readouterr().err

    def test_pipes(self, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        with piped(b"\xff\xfe " + SAID.encode()):  # what is no UTF-8 is not spoken
            assert run("tts", "--out", "-") == 0
        wav = capfdbinary.readouterr().out
        assert run("tts", SAID, "--out", "-", "--raw") == 0
        raw = capfdbinary.readouterr().out
        assert wav[:4] == b"RIFF"
        assert len(wav[44:]) == pytest.approx(len(raw), rel=0.01)
        assert np.abs(np.frombuffer(raw, "<i2")).max() > 3_000

    def test_it_speaks_while_the_text_arrives(self) -> None:
        """Sound of the first sentence is there before the second was written; Ctrl+C ends it at once."""
        command = [sys.executable, "-c", "from voi.cli import main; main()", "tts", "--out", "-"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
        ) as voi:
            assert voi.stdin is not None
            assert voi.stdout is not None
            voi.stdin.write(b"This is the first sentence. ")
            voi.stdin.flush()
            assert len(voi.stdout.read(30_000)) == 30_000
            voi.send_signal(signal.SIGINT)
            assert voi.wait(20) == 130
            assert voi.stderr is not None
            assert voi.stderr.read() == b""

    def test_a_listener_who_takes_nothing_does_not_hold_up_the_end(self) -> None:
        command = [sys.executable, "-c", "from voi.cli import main; main()", "tts", "--out", "-"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT,
            pipesize=4_096,
        ) as voi:  # fmt: skip
            assert voi.stdin is not None
            assert voi.stdout is not None
            voi.stdin.write(b"This is a sentence that does not go into the pipe. ")
            voi.stdin.flush()
            before = 0
            while (now := waiting_bytes(voi.stdout.fileno())) <= HEADER_BYTES or now != before:  # until it is full
                before = now
                time.sleep(0.1)
            voi.send_signal(signal.SIGINT)
            assert voi.wait(20) == 130
            assert voi.stderr is not None
            assert voi.stderr.read() == b""

    def test_a_listener_who_goes(self) -> None:
        command = [sys.executable, "-c", "from voi.cli import main; main()", "tts", "--out", "-"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
        ) as voi:
            assert voi.stdout is not None
            voi.stdout.close()
            _, told = voi.communicate(b"This is said to nobody. " * 50, timeout=120)
            assert (voi.returncode, told) == (0, b"")


class TestStt:
    def test_files(self, capsys: pytest.CaptureFixture[str]) -> None:
        names = [str(AUDIO / "jfk.wav"), "nowhere.wav", str(AUDIO / "austen-0880.wav")]
        assert run("stt", *names, "--json") == 1
        told = capsys.readouterr()
        assert told.err == "voi: nowhere.wav cannot be read: No such file or directory.\n"
        lines = [json.loads(line) for line in told.out.splitlines()]
        assert {Path(line["file"]).name for line in lines} == {"jfk.wav", "austen-0880.wav"}
        text = " ".join(line["text"] for line in lines).lower()
        assert "ask not what your country can do for you" in text
        assert all(0 <= line["start_s"] < line["end_s"] <= 11.1 for line in lines)

    def test_names_stand_before_the_words_of_several(self, capsys: pytest.CaptureFixture[str]) -> None:
        one, other = str(AUDIO / "spk1_snt1.wav"), str(AUDIO / "spk1_snt2.wav")
        assert run("stt", one) == 0
        alone = capsys.readouterr().out
        assert run("stt", one, other) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == f"{one}: {alone.strip()}"
        assert lines[1].startswith(f"{other}: ")

    def test_engines_by_names_of_the_settings(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        options = {"vad.plain": {"engine": "silero", "compiled": False}, "stt.small": {"engine": "moonshine"}}
        monkeypatch.setenv("VOI_ENGINE_OPTIONS", json.dumps(options))
        monkeypatch.setenv("VOI_VAD_ENGINE", "plain")
        monkeypatch.setenv("VOI_STT_ENGINE", "small")
        assert run("stt", str(AUDIO / "spk1_snt1.wav")) == 0
        assert capsys.readouterr().out.strip()

    def test_pipes(self, capsys: pytest.CaptureFixture[str]) -> None:
        data = (AUDIO / "jfk.wav").read_bytes()
        for args, given in ((("-",), data), (("--raw",), data[44:])):
            with piped(given):
                assert run("stt", *args) == 0
            assert "ask not what your country can do for you" in capsys.readouterr().out.lower()

    def test_what_is_no_sound(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("agents.json").write_text("{}")
        assert run("stt", "agents.json") == 1
        assert "agents.json cannot be decoded" in capsys.readouterr().err
        assert run("stt", ".") == 1
        assert ". cannot be read: Is a directory" in capsys.readouterr().err
        with piped(b""):
            assert run("stt") == 1
        assert "standard input is empty" in capsys.readouterr().err
        assert run("stt", "x.wav", "--raw") == 2
        assert run("stt", "--raw", "--rate", "11127") == 2


ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
