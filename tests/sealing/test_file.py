from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.audio.wav import WavWriter, parse_wav
from voi.sealing.box import Unreadable, new_key
from voi.sealing.file import PAGE_BYTES, SealedFile, pages_of

KEY = new_key()
PLACES = st.integers(0, 3 * PAGE_BYTES)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), PLACES, st.binary(min_size=1, max_size=2 * PAGE_BYTES)),
        st.tuples(st.just("truncate"), PLACES, st.just(b"")),
        st.tuples(st.just("flush"), st.just(0), st.just(b"")),
    ),
    max_size=12,
)


@given(STEPS)
def test_it_holds_what_a_plain_file_would(tmp_path_factory: pytest.TempPathFactory, steps: list) -> None:
    path = tmp_path_factory.mktemp("sealed") / "file"
    plain = bytearray()
    with SealedFile(path, KEY) as file:
        for what, at, data in steps:
            match what:
                case "write":
                    file.seek(at)
                    assert file.write(data) == len(data)
                    plain += bytes(max(0, at - len(plain)))
                    plain[at : at + len(data)] = data
                case "truncate":
                    file.truncate(at)
                    del plain[at:]
                case _:
                    file.flush()
                    assert b"".join(pages_of(path, KEY)) == plain
    assert b"".join(pages_of(path, KEY)) == plain


def test_nothing_of_it_is_on_disk(tmp_path: Path) -> None:
    with SealedFile(tmp_path / "file", KEY) as file:
        file.write(b"planted words" * 1000)
    assert b"planted" not in (tmp_path / "file").read_bytes()
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_another_key_reads_nothing(tmp_path: Path) -> None:
    with SealedFile(tmp_path / "file", KEY) as file:
        file.write(b"words")
    with pytest.raises(Unreadable):
        list(pages_of(tmp_path / "file", new_key()))


def test_pages_cannot_change_places(tmp_path: Path) -> None:
    with SealedFile(tmp_path / "file", KEY) as file:
        file.write(bytes(2 * PAGE_BYTES))
    data = (tmp_path / "file").read_bytes()
    size = (len(data) - 24) // 2
    (tmp_path / "file").write_bytes(data[:24] + data[24 + size :] + data[24 : 24 + size])
    with pytest.raises(Unreadable):
        list(pages_of(tmp_path / "file", KEY))


def test_any_other_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"RIFF")
    with pytest.raises(Unreadable, match="no file that Voi has encrypted"):
        list(pages_of(tmp_path / "file", KEY))


def test_a_wav_file_in_it_is_valid_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "user.wav.sealed"
    writer = WavWriter(path, 16_000, open_file=lambda path: SealedFile(path, KEY))
    writer.write_at(0, b"\1\0" * 5000)
    writer.write_at(7000, b"\2\0" * 100)  # after a gap
    assert parse_wav(b"".join(pages_of(path, KEY))) == (b"\1\0" * 5000 + bytes(4000) + b"\2\0" * 100, 16_000)
    writer.cut(10)
    assert parse_wav(b"".join(pages_of(path, KEY)))[0] == b"\1\0" * 10
    writer.close()
