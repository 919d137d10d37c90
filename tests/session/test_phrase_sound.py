import os
from pathlib import Path

import pytest

from tests.fakes.call import Call
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import tone
from voi.audio.opus import encode_ogg_opus
from voi.audio.wav import to_wav
from voi.errors import ConfigError
from voi.session.events import Sound
from voi.session.phrase_sound import load_phrase_sound


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "greetings"
    folder.mkdir()
    (folder / "hello.wav").write_bytes(to_wav(tone(1_000), 16_000))
    (folder / "noise.wav").write_bytes(b"no sound at all")
    (tmp_path / "secret.wav").write_bytes(to_wav(tone(1_000), 16_000))
    os.symlink(tmp_path / "secret.wav", folder / "link.wav")
    return folder


async def test_a_wav_comes_at_the_doors_rate(folder: Path) -> None:
    assert len(await load_phrase_sound("hello.wav", folder, 24_000)) == 48_000
    assert await load_phrase_sound(str(folder / "hello.wav"), folder, 16_000) == tone(1_000)


async def test_compressed_sound_is_decoded(folder: Path) -> None:
    pytest.importorskip("av")
    (folder / "hello.ogg").write_bytes(encode_ogg_opus(tone(1_000, 24_000), 24_000))
    assert len(await load_phrase_sound("hello.ogg", folder, 24_000)) == pytest.approx(48_000, rel=0.05)
    (folder / "noise.ogg").write_bytes(b"OggS, or perhaps not")
    with pytest.raises(ConfigError, match="cannot be decoded"):
        await load_phrase_sound("noise.ogg", folder, 24_000)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile {}\n"),
        ("hello.mp3", "ffconcat version 1.0\nfile {}\n"),
    ],
)
async def test_a_file_that_names_others_opens_none(folder: Path, name: str, text: str) -> None:
    pytest.importorskip("av")
    (folder / name).write_text(text.format("hello.wav"))
    with pytest.raises(ConfigError, match="cannot be decoded"):
        await load_phrase_sound(name, folder, 24_000)


@pytest.mark.parametrize("file", ["../secret.wav", "link.wav", "/etc/passwd", "..", "", "nowhere.wav", "a\0b.wav"])
async def test_nothing_else_is_opened(folder: Path, file: str) -> None:
    with pytest.raises(ConfigError):
        await load_phrase_sound(file, folder, 24_000)


async def test_no_folder_no_files() -> None:
    with pytest.raises(ConfigError, match="VOI_GREETINGS_DIR"):
        await load_phrase_sound("hello.wav", None, 24_000)


@in_virtual_time
async def test_a_greeting_is_played_from_its_file_and_cut_in_proportion(folder: Path) -> None:
    greetings = {"choices": [{"content": "Hello there my old friend", "file": "hello.wav"}]}
    async with Call(greet=True, greetings=greetings, greetings_dir=folder, voices=None) as call:
        await call.until(lambda: call.door.all(Sound))
        await call.quiet(2_000)
        assert call.door.played_ms(0) == 1_000
        assert call.answers == ["Hello there my old friend"]
        assert call.engines.tts["fake"].spoken == []


@pytest.mark.parametrize("file", ["noise.wav", "../secret.wav", "nowhere.wav"])
def test_a_greeting_whose_file_cannot_be_played_is_spoken(folder: Path, file: str) -> None:
    @in_virtual_time
    async def run() -> None:
        greetings = {"choices": [{"content": "Hello there!", "file": file}]}
        async with Call(greet=True, greetings=greetings, greetings_dir=folder) as call:
            await call.until(lambda: call.door.all(Sound))
            assert [text for text, _ in call.engines.tts["fake"].spoken] == ["Hello there!"]

    run()
