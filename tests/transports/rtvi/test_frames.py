"""The protobuf frames, byte for byte. The golden bytes are of Google's protobuf library and pipecat's frames.proto."""

import contextlib
import random

import pytest

from tests.fuzz.mutate import mutated
from voi.errors import ClientError
from voi.transports.rtvi import frames
from voi.transports.rtvi.frames import InterruptionFrame, JsonFrame, SoundFrame

SOUND = b"\x12\x0c\x1a\x04\x01\x00\xff\x7f \xc0\xbb\x01(\x01"
MESSAGE = b'"\x15\n\x13{"label":"rtvi-ai"}'
FROM_JS = b"\x12\xe0\x01\x08\x05\x12\x05audio\x1a\xc8\x01" + b"\x01\x00" * 100 + b" \x80}(\x010\x80\x80\x80\x80\x80 "
"""With an id, a name and a pts."""


def test_what_the_server_sends() -> None:
    assert frames.sound(b"\x01\x00\xff\x7f", 24_000) == SOUND
    assert frames.message(b'{"label":"rtvi-ai"}') == MESSAGE
    assert frames.INTERRUPTED == b"*\x00"


def test_what_clients_send() -> None:
    assert frames.decode(FROM_JS) == SoundFrame(b"\x01\x00" * 100, 16_000, 1)
    assert frames.decode(SOUND) == SoundFrame(b"\x01\x00\xff\x7f", 24_000, 1)
    assert frames.decode(MESSAGE) == JsonFrame(b'{"label":"rtvi-ai"}')
    assert frames.decode(b"*\x00") == InterruptionFrame()


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 300_000])
def test_every_length_comes_back(size: int) -> None:
    pcm = bytes(size)
    assert frames.decode(frames.sound(pcm, 48_000)) == SoundFrame(pcm, 48_000, 1)
    assert frames.decode(frames.message(b"x" * size)) == JsonFrame(b"x" * size)


def test_unknown_fields_are_skipped_and_the_last_value_counts() -> None:
    unknown = b"\x78\x05" + b"\x7d\x00\x00\x00\x00" + b"\x79" + bytes(8) + b"\x7a\x02hi"
    twice = b"\x1a\x02aa" + b"\x1a\x02bb" + b"\x20\x80\x7d\x28\x01"
    assert frames.decode(unknown + b"\x12" + bytes([len(twice)]) + twice) == SoundFrame(b"bb", 16_000, 1)


def test_a_oneof_is_its_last_kind_and_merges_parts_of_one() -> None:
    assert frames.decode(SOUND + MESSAGE) == JsonFrame(b'{"label":"rtvi-ai"}')
    parts = b"\x12\x04\x1a\x02ab" + b"\x12\x05\x20\x80\x7d\x28\x01"
    assert frames.decode(parts) == SoundFrame(b"ab", 16_000, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"\x12",
        b"\x12\x05abc",  # cut off
        b"\x12" + b"\xff" * 11,  # a number without an end
        b"\x13\x00",  # a group
        b"\x00\x00",  # field 0
        b"\x10\x05",  # audio as a number
        b"\n\x04\x1a\x02hi",  # text
        b'\x1a\x07\x1a\x02hi"\x01u',  # a transcription
        b"*\x01\x12",  # an interruption that is cut off
        b"\x7d\x00",  # fewer than four bytes
    ],
)
def test_what_is_refused(wrong: bytes) -> None:
    with pytest.raises(ClientError):
        frames.decode(wrong)


def test_mutations_raise_nothing_else() -> None:
    random_ = random.Random(14)
    for seed in (SOUND, MESSAGE, FROM_JS, frames.INTERRUPTED):
        for _ in range(2_500):
            with contextlib.suppress(ClientError):
                frames.decode(mutated(seed, random_))
