import pytest

from tests.engines.tts.speaking_program import RATE_HZ, wav
from voi.audio.wav import parse_wav
from voi.audio.wav_stream import HEADER_MAX_BYTES, WavReader
from voi.errors import ClientError

FILES = {
    "mono": wav("some text"),
    "stereo": wav("some text", channels=2),
    "of unknown length": wav("some text", size=0xFFFFFFFF),
    "of length 0": wav("some text", size=0),
    "of floats": wav("some text", bits=32, form=3),
}


@pytest.mark.parametrize("step", [1, 7, 1_000_000])
@pytest.mark.parametrize("name", FILES)
def test_it_reads_what_the_file_holds_however_it_is_cut(name: str, step: int) -> None:
    data, reader = FILES[name], WavReader()
    read = b"".join([reader.push(data[at : at + step]) for at in range(0, len(data), step)]) + reader.flush()
    want = parse_wav(wav("some text"))
    assert (read, reader.rate_hz) == (want[0], RATE_HZ) == want or name == "of floats"
    assert len(read) == len(want[0])


@pytest.mark.parametrize(
    "data", [b"", b"MThd and more of that", b"RIFF1234WAVEjunk\xff\xff\x00\x00" + bytes(HEADER_MAX_BYTES)]
)
def test_what_is_no_wav_file(data: bytes) -> None:
    reader = WavReader()
    with pytest.raises(ClientError):  # noqa: PT012
        reader.push(data)
        reader.push(b"\x00")
        reader.flush()
