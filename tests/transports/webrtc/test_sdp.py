"""Offers of browsers and of anybody else, and the answer."""

import random

import pytest

from voi.errors import ClientError
from voi.transports.webrtc.sdp import LocalTransport, answer, parse_offer

FINGERPRINT = ":".join(["AB"] * 32)
OFFER = f"""v=0
o=- 4611 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789abcdefghijklmn
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=candidate:1 1 udp 2113937151 192.0.2.4 50000 typ host
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789abcdefghijklmn
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:1
a=sctp-port:5000
a=max-message-size:262144
""".replace("\n", "\r\n")
LOCAL = LocalTransport(
    "efgh", "p" * 24, [("sha-256", FINGERPRINT)], ["1 1 udp 5 192.0.2.9 4000 typ host"], "192.0.2.9", 4_000
)


def test_the_offer_of_a_browser() -> None:
    offer = parse_offer(OFFER)
    assert (offer.opus, offer.ufrag, offer.setup, offer.direction) == (111, "abcd", "active", "sendrecv")
    assert offer.message_max_bytes == 262_144
    assert offer.candidates == ["1 1 udp 2113937151 192.0.2.4 50000 typ host"]
    lines = answer(offer, LOCAL, 77).splitlines()
    assert lines[4] == "a=group:BUNDLE 0 1"
    assert "m=audio 4000 UDP/TLS/RTP/SAVPF 111" in lines
    assert "a=fmtp:111 minptime=10;useinbandfec=1;stereo=0" in lines
    assert lines.count("a=setup:active") == lines.count("a=candidate:1 1 udp 5 192.0.2.9 4000 typ host") == 2
    assert "m=application 4000 UDP/DTLS/SCTP webrtc-datachannel" in lines


def test_a_video_section_is_answered_and_not_taken() -> None:
    video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\na=rtpmap:96 VP8/90000\r\n"
    lines = answer(parse_offer(OFFER + video), LOCAL, 77).splitlines()
    assert lines[lines.index("m=video 0 UDP/TLS/RTP/SAVPF 96") + 3] == "a=inactive"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("v=0", "v=1"), "no SDP"),
        (("m=audio 9", "m=audio 0"), "no audio track"),
        (("m=audio", "m=video"), "no audio track"),
        (("webrtc-datachannel", "other"), "no data channel"),
        (("a=group:BUNDLE 0 1", "a=group:BUNDLE 0"), "bundle"),
        (("opus/48000/2", "speex/48000/2"), "no Opus"),
        (("a=rtcp-mux", "a=x"), "rtcp-mux"),
        (("a=ice-ufrag:abcd", "a=ice-ufrag:a b"), "ice-ufrag"),
        (("sha-256", "md5"), "fingerprint"),
        (("a=setup:actpass", "a=setup:holdconn"), "setup"),
        (("a=mid:1", "a=mid:0"), "several sections"),
        (("m=application 9 ", "m=application nine "), "malformed"),
        (("t=0 0", "m=audio 9 UDP/TLS/RTP/SAVPF 111"), "several audio"),
        (("t=0 0\r\n", "m=video 9 RTP/AVP 9\r\n" * 9), "more than 8"),
        (("t=0 0\r\n", "a=x\r\n" * 3_000), "lines"),
    ],
)
def test_what_is_wrong_is_named(change: tuple[str, str], words: str) -> None:
    with pytest.raises(ClientError, match=words):
        parse_offer(OFFER.replace(*change))


def test_any_text() -> None:
    chance = random.Random(3)
    taken = 0
    for _ in range(3_000):
        lines = OFFER.split("\r\n")
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(lines))
            match chance.randrange(4):
                case 0:
                    del lines[at]
                case 1:
                    lines.insert(at, chance.choice(lines))
                case 2:
                    lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
                case 3:
                    lines[at] += chance.choice(("\0", " ", ":", "9" * 40, "é", "-"))
            if not lines:
                break
        try:
            offer = parse_offer("\r\n".join(lines))
        except ClientError:
            continue
        taken += 1
        assert "m=audio" in answer(offer, LOCAL, 77)
    assert taken > 100
