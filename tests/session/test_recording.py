import asyncio
import json
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import date
from pathlib import Path

import pytest

from tests.audio.sounds import likeness, speech
from voi.audio.resample import resample
from voi.audio.wav import parse_wav, read_wav
from voi.core import actions as do
from voi.core import facts as was
from voi.core.journal import JournalEntry, decode_entry, decode_script
from voi.core.script import Script
from voi.dialogue import Phrase
from voi.errors import ConfigError, StoreError
from voi.sealing.box import new_key
from voi.sealing.file import pages_of
from voi.session import recording
from voi.session.latency import TurnTimes
from voi.session.recording import Recorder, prepare, sweep

SCRIPT = Script(greeting=Phrase("hello"))
LIMIT_BYTES = 10_000_000
TIMES = TurnTimes(1, True, 250, first_sent_ms=300)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "WRITE_EVERY_S", 0.005)


def begun(folder: Path, name: str = "c1", limit_bytes: int = LIMIT_BYTES) -> Recorder:
    recorder = Recorder(folder, name, limit_bytes)
    recorder.begin(SCRIPT)
    return recorder


def journal(recorder: Recorder) -> list[JournalEntry]:
    first, *lines = (recorder.folder / "journal.jsonl").read_text().splitlines()
    assert decode_script(json.loads(first)) == SCRIPT
    return [decode_entry(json.loads(line)) for line in lines]


async def eventually(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # a thread is waited for
            await asyncio.sleep(0.002)


async def test_everything_is_kept(tmp_path: Path) -> None:
    recorder = begun(tmp_path)
    entries = [
        JournalEntry(0, was.Opened(), (do.SayPhrase(1, "hello"), do.Release(1, 0))),
        JournalEntry(90, was.Heard(1, "\ud83d half a pair, \u00e9\n"), ()),
        JournalEntry(95, was.HungUp(), ()),
    ]
    for entry in entries:
        recorder.step(*entry)
    for at in range(0, len(speech()), 640):
        recorder.user_sound(speech()[at : at + 640])
    agent = resample(speech(), 16_000, 24_000)
    for at in range(0, len(agent), 4_800):  # 100 ms
        recorder.agent_sound(agent[at : at + 4_800], 24_000, 500 + at // 48)
    recorder.turn(TIMES)
    await recorder.close()
    assert recorder.problem is None
    assert journal(recorder) == entries
    assert read_wav(recorder.folder / "user.wav") == (speech(), 16_000)
    assert read_wav(recorder.folder / "agent.wav") == (bytes(24_000) + agent, 24_000)
    assert (recorder.folder / "turns.jsonl").read_text() == json.dumps(TIMES.as_dict(), separators=(",", ":")) + "\n"
    assert recorder.folder == tmp_path / date.today().isoformat() / "c1"


async def test_files_are_private(tmp_path: Path) -> None:
    recordings = tmp_path / "new" / "recordings"
    recorder = begun(recordings)
    await recorder.close()
    for path in (recordings, recorder.folder.parent, recorder.folder):
        assert path.stat().st_mode & 0o777 == 0o700
    files = sorted(recorder.folder.iterdir())
    assert [path.name for path in files] == ["agent.wav", "journal.jsonl", "turns.jsonl", "user.wav"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


async def test_it_is_on_disk_before_the_end(tmp_path: Path) -> None:
    recorder = begun(tmp_path)
    recorder.step(0, was.Opened(), [])
    recorder.user_sound(speech())
    recorder.agent_sound(speech(), 16_000, 0)
    wav = recorder.folder / "user.wav"
    # The header, which says how long it is, is written after the sound.
    await eventually(lambda: wav.exists() and wav.stat().st_size >= 44 and read_wav(wav)[0] == speech())
    assert len(journal(recorder)) == 1
    await recorder.close()


async def test_sound_of_another_rate_is_converted_without_seams(tmp_path: Path) -> None:
    recorder = begun(tmp_path)
    for at in range(0, len(speech()), 640):
        recorder.agent_sound(speech()[at : at + 640], 16_000, at // 32)
    await recorder.close()
    pcm, rate_hz = read_wav(recorder.folder / "agent.wav")
    assert rate_hz == 24_000
    assert likeness(resample(pcm, 24_000, 16_000), speech()) > 0.999


async def test_places_jitter_and_replacement(tmp_path: Path) -> None:
    one, two = b"\1\0" * 2_400, b"\2\0" * 2_400  # 100 ms each
    recorder = begun(tmp_path)
    recorder.agent_sound(one, 24_000, 1_000)
    recorder.agent_sound(one, 24_000, 1_103)  # 3 ms late: follows on
    recorder.agent_sound(two, 24_000, 1_150)  # begins before the end: the rest was never heard
    await recorder.close()
    pcm, _ = read_wav(recorder.folder / "agent.wav")
    assert pcm == bytes(48_000) + one + one[:2_400] + two


async def test_what_was_sent_ahead_and_stopped_was_not_heard(tmp_path: Path) -> None:
    sound = b"\1\0" * 24_000
    recorder = begun(tmp_path)
    recorder.agent_sound(sound, 24_000, 0)
    recorder.step(0, was.PlaybackStarted(3), [])
    recorder.step(400, was.SpeechGrew(300), [do.Stop(2)])  # another reply, which nobody heard
    recorder.step(500, was.SpeechGrew(400), [do.Stop(3)])
    await recorder.close()
    assert read_wav(recorder.folder / "agent.wav")[0] == sound[:24_000]


async def test_half_samples_do_not_shift_the_sound(tmp_path: Path) -> None:
    recorder = begun(tmp_path)
    for at in range(0, 10_001, 7):
        recorder.user_sound(speech()[:10_001][at : at + 7])
    await recorder.close()
    assert read_wav(recorder.folder / "user.wav")[0] == speech()[:10_000]


async def test_a_slow_disk_costs_sound_but_no_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recording, "WAITING_SOUND_LIMIT_BYTES", 10_000)
    gate = threading.Event()
    make_files = recording._Files.__init__

    def slow(self: recording._Files, *args: object) -> None:
        gate.wait(5)
        make_files(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(recording._Files, "__init__", slow)
    recorder = begun(tmp_path)
    for number in range(4):
        recorder.user_sound(bytes([number + 1]) * 4_000)
        recorder.step(number, was.HungUp(), [])
    gate.set()
    await eventually(lambda: recorder._taken_bytes == 8_000)
    recorder.user_sound(b"\5" * 4_000)
    await recorder.close()
    assert len(journal(recorder)) == 4
    pcm, _ = read_wav(recorder.folder / "user.wav")
    assert pcm == b"\1" * 4_000 + b"\2" * 4_000 + bytes(8_000) + b"\5" * 4_000  # the rest is in its place
    assert caplog.text.count("the disk is slow") == 1
    assert recorder.problem is None


async def test_limit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorder = begun(tmp_path, limit_bytes=20_000)
    recorder.user_sound(bytes(15_000))
    recorder.agent_sound(bytes(15_000), 24_000, 0)
    await eventually(lambda: recorder.problem)
    for _ in range(100):
        recorder.user_sound(bytes(15_000))
        recorder.step(0, was.HungUp(), [])
    await recorder.close()
    assert "limit of 20000 bytes" in (recorder.problem or "")
    assert caplog.text.count("has stopped") == 1
    assert sum(path.stat().st_size for path in recorder.folder.iterdir()) < 35_000
    assert not recorder._queue


async def test_a_disk_that_refuses_ends_the_recording_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    recorder = begun(tmp_path / "file")
    await eventually(lambda: recorder.problem)
    recorder.step(0, was.HungUp(), [])
    await recorder.close()
    assert f"{tmp_path / 'file'} cannot be written: File exists" in caplog.text


def test_a_folder_that_cannot_be_written_is_found_at_start(tmp_path: Path) -> None:
    prepare(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert not list((tmp_path / "a" / "b").iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file cannot be written to \(File exists\).*VOI_RECORDINGS_DIR"):
        prepare(tmp_path / "file")


async def test_a_fault_of_ours_ends_the_recording_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorder = begun(tmp_path)
    recorder.step(0, object(), [])  # type: ignore[arg-type]
    await eventually(lambda: recorder.problem)
    await recorder.close()
    assert "has stopped: a fault of Voi's own" in caplog.text
    assert journal(recorder) == []


async def test_a_disk_that_stands_still_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "WAITING_FACTS_LIMIT", 10)
    monkeypatch.setattr(recording, "WRITE_EVERY_S", 60)
    recorder = begun(tmp_path)
    for _ in range(20):
        recorder.step(0, was.HungUp(), [])
    assert "does not keep up" in (recorder.problem or "")
    await recorder.close()


@pytest.mark.parametrize(
    ("conversation_id", "name"),
    [("../../etc/x", "______etc_x"), ("a b\0c", "a_b_c"), ("", "conversation"), ("20261121-ab", "20261121-ab")],
)
def test_ids_are_safe_names(tmp_path: Path, conversation_id: str, name: str) -> None:
    assert Recorder(tmp_path, conversation_id, 1).folder.name == name
    assert len(Recorder(tmp_path, "x" * 5_000, 1).folder.name) == recording.NAME_MAX


async def test_an_id_twice_does_not_overwrite(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = begun(tmp_path)
    first.step(7, was.HungUp(), [])
    await first.close()
    second = begun(tmp_path)
    await eventually(lambda: second.problem)
    await second.close()
    assert journal(first) == [JournalEntry(7, was.HungUp(), ())]


async def test_close_twice_and_without_begin(tmp_path: Path) -> None:
    await Recorder(tmp_path, "never", 1).close()
    recorder = begun(tmp_path)
    await recorder.close()
    await recorder.close()
    recorder.step(0, was.HungUp(), [])
    recorder.user_sound(b"\0\0")
    assert not recorder._queue
    assert not recorder._thread.is_alive()


def test_words_stay_out_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        recorder = begun(tmp_path, limit_bytes=1)
        recorder.step(0, was.TextTyped("secret words"), [])
        await recorder.close()

    with caplog.at_level(logging.DEBUG):
        asyncio.run(run())
    assert "secret" not in caplog.text


# ---- retention ------------------------------------------------------------------------------------


def test_sweep(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    recordings = tmp_path / "recordings"
    for name in ("2026-01-01", "2026-01-09", "2026-01-10", "2026-02-01", "notes", "2026-13-77", "2025-01-01x"):
        (recordings / name / "c1").mkdir(parents=True)
        (recordings / name / "c1" / "user.wav").touch()
    (recordings / "2025-05-05").touch()
    (recordings / "2025-06-06").symlink_to(outside)
    assert sweep(recordings, 0, date(2030, 1, 1)) == 0
    assert sweep(recordings, 30, date(2026, 2, 9)) == 2
    left = sorted(os.listdir(recordings))
    assert left == ["2025-01-01x", "2025-05-05", "2025-06-06", "2026-01-10", "2026-02-01", "2026-13-77", "notes"]
    assert (outside / "kept").exists()
    assert sweep(tmp_path / "missing", 30) == 0


async def test_with_a_key_nothing_is_readable_without_it(tmp_path: Path) -> None:
    key, data_key = new_key(), Future[bytes | None]()
    recorder = Recorder(tmp_path, "c1", LIMIT_BYTES, data_key)
    recorder.begin(SCRIPT)
    entry = JournalEntry(90, was.Heard(1, "planted words"), ())
    recorder.step(*entry)
    recorder.user_sound(speech())
    await asyncio.sleep(0.05)
    assert not recorder.folder.exists()  # its key is not stored yet
    data_key.set_result(key)
    await recorder.close()
    files = {path.name: path for path in recorder.folder.iterdir()}
    assert set(files) == {f"{name}.sealed" for name in ("user.wav", "agent.wav", "journal.jsonl", "turns.jsonl")}
    assert not any(b"planted" in path.read_bytes() or b"RIFF" in path.read_bytes() for path in files.values())
    _, line = b"".join(pages_of(files["journal.jsonl.sealed"], key)).splitlines()
    assert decode_entry(json.loads(line)) == entry
    assert parse_wav(b"".join(pages_of(files["user.wav.sealed"], key))) == (speech(), 16_000)


async def test_without_its_key_a_recording_is_given_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data_key = Future[bytes | None]()
    recorder = Recorder(tmp_path, "c1", LIMIT_BYTES, data_key)
    recorder.begin(SCRIPT)
    data_key.set_exception(StoreError("no"))
    await eventually(lambda: recorder.problem)
    await recorder.close()
    assert "the key to encrypt it with could not be stored" in caplog.text
    assert not recorder.folder.exists()
