import json
import wave
from dataclasses import asdict
from pathlib import Path

import pytest

pytest.importorskip("soundfile", reason="the extra `train` is not installed")
pytest.importorskip("soxr", reason="the extra `train` is not installed")

import numpy as np

from tests.training.sounds import Anything, encoded, put, quiet, tone
from tests.training.tiny_base import SPOKEN, recordings
from voi.audio.pcm import to_float
from voi.audio.wav import read_wav
from voi.errors import ConfigError
from voi.training import manifest
from voi.training.manifest import TrainingSample
from voi.training.prepare import Choices, Dropped, Report, prepare
from voi.training.recordings import Recording, find
from voi.training.splits import SPLITS, TEST

CHOICES = Choices(speaker="Robin", validation_share=0.2, test_share=0.2)


def sentence(hz: float) -> bytes:
    return encoded(np.concatenate([quiet(0.4), tone(2, hz=hz), quiet(0.4)]))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_recorded_speech_becomes_a_manifest(tmp_path: Path) -> None:
    report = prepare(find(recordings(tmp_path / "source")), tmp_path / "data", CHOICES)
    samples = manifest.read(tmp_path / "data")
    assert samples == report.kept
    assert {sample.text for sample in samples} == set(SPOKEN.values())
    assert {sample.split for sample in samples} == set(SPLITS)
    assert {(sample.speaker, sample.language) for sample in samples} == {("Robin", "en")}
    for sample in samples:
        with wave.open(str(tmp_path / "data" / sample.audio)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (22_050, 1, 2)
            assert file.getnframes() * 1000 // 22_050 == sample.duration_ms


def test_the_same_recordings_give_the_same_files(tmp_path: Path) -> None:
    source = recordings(tmp_path / "source")
    prepare(find(source), tmp_path / "a", CHOICES)
    prepare(find(source), tmp_path / "b", CHOICES)
    once = contents(tmp_path / "a")
    prepare(find(source), tmp_path / "a", CHOICES)
    assert contents(tmp_path / "a") == contents(tmp_path / "b") == once


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    source = recordings(tmp_path / "source")
    put(source / "empty.wav", tone(3))
    put(source / "silent.wav", quiet(3), text="there is nothing to hear in here")
    (source / "again.wav").write_bytes((source / "spk1_snt1.wav").read_bytes())
    (source / "again.txt").write_text("the child almost hurt the small dog")
    (source / "broken.mp3").write_bytes(b"not mp3")
    (source / "broken.txt").write_text("this cannot be decoded at all")
    report = prepare(find(source), tmp_path / "data", CHOICES)
    assert {each.name: each.kind for each in report.dropped} == {
        "empty.wav": "no text",
        "silent.wav": "silent",
        "spk1_snt1.wav": "duplicate",
        "broken.mp3": "unreadable",
    }
    told = str(report)
    assert "the same sound as again.wav" in told
    assert "Kept 4 recordings" in told
    assert "less than two minutes" in told
    saved = json.loads((tmp_path / "data" / "report.json").read_text())
    assert len(saved["dropped"]) == 4
    assert sum(saved["kept"].values()) == 4


@pytest.mark.parametrize(("noise_db", "kind"), [(5, "noisy"), (None, "no speech"), (30, None)])
def test_noise_is_heard(tmp_path: Path, noise_db: float | None, kind: str | None) -> None:
    """White noise so many dB under real speech; None: without it."""
    source = recordings(tmp_path / "source")
    pcm, rate_hz = read_wav(source / "spk1_snt1.wav")
    speech, noise = to_float(pcm), np.random.default_rng(1).standard_normal(len(pcm) // 2).astype(np.float32)
    level = float(np.sqrt(np.mean(speech**2)))
    mixed = 0.1 * noise if noise_db is None else speech + level * 10 ** (-noise_db / 20) * noise
    put(source / "spk1_snt1.wav", mixed, rate_hz)
    report = prepare(find(source), tmp_path / "data", CHOICES)
    assert [each.kind for each in report.dropped] == ([kind] if kind else [])
    assert not any("noisy" in line for line in report.advice())
    assert json.loads((tmp_path / "data" / "report.json").read_text())["snr_db"] > 20


def test_a_recording_says_more_than_the_choices(tmp_path: Path) -> None:
    """And its name may be longer than that of a file."""
    spoken = [
        Recording("a" * 500, sentence(220), "das ist ein Satz von vielen", language="de-AT"),
        Recording("b", sentence(230), "this is another sentence"),
    ]
    looked_at: list[int] = []
    report = prepare(spoken, tmp_path / "data", CHOICES, looked_at.append, Anything())
    assert [(sample.speaker, sample.language) for sample in report.kept] == [("Robin", "de"), ("Robin", "en")]
    assert looked_at == [1, 2]


def test_another_seed_deals_other_sides(tmp_path: Path) -> None:
    spoken = [Recording(f"{i}", sentence(200 + 10 * i), f"this is sentence {'abcdef'[i]} of it") for i in range(6)]
    sides = {
        tuple(sample.split for sample in prepare(spoken, tmp_path, Choices(seed=seed), vad=Anything()).kept)
        for seed in ("", "a", "b", "c")
    }
    assert len(sides) > 1


def test_more_recordings_move_no_older_ones(tmp_path: Path) -> None:
    """Eleven sentences, one after the other into the same folder: a hash alone would move some when others come."""
    spoken = [
        Recording(f"{i}", sentence(200 + 10 * i), f"this is sentence {'abcdefghijk'[i]} of it") for i in range(11)
    ]
    sides: dict[str, str] = {}
    for count in range(3, 12):
        report = prepare(spoken[:count], tmp_path, vad=Anything())
        assert not report.redealt
        now = {sample.text: sample.split for sample in report.kept}
        assert sides.items() <= now.items()
        sides = now
    assert set(sides.values()) == set(SPLITS)
    held = next(text for text, split in sides.items() if split == TEST)
    again = Recording("again", sentence(400), held.upper() + "!")
    assert prepare([*spoken, again], tmp_path, vad=Anything()).kept[-1].split == TEST


def test_other_choices_deal_again_and_say_so(tmp_path: Path) -> None:
    spoken = [Recording(f"{i}", sentence(200 + 10 * i), f"this is sentence {'abcdef'[i]} of it") for i in range(6)]
    prepare(spoken, tmp_path, vad=Anything())
    other = Choices(test_share=0.4)
    assert any(
        "into other splits than last time" in line for line in prepare(spoken, tmp_path, other, vad=Anything()).advice()
    )
    assert not prepare(spoken, tmp_path, other, vad=Anything()).redealt
    (tmp_path / "report.json").unlink()  # nobody says by which choices: then nothing moves
    before = manifest.read(tmp_path)
    assert prepare(spoken, tmp_path, Choices(seed="b"), vad=Anything()).kept == before


def test_mistakes_are_told_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="shares"):
        prepare((pytest.fail("it was begun") for _ in range(1)), tmp_path / "data", Choices(test_share=0.9))
    assert not (tmp_path / "data").exists()


def test_much_that_was_left_out_is_told() -> None:
    kept = [TrainingSample("a.wav", "text", "Robin", "en", 200_000, "train")]
    for dropped, told in ((1, False), (2, True)):
        advice = Report(kept, dropped=[Dropped("b.wav", "noisy", "…")] * dropped).advice()
        assert any("More was left out than kept" in line for line in advice) is told


def test_a_noisy_room_is_told() -> None:
    report = Report([TrainingSample("a.wav", "text", "Robin", "en", 200_000, "train")] * 3, snr_db=[12.0, 14.0, 30.0])
    assert any("half of it under 14 dB" in line for line in report.advice())


def test_one_sentence_is_never_on_both_sides(tmp_path: Path) -> None:
    texts = [f"sentence number {word} is spoken" for word in ("one", "two", "three", "four", "five", "six")]
    spoken = [
        Recording(f"{hz} {text}", sentence(hz), text if hz % 2 else text.upper() + "!", f"voice {hz}")
        for hz, text in ((200 + 10 * i + j, text) for i, text in enumerate(texts) for j in range(3))
    ]
    report = prepare(spoken, tmp_path / "data", Choices(validation_share=0.25, test_share=0.25), vad=Anything())
    where: dict[str, set[str]] = {}
    for sample in report.kept:
        where.setdefault(sample.text.lower().rstrip("!"), set()).add(sample.split)
    assert len(where) == 6
    assert all(len(splits) == 1 for splits in where.values())


def test_whole_speakers_are_held_out(tmp_path: Path) -> None:
    spoken = [
        Recording(f"{number} {speaker}", sentence(200 + 10 * number + speaker),
                  f"this is sentence {'abcdefgh'[number]} of it", str(speaker))
        for number in range(4) for speaker in range(4)
    ]  # fmt: skip
    choices = Choices(validation_share=0.2, test_share=0.2, by_speaker=True)
    report = prepare(spoken, tmp_path / "data", choices, vad=Anything())
    held = {sample.speaker for sample in manifest.of_split(report.kept, TEST)}
    assert held
    assert all((sample.speaker in held) == (sample.split == TEST) for sample in report.kept)


def test_preparing_again_removes_what_is_gone(tmp_path: Path) -> None:
    source = recordings(tmp_path / "source")
    prepare(find(source), tmp_path / "data", CHOICES)
    other = tmp_path / "data" / "wavs" / "mine.wav"
    other.write_bytes(b"kept")
    (source / "spk1_snt1.wav").unlink()
    report = prepare(find(source), tmp_path / "data", CHOICES)
    left = {f"wavs/{path.name}" for path in (tmp_path / "data" / "wavs").iterdir()}
    assert left == {sample.audio for sample in report.kept} | {"wavs/mine.wav"}


def test_nothing_usable_is_an_error_and_spoils_nothing(tmp_path: Path) -> None:
    prepare(find(recordings(tmp_path / "source")), tmp_path / "data", CHOICES)
    before = contents(tmp_path / "data")
    put(tmp_path / "bad" / "a.wav", quiet(2), text="there is nothing to hear")
    with pytest.raises(ConfigError, match=r"Of 1 recordings none can be used.\n(.|\n)*silent: 1"):
        prepare(find(tmp_path / "bad"), tmp_path / "data", CHOICES)
    assert contents(tmp_path / "data") == before


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"Preparing cannot go on. .*file.*Not a directory"):
        prepare([], tmp_path / "file" / "data", CHOICES, vad=Anything())


def test_a_broken_manifest_is_told_line_by_line(tmp_path: Path) -> None:
    good = TrainingSample("wavs/a.wav", "text", "Robin", "en", 1_000, "train")
    manifest.write(tmp_path, [good])
    assert manifest.read(tmp_path) == [good]
    (tmp_path / manifest.FILE).write_text(
        (tmp_path / manifest.FILE).read_text()
        + '{"audio": 1}\n'
        + json.dumps({**json.loads((tmp_path / manifest.FILE).read_text()), "audio": "../../etc/passwd"})
        + "\n"
    )
    with pytest.raises(ConfigError) as caught:
        manifest.read(tmp_path)
    assert len(caught.value.problems) == 2
    assert "line 3: ../../etc/passwd leads out of the folder" in str(caught.value)
    for name, value in (("duration_ms", "1000"), ("language", 1), ("split", "all")):
        (tmp_path / manifest.FILE).write_text(json.dumps(asdict(good) | {name: value}) + "\n")
        with pytest.raises(ConfigError, match=f"line 1: .*{name}"):
            manifest.read(tmp_path)
    with pytest.raises(ConfigError, match="voi train prepare"):
        manifest.read(tmp_path / "nowhere")
