"""The cases of the Autobahn test suite against our WebSocket, numbered as there.

The suite itself needs Python 2 and cannot run here: these are its cases, driven by our own client. Where it allows a
server to be "non-strict", the test says so. Of 9 (limits) there are small sizes only, and of 12 and 13 (compression)
what concerns a server that agrees to none.
"""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator

import pytest

from tests.transports.raw_client import BINARY, CLOSE, PING, PONG, TEXT, RawClient, frame
from tests.transports.test_websocket import serving
from voi.transports.websocket import SocketLimits

pytestmark = pytest.mark.integration

CONTINUATION = 0
NORMAL, PROTOCOL_ERROR, INVALID_TEXT = 1000, 1002, 1007
GREEK = "Hello-µ@ßöäüàá-UTF-8!!".encode()
LIMITS = SocketLimits(close_wait_s=0.05, max_messages_per_s=10_000)


@pytest.fixture
async def client() -> AsyncIterator[RawClient]:
    async with serving(LIMITS) as served:
        yield await RawClient.connect(served.port)


async def write(client: RawClient, data: bytes, chop: int = 1) -> None:
    """In writes of `chop` bytes, with room for the server to read in between."""
    for at in range(0, len(data), chop):
        client.writer.write(data[at : at + chop])
        await client.writer.drain()
        await asyncio.sleep(0)


async def closed_with(client: RawClient) -> int | None:
    """The next frame is the server's close, and then it hangs up. Its code; None where it has none."""
    opcode, payload = await client.receive()
    assert opcode == CLOSE
    assert await client.ends()
    return struct.unpack(">H", payload[:2])[0] if payload else None


def close(code: int, reason: bytes = b"") -> bytes:
    return struct.pack(">H", code) + reason


# ---- 1: framing


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [0, 125, 126, 127, 128, 65_535, 65_536])
async def test_1_1_and_1_2_every_length_class(client: RawClient, opcode: int, size: int) -> None:
    client.send(opcode, b"*" * size)
    assert await client.receive() == (opcode, b"*" * size)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
async def test_1_1_8_and_1_2_8_in_writes_of_997_bytes(client: RawClient, opcode: int) -> None:
    await write(client, frame(opcode, b"*" * 65_536), chop=997)
    assert await client.receive() == (opcode, b"*" * 65_536)


# ---- 2: pings and pongs


@pytest.mark.parametrize("payload", [b"", b"Hello, world!", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125])
async def test_2_1_to_2_4_a_ping_is_answered_with_its_payload(client: RawClient, payload: bytes) -> None:
    client.send(PING, payload)
    assert await client.receive() == (PONG, payload)


async def test_2_5_a_ping_of_126_bytes(client: RawClient) -> None:
    client.send(PING, b"\xfe" * 126)
    assert await closed_with(client) == PROTOCOL_ERROR


async def test_2_6_byte_by_byte(client: RawClient) -> None:
    await write(client, frame(PING, b"\xfe" * 125))
    assert await client.receive() == (PONG, b"\xfe" * 125)


@pytest.mark.parametrize("payload", [b"", b"unsolicited pong payload"])
async def test_2_7_to_2_9_pongs_that_nobody_asked_for(client: RawClient, payload: bytes) -> None:
    client.send(PONG, payload)
    client.send(PING, b"ping payload")
    assert await client.receive() == (PONG, b"ping payload")


@pytest.mark.parametrize("chop", [1_000, 1])
async def test_2_10_and_2_11_ten_pings(client: RawClient, chop: int) -> None:
    payloads = [b"payload-%d" % number for number in range(10)]
    await write(client, b"".join(frame(PING, payload) for payload in payloads), chop)
    assert [await client.receive() for _ in payloads] == [(PONG, payload) for payload in payloads]


# ---- 3: reserved bits


@pytest.mark.parametrize(
    ("rsv", "opcode", "payload", "chop"),
    [
        (1, TEXT, b"Hello, world!", 1_000),
        (2, TEXT, b"Hello, world!", 1_000),
        (3, TEXT, b"Hello, world!", 1_000),
        (4, TEXT, b"Hello, world!", 1),
        (5, BINARY, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", 1_000),
        (6, PING, b"Hello, world!", 1_000),
        (7, CLOSE, close(NORMAL), 1_000),
    ],
)
async def test_3_reserved_bits(client: RawClient, rsv: int, opcode: int, payload: bytes, chop: int) -> None:
    await write(client, frame(TEXT, b"before") + frame(opcode, payload, rsv=rsv) + frame(PING), chop)
    assert await client.receive() == (TEXT, b"before")
    assert await closed_with(client) == PROTOCOL_ERROR


# ---- 4: opcodes


@pytest.mark.parametrize("payload", [b"", b"reserved opcode payload"])
@pytest.mark.parametrize("chop", [1_000, 1])
@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
async def test_4_reserved_opcodes(client: RawClient, opcode: int, chop: int, payload: bytes) -> None:
    """Non-strict where a good message comes in the same write: its echo may be missing."""
    client.send(TEXT, b"before")
    assert await client.receive() == (TEXT, b"before")
    await write(client, frame(opcode, payload) + frame(PING), chop)
    assert await closed_with(client) == PROTOCOL_ERROR


# ---- 5: fragmentation


@pytest.mark.parametrize("opcode", [PING, PONG])
async def test_5_1_and_5_2_control_frames_are_not_fragmented(client: RawClient, opcode: int) -> None:
    client.send(opcode, b"fragment1", fin=False)
    client.send(CONTINUATION, b"fragment2")
    assert await closed_with(client) == PROTOCOL_ERROR


@pytest.mark.parametrize("chop", [1_000, 1])
async def test_5_3_to_5_5_two_fragments(client: RawClient, chop: int) -> None:
    await write(client, frame(TEXT, b"fragment1", fin=False) + frame(CONTINUATION, b"fragment2"), chop)
    assert await client.receive() == (TEXT, b"fragment1fragment2")


@pytest.mark.parametrize("chop", [1_000, 1])
async def test_5_6_to_5_8_a_ping_between_them(client: RawClient, chop: int) -> None:
    first, last = frame(TEXT, b"fragment1", fin=False), frame(CONTINUATION, b"fragment2")
    await write(client, first + frame(PING, b"ping payload") + last, chop)
    assert await client.receive() == (PONG, b"ping payload")
    assert await client.receive() == (TEXT, b"fragment1fragment2")


@pytest.mark.parametrize("fin", [True, False])
@pytest.mark.parametrize("chop", [1_000, 1])
async def test_5_9_to_5_14_a_continuation_of_nothing(client: RawClient, fin: bool, chop: int) -> None:
    await write(client, frame(CONTINUATION, b"non-continuation payload", fin=fin) + frame(TEXT, b"Hello"), chop)
    assert await closed_with(client) == PROTOCOL_ERROR


@pytest.mark.parametrize("fin", [True, False])
async def test_5_15_a_continuation_after_a_whole_message(client: RawClient, fin: bool) -> None:
    client.send(TEXT, b"fragment1", fin=False)
    client.send(CONTINUATION, b"fragment2")
    client.send(CONTINUATION, b"fragment3", fin=fin)
    client.send(TEXT, b"fragment4")
    assert await client.receive() == (TEXT, b"fragment1fragment2")
    assert await closed_with(client) == PROTOCOL_ERROR


@pytest.mark.parametrize("fin", [True, False])
async def test_5_16_and_5_17_a_continuation_before_a_fragmented_message(client: RawClient, fin: bool) -> None:
    client.send(CONTINUATION, b"fragment1", fin=fin)
    client.send(TEXT, b"fragment2", fin=False)
    client.send(CONTINUATION, b"fragment3")
    assert await closed_with(client) == PROTOCOL_ERROR


async def test_5_18_a_second_message_inside_the_first(client: RawClient) -> None:
    client.send(TEXT, b"fragment1", fin=False)
    client.send(TEXT, b"fragment2")
    assert await closed_with(client) == PROTOCOL_ERROR


async def test_5_19_and_5_20_pings_in_the_middle_of_five_fragments(client: RawClient) -> None:
    client.send(TEXT, b"fragment1", fin=False)
    client.send(CONTINUATION, b"fragment2", fin=False)
    client.send(PING, b"pongme 1!")
    assert await client.receive() == (PONG, b"pongme 1!")
    client.send(CONTINUATION, b"fragment3", fin=False)
    client.send(CONTINUATION, b"fragment4", fin=False)
    client.send(PING, b"pongme 2!")
    client.send(CONTINUATION, b"fragment5")
    assert await client.receive() == (PONG, b"pongme 2!")
    assert await client.receive() == (TEXT, b"fragment1fragment2fragment3fragment4fragment5")


# ---- 6: UTF-8


@pytest.mark.parametrize("parts", [[b""], [b"", b"", b""], [b"", b"middle frame payload", b""]])
async def test_6_1_empty_texts_and_fragments(client: RawClient, parts: list[bytes]) -> None:
    for number, part in enumerate(parts):
        client.send(CONTINUATION if number else TEXT, part, fin=number == len(parts) - 1)
    assert await client.receive() == (TEXT, b"".join(parts))


def in_fragments(text: bytes, size: int) -> bytes:
    cut = [text[at : at + size] for at in range(0, len(text), size)]
    last = len(cut) - 1
    return b"".join(frame(CONTINUATION if at else TEXT, part, fin=at == last) for at, part in enumerate(cut))


@pytest.mark.parametrize("size", [1_000, 12, 1])
@pytest.mark.parametrize("text", [GREEK, "κόσμε".encode()])
async def test_6_2_texts_cut_anywhere(client: RawClient, text: bytes, size: int) -> None:
    client.writer.write(in_fragments(text, size))
    assert await client.receive() == (TEXT, text)


async def test_6_4_a_text_that_is_wrong_in_its_second_fragment(client: RawClient) -> None:
    """Non-strict: told at the end of the message, whose size is bounded, and not as soon as the byte arrives."""
    client.send(TEXT, "κόσμε".encode(), fin=False)
    client.send(CONTINUATION, b"\xf4\x90\x80\x80", fin=False)
    client.send(CONTINUATION, b"edited")
    assert await closed_with(client) == INVALID_TEXT


VALID = {
    "6.5": "κόσμε".encode(),
    "6.7 first of each length": b"\x00 \xc2\x80 \xe0\xa0\x80 \xf0\x90\x80\x80",
    "6.9 last of each length": b"\x7f \xdf\xbf \xef\xbf\xbf \xf4\x8f\xbf\xbf",
    "6.11 around the surrogates": b"\xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbd",
    "6.22 no characters, yet valid": "\ufffe\uffff\U0001fffe\U0001ffff\U0010fffe\U0010ffff".encode(),
    "6.23 specials": "".join(map(chr, range(0xFFF9, 0xFFFE))).encode(),
}
INVALID = {
    "6.3": b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    "6.6 a start alone": b"\xce",
    "6.6 two of three bytes": b"\xce\xba\xe1\xbd",
    "6.8 five bytes": b"\xf8\x88\x80\x80\x80",
    "6.8 six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "6.10 beyond U+10FFFF": b"\xf7\xbf\xbf\xbf",
    "6.11 the first beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "6.12 the first continuation": b"\x80",
    "6.12 the last continuation": b"\xbf",
    "6.12 all continuations": bytes(range(0x80, 0xC0)),
    "6.13 two-byte starts": b" ".join(bytes([byte]) for byte in range(0xC0, 0xE0)),
    "6.13 three-byte starts": b" ".join(bytes([byte]) for byte in range(0xE0, 0xF0)),
    "6.13 four-byte starts": b" ".join(bytes([byte]) for byte in range(0xF0, 0xF8)),
    "6.14 a last byte is missing, two": b"\xc0",
    "6.14 a last byte is missing, three": b"\xe0\x80",
    "6.14 a last byte is missing, four": b"\xf0\x80\x80",
    "6.15 such ones together": b"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80\xdf\xef\xbf\xf7\xbf\xbf",
    "6.16 FE": b"\xfe",
    "6.16 FF": b"\xff",
    "6.17 an overlong slash, two": b"\xc0\xaf",
    "6.17 an overlong slash, three": b"\xe0\x80\xaf",
    "6.17 an overlong slash, four": b"\xf0\x80\x80\xaf",
    "6.18 the largest overlong, two": b"\xc1\xbf",
    "6.18 the largest overlong, three": b"\xe0\x9f\xbf",
    "6.18 the largest overlong, four": b"\xf0\x8f\xbf\xbf",
    "6.19 an overlong NUL": b"\xc0\x80",
    "6.20 the first surrogate": b"\xed\xa0\x80",
    "6.20 the last surrogate": b"\xed\xbf\xbf",
    "6.21 a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
}


@pytest.mark.parametrize("size", [1_000, 1])
@pytest.mark.parametrize("text", VALID.values(), ids=VALID)
async def test_6_valid_texts(client: RawClient, text: bytes, size: int) -> None:
    client.writer.write(in_fragments(text, size))
    assert await client.receive() == (TEXT, text)


@pytest.mark.parametrize("size", [1_000, 1])
@pytest.mark.parametrize("text", INVALID.values(), ids=INVALID)
async def test_6_invalid_texts(client: RawClient, text: bytes, size: int) -> None:
    client.writer.write(in_fragments(text, size))
    assert await closed_with(client) == INVALID_TEXT


# ---- 7: closing


@pytest.mark.parametrize(
    "more",
    [b"", frame(PING, b"x"), frame(TEXT, b"Hello again")],
    ids=["7.1.1 nothing", "7.1.3 a ping", "7.1.4 a text"],
)
async def test_7_1_what_comes_after_a_close_is_not_heard(client: RawClient, more: bytes) -> None:
    client.writer.write(frame(TEXT, b"Hello") + frame(CLOSE, close(NORMAL)) + more)
    assert await client.receive() == (TEXT, b"Hello")
    assert await closed_with(client) == NORMAL


async def test_7_1_2_two_closes(client: RawClient) -> None:
    """Non-strict: of two in one write, the second is what is answered, as a mistake."""
    client.writer.write(frame(TEXT, b"Hello") + frame(CLOSE, close(NORMAL)) * 2)
    assert await client.receive() == (TEXT, b"Hello")
    assert await closed_with(client) in (NORMAL, PROTOCOL_ERROR)


async def test_7_1_5_a_close_in_the_middle_of_a_message(client: RawClient) -> None:
    client.writer.write(frame(TEXT, b"1", fin=False) + frame(CLOSE, close(NORMAL)) + frame(CONTINUATION, b"2"))
    assert await closed_with(client) == NORMAL


async def test_7_1_6_a_large_message_before_a_close_still_comes(client: RawClient) -> None:
    client.writer.write(frame(TEXT, b"BAsd7&jh23" * 26_000) + frame(CLOSE, close(NORMAL)) + frame(PING, b"x"))
    assert await client.receive() == (TEXT, b"BAsd7&jh23" * 26_000)
    assert await closed_with(client) == NORMAL


async def test_7_3_1_a_close_without_a_code(client: RawClient) -> None:
    client.send(CLOSE)
    assert await closed_with(client) in (None, NORMAL)


async def test_7_3_2_a_close_of_one_byte(client: RawClient) -> None:
    client.send(CLOSE, b"a")
    assert await closed_with(client) == PROTOCOL_ERROR


@pytest.mark.parametrize("reason", [b"", b"Hello World!", b"*" * 123])
async def test_7_3_3_to_7_3_5_a_close_with_a_reason(client: RawClient, reason: bytes) -> None:
    client.send(CLOSE, close(NORMAL, reason))
    assert await closed_with(client) == NORMAL


async def test_7_3_6_a_reason_of_124_bytes(client: RawClient) -> None:
    client.send(CLOSE, close(NORMAL, b"*" * 124))
    assert await closed_with(client) == PROTOCOL_ERROR


async def test_7_5_1_a_reason_that_is_no_text(client: RawClient) -> None:
    client.send(CLOSE, close(NORMAL, INVALID["6.3"]))
    assert await closed_with(client) == INVALID_TEXT


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
)
async def test_7_7_codes_that_may_be_sent(client: RawClient, code: int) -> None:
    client.send(CLOSE, close(code))
    assert await closed_with(client) == code


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])
async def test_7_9_and_7_13_codes_that_may_not(client: RawClient, code: int) -> None:
    client.send(CLOSE, close(code))
    assert await closed_with(client) == PROTOCOL_ERROR


# ---- 9: limits, in small


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [64 << 10, 256 << 10, 1 << 20])
async def test_9_1_and_9_2_large_messages(client: RawClient, opcode: int, size: int) -> None:
    await write(client, frame(opcode, b"*" * size), chop=1 << 16)
    assert await client.receive() == (opcode, b"*" * size)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [1 << 10, 64 << 10])
async def test_9_3_and_9_4_large_messages_in_fragments(client: RawClient, opcode: int, size: int) -> None:
    count = (1 << 18) // size
    for number in range(count):
        client.send(CONTINUATION if number else opcode, b"*" * size, fin=number == count - 1)
    assert await client.receive() == (opcode, b"*" * (1 << 18))


@pytest.mark.parametrize("chop", [64, 512, 2_048])
async def test_9_5_and_9_6_a_large_message_in_small_writes(client: RawClient, chop: int) -> None:
    await write(client, frame(BINARY, b"*" * (1 << 16)), chop)
    assert await client.receive() == (BINARY, b"*" * (1 << 16))


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [0, 16, 256, 4_096])
async def test_9_7_and_9_8_many_messages(client: RawClient, opcode: int, size: int) -> None:
    for _ in range(200):
        client.send(opcode, b"*" * size)
    assert [await client.receive() for _ in range(200)] == [(opcode, b"*" * size)] * 200


# ---- 12 and 13: compression


@pytest.mark.parametrize(
    "offer",
    [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_max_window_bits=9, permessage-deflate",
        "permessage-deflate; server_max_window_bits=99",
        "x-webkit-deflate-frame",
    ],
)
async def test_12_and_13_compression_is_offered_and_not_agreed_on(offer: str) -> None:
    async with serving(LIMITS) as served:
        client = await RawClient.connect(served.port, headers=f"Sec-WebSocket-Extensions: {offer}\r\n")
        assert client.status == 101
        assert "sec-websocket-extensions" not in client.answer.lower()
        client.send(TEXT, b"Hello")
        assert await client.receive() == (TEXT, b"Hello")
        client.send(TEXT, zlib.compress(b"Hello")[2:-4], rsv=4)
        assert await closed_with(client) == PROTOCOL_ERROR
