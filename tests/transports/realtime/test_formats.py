import base64
import json
from random import Random

import pytest

from voi.transports.realtime.formats import plain_sound_in, sound_in
from voi.transports.realtime.wire import EventError, parse

MOST = 1_000
KIND = "input_audio_buffer.append"


def by_parsing(message: str) -> bytes | None:
    """What the message appends if it is parsed; None: it is a mistake, or not such an event."""
    try:
        event = parse(message)
        return sound_in(event["audio"]) if event["type"] == KIND else None
    except (EventError, KeyError, TypeError):
        return None


def written(sound: bytes, *, compact: bool) -> str:
    event = {"type": KIND, "audio": base64.b64encode(sound).decode()}
    return json.dumps(event, separators=(",", ":") if compact else None)


@pytest.mark.parametrize("compact", [False, True])
def test_sound_as_programs_write_it_needs_no_parsing(compact: bool) -> None:
    for size in (0, 1, 2, 3, 480):
        sound = Random(size).randbytes(size)
        assert plain_sound_in(written(sound, compact=compact), MOST) == sound


@pytest.mark.parametrize("compact", [False, True])
def test_a_message_with_anything_else_in_it_is_parsed(compact: bool) -> None:
    whole = written(b"abcdef", compact=compact)
    others = [
        whole[:-1], whole + "}", whole + " ", whole.replace("YWJj", r"Y\u0057Jj"), whole.replace("YWJj", r"YW\/j"),
        whole[:-1] + ',"audio":"AAAA"}', whole[:-1] + ',"event_id":"a"}', whole.replace("append", "commit"),
        whole.replace("YWJj", "YW-j"), whole.replace("YWJj", "YWJ"), whole.replace("YWJj", "YW=="), whole[:40], "",
        "{}", written(bytes(MOST), compact=compact),
    ]  # fmt: skip
    assert [plain_sound_in(other, MOST) for other in others] == [None] * len(others)
    assert plain_sound_in(whole.encode(), MOST) is None, "a binary message"


def test_changed_messages_mean_the_same_as_if_parsed() -> None:
    random = Random(3)
    for _ in range(20_000):
        letters = list(written(random.randbytes(random.randrange(12)), compact=random.random() < 0.5))
        for _ in range(random.randrange(3)):
            at = random.randrange(len(letters))
            letters[at : at + random.randrange(3)] = random.choice(
                ['"', "\\", "=", "A", "}", " ", "\u00e9", ',"a":1', ""]
            )
        message = "".join(letters)
        found = plain_sound_in(message, MOST)
        assert found is None or found == by_parsing(message), message
