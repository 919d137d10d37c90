"""What a telephone's peer or an Asterisk sends beside SIP, as bytes to be fuzzed (`targets.py`)."""

import json
import random
from functools import cache

from tests.fuzz.target import Target, decoded, quietly
from voi.audio.jitter_buffer import GAP_MAX_MS, JitterBuffer
from voi.audio.libopus import load_libopus
from voi.errors import ConfigError
from voi.transports.ari.audiosocket import AudioSocketReader, audio_message
from voi.transports.ari.events import read_event
from voi.transports.ari.media_words import read_word
from voi.transports.rtp import RtpPacket, parse_rtp
from voi.transports.telephone import rtcp
from voi.transports.telephone.codecs import CodecName, LineCodec
from voi.transports.telephone.coders import LineDecoder
from voi.transports.telephone.key_events import KEYS, KeyEvents, event_payload
from voi.transports.telephone.srtp import KEY_BYTES, SdesCipher, SdesKey, Suite, srtp_is_there

OURS = 0x1234_5678
SUITE: Suite = "AES_CM_128_HMAC_SHA1_80"
KEY = SdesKey(SUITE, bytes(range(KEY_BYTES[SUITE])))
GOOD = RtpPacket(0, 7, 1_120, 99, bytes(range(160)))


def _rtp(data: bytes) -> None:
    """What is read can be written and read again."""
    packet = parse_rtp(data)
    if packet is not None:
        assert len(packet.payload) <= len(data)
        assert parse_rtp(packet.encode()) == packet


def _rtcp(data: bytes) -> None:
    said = rtcp.read_rtcp(data, OURS)
    if said is not None:
        assert len(said.gone) <= len(data) // 4
        assert said.of_us is None or 0 <= said.of_us.lost_percent < 100


def _keys(data: bytes) -> None:
    """A stream of presses: four bytes of timestamp and some of payload, again and again."""
    events = KeyEvents()
    for at in range(0, len(data), 8):
        key = events.take(int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8])
        assert key is None or key in KEYS


def _jitter(data: bytes) -> None:
    """A stream of packets: two bytes of sequence number, two of timestamp, one of length, one of time since the last.
    However they come, no more is heard than was sent or may be filled in."""
    buffer, now_ms, heard, sent = JitterBuffer(8_000, len), 0.0, 0, 0
    for at in range(0, len(data) - 5, 6):
        now_ms += data[at + 5]
        sequence, timestamp = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 4] % 16 == 15:
            pieces = buffer.skip(sequence, now_ms)
        else:
            pieces = buffer.push(sequence, 20 * timestamp, bytes(data[at + 4]), now_ms)
        sent += data[at + 4] + GAP_MAX_MS * 8
        deadline_ms = buffer.deadline_ms
        pieces += buffer.due(now_ms if deadline_ms is None else max(now_ms, deadline_ms))
        assert all(piece.samples > 0 for piece in pieces)
        heard += sum(piece.samples for piece in pieces)
    assert heard <= sent + now_ms * 8 + 8 * 400 * (len(data) // 6)


@cache
def _decoders() -> tuple[tuple[LineDecoder, int], ...]:
    names: list[CodecName] = ["PCMU", "PCMA", "G722"]
    try:
        load_libopus()
        names.append("opus")
    except ConfigError:
        pass
    return tuple((LineDecoder(LineCodec(name, 96), rate_hz), rate_hz) for name in names for rate_hz in (8_000, 16_000))


def _payload(data: bytes) -> None:
    """Sound of any codec: what is heard is as long as the packet says, and can be made up for."""
    for decoder, rate_hz in _decoders():
        samples = decoder.samples_of(data)
        assert 0 <= samples <= max(len(data), decoder.codec.clock_hz * 120 // 1_000)
        if samples:
            longest = 2 * rate_hz * (samples + decoder.codec.clock_hz // 100) // decoder.codec.clock_hz
            assert len(decoder.decode(data)) <= longest
            assert len(decoder.recover(data, samples)) <= longest


@cache
def _cipher() -> SdesCipher:
    return SdesCipher(KEY, KEY)


def _srtp(data: bytes) -> None:
    """Nothing passes but what was made with the key; a seed, once."""
    for unprotect in (_cipher().unprotect, _cipher().unprotect_rtcp):
        plain = unprotect(data)
        assert plain is None or len(plain) < len(data)


def _audiosocket(data: bytes) -> None:
    """The first byte says at which step the rest arrives. Nothing is lost, and nothing added."""
    step, reader = max(1, data[0]) if data else 1, AudioSocketReader()
    found = [each for at in range(1, len(data), step) for each in reader.feed(data[at : at + step])]
    assert b"".join(audio_message(kind, payload) for kind, payload in found) + reader.rest == data[1:]
    assert len(reader.rest) < 3 + 0x1_0000


def _words(data: bytes) -> None:
    quietly(lambda: read_word(decoded(data)))


def _event(data: bytes) -> None:
    quietly(lambda: read_event(data))
    quietly(lambda: read_event(decoded(data)))


def _arrivals() -> bytes:
    """A stream with packets out of order, lost, doubled and late."""
    chance, order = random.Random(5), list(range(40))
    chance.shuffle(order)
    steps = [(number, 8 * number, 160, chance.randrange(60)) for number in [*range(40), *order, *range(60, 80)]]
    return b"".join(b"%b%b%c%c" % (a.to_bytes(2, "big"), b.to_bytes(2, "big"), c, d) for a, b, c, d in steps)


def _channel(kind: str, **more: object) -> bytes:
    channel = {"id": "1700000000.1", "name": "PJSIP/a-1", "state": "Ringing", "caller": {"number": "+49301"},
               "dialplan": {"exten": "200"}}  # fmt: skip
    return json.dumps({"type": kind, "application": "voi", "channel": channel, **more}).encode()


PHONE: dict[str, Target] = {
    "rtp": Target(
        _rtp,
        (
            GOOD.encode(),
            b"\xb2" + GOOD.encode()[1:12] + bytes(8) + b"\xbe\xde\0\1" + bytes(4) + b"sound\0\0\3",
            RtpPacket(13, 8, 1_280, 99, b"\x46").encode(),
        ),
    ),
    "rtcp": Target(
        _rtcp,
        (
            rtcp.report(99, (10, 1_600), 5 << 32, 160, None, 1.0),
            rtcp.goodbye(99),
            b"\x81\xc9\x00\x07" + (99).to_bytes(4, "big") + OURS.to_bytes(4, "big") + b"\x20\0\0\5" + bytes(16),
        ),
    ),
    "keys": Target(
        _keys,
        (
            b"".join((160 * n).to_bytes(4, "big") + event_payload(key, 160, end=bool(n % 2))
                     for n, key in enumerate("12#D*")),
            (7).to_bytes(4, "big") + event_payload("1", 65_535, end=False)
            + (7 + 65_535).to_bytes(4, "big") + event_payload("1", 160, end=False),
        ),
    ),
    "jitter": Target(_jitter, (_arrivals(),)),
    "payload": Target(
        _payload, (GOOD.payload, b"\x78\x07\xc9\x79\xc8\xc9\x57\xc0\xa2\x12\x23\xfa\xef\x67\xf3\x2e", b"\x4b\x41" * 9)
    ),
    "audiosocket": Target(
        _audiosocket,
        (
            b"\x09" + audio_message(0x01, bytes(16)) + audio_message(0x10, b"ab" * 160) + audio_message(0x03, b"1"),
            b"\x01" + audio_message(0x12, b"ab" * 32) + audio_message(0xFF, b"\x04") + audio_message(0, b""),
        ),
    ),
    "asterisk words": Target(
        _words,
        (
            b"MEDIA_START connection_id:c-1 channel:WebSocket/c format:ulaw optimal_frame_size:160",
            b'{"event":"MEDIA_START","connection_id":"c","format":"slin16","optimal_frame_size":640}',
            b'{"event":"MEDIA_MARK_PROCESSED","correlation_id":"7"}',
        ),
    ),
    "asterisk events": Target(
        _event,
        (
            _channel("StasisStart", args=["a"]),
            _channel("ChannelDestroyed", cause=17),
            _channel("ChannelDtmfReceived", digit="5"),
            _channel("Dial", peer={"id": "2"}, dialstatus="BUSY"),
        ),
    ),
}  # fmt: skip
if srtp_is_there():
    PHONE["srtp"] = Target(
        _srtp,
        (SdesCipher(KEY, KEY).protect(GOOD.encode()), SdesCipher(KEY, KEY).protect_rtcp(rtcp.goodbye(99))),
    )
