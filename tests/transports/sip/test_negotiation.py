"""Offers and answers: codecs, keys, hold, encryption, IPv6, and what is refused."""

import base64
from typing import Any

import pytest

from voi.transports.sip.negotiation import OfferAnswer
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.sdp import parse_sdp
from voi.transports.telephone.srtp import KEY_BYTES, SUITES

ALL = ("OPUS", "G722", "PCMU", "PCMA")
KEY = base64.b64encode(bytes(range(30))).decode()


def sdp(*media: str, host: str = "192.0.2.9") -> bytes:
    family = "IP6" if ":" in host else "IP4"
    head = ("v=0", f"o=- 1 1 IN {family} {host}", "s=-", f"c=IN {family} {host}", "t=0 0")
    return "\r\n".join((*head, *media, "")).encode()


def ours(srtp: Any = "optional", codecs: tuple[str, ...] = ALL, **more: Any) -> OfferAnswer:
    return OfferAnswer("192.0.2.1", 4_000, codecs, srtp, **more)


def lines(body: bytes) -> list[str]:
    return body.decode().split("\r\n")[5:-1]


def test_the_first_codec_of_theirs_that_we_have() -> None:
    talks = ours()
    answer = talks.answer(
        sdp(
            "m=audio 5004 RTP/AVP 18 8 0 101",
            "a=rtpmap:18 G729/8000",
            "a=rtpmap:101 telephone-event/8000",
            "a=ptime:30",
        )
    )
    assert lines(answer) == [
        "m=audio 4000 RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15",
        "a=ptime:20", "a=sendrecv",
    ]  # fmt: skip
    plan = talks.plan
    assert plan is not None
    assert (plan.host, plan.port, plan.codec, plan.payload_type, plan.event_type, plan.ptime_ms, plan.keys) == (
        "192.0.2.9", 5_004, "PCMA", 8, 101, 30, None,
    )  # fmt: skip


def test_opus_with_keys_at_another_clock() -> None:
    talks = ours()
    talks.answer(sdp("m=audio 5004 RTP/AVP 96 97", "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 telephone-event/8000"))
    assert talks.plan is not None
    assert (talks.plan.codec, talks.plan.clock_hz, talks.plan.event_type, talks.plan.event_clock_hz) == (
        "OPUS", 48_000, 97, 8_000,
    )  # fmt: skip


def test_other_media_are_refused_in_their_place() -> None:
    answer = ours().answer(sdp("m=video 6000 RTP/AVP 31", "m=audio 5004 RTP/AVP 0", "m=audio 5006 RTP/AVP 0"))
    assert [line for line in lines(answer) if line.startswith("m=")] == [
        "m=video 0 RTP/AVP 31", "m=audio 4000 RTP/AVP 0", "m=audio 0 RTP/AVP 0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("direction", "answered", "sends", "hears"),
    [("sendrecv", "sendrecv", True, True), ("sendonly", "recvonly", False, True),
     ("recvonly", "sendonly", True, False), ("inactive", "inactive", False, False)],
)  # fmt: skip
def test_directions(direction: str, answered: str, sends: bool, hears: bool) -> None:
    talks = ours()
    answer = talks.answer(sdp("m=audio 5004 RTP/AVP 0", f"a={direction}"))
    assert f"a={answered}" in lines(answer)
    assert talks.plan is not None
    assert (talks.plan.sends, talks.plan.hears) == (sends, hears)


def test_an_old_hold_and_ipv6() -> None:
    talks = ours()
    talks.answer(sdp("m=audio 5004 RTP/AVP 0", host="0.0.0.0"))
    assert talks.plan is not None
    assert not talks.plan.sends
    six = OfferAnswer("2001:db8::1", 4_000, ALL, "off")
    assert b"c=IN IP6 2001:db8::1" in six.answer(sdp("m=audio 5004 RTP/AVP 0", host="2001:db8::9"))


@pytest.mark.parametrize("protocol", ["RTP/SAVP", "RTP/AVP"])
def test_encryption_that_is_offered(protocol: str) -> None:
    talks = ours()
    offer = sdp(f"m=audio 5004 {protocol} 0", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:" + KEY,
                f"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^20|1:4", "a=rtcp-mux")  # fmt: skip
    answer = lines(talks.answer(offer))
    assert talks.plan is not None
    keys = talks.plan.keys
    assert keys is not None
    assert (keys.remote.suite, keys.remote.key) == ("AES_CM_128_HMAC_SHA1_32", bytes(range(30)))
    assert f"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{base64.b64encode(keys.local.key).decode()}" in answer
    assert "a=rtcp-mux" in answer
    again = talks.answer(offer)
    assert talks.plan.keys == keys, "our key stays"
    assert lines(again) == answer


@pytest.mark.parametrize(
    ("srtp", "media"),
    [
        ("off", ("m=audio 5004 RTP/SAVP 0", f"a=crypto:1 {SUITES[0]} inline:{KEY}")),
        ("required", ("m=audio 5004 RTP/AVP 0",)),
        ("optional", ("m=audio 5004 RTP/SAVP 0",)),
        ("optional", ("m=audio 5004 RTP/SAVP 0", f"a=crypto:1 {SUITES[0]} inline:AAAA")),
        ("optional", ("m=audio 5004 RTP/AVP 18", "a=rtpmap:18 G729/8000")),
        ("optional", ("m=audio 5004 UDP/TLS/RTP/SAVPF 0",)),
        ("optional", ("m=audio 0 RTP/AVP 0",)),
        ("optional", ("m=video 5004 RTP/AVP 31",)),
        ("optional", ("m=audio 5004 RTP/AVP 0", "c=IN IP4 somewhere.example.com")),
        ("optional", ("m=audio 5004 RTP/AVP 0", "c=IN IP4 224.2.1.1/127")),
        ("optional", ("m=audio 5004 RTP/AVP 0", "c=IN IP4 255.255.255.255")),
        ("optional", ("m=audio 5004 RTP/AVP 0", "c=IN IP6 ff02::1")),
        ("optional", ("m=audio 5004 RTP/AVP 0", "c=IN IP6 ::ffff:224.2.1.1")),
        ("optional", ()),
    ],
)
def test_what_does_not_fit(srtp: Any, media: tuple[str, ...]) -> None:
    talks = ours(srtp)
    with pytest.raises(SipProblem) as problem:
        talks.answer(sdp(*media))
    assert problem.value.code == 488
    assert talks.plan is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"v=0\r\nnonsense",
        b"v=0\r\nm=audio x RTP/AVP 0",
        b"v=0\r\nc=IN IP4",
        b"v=0\r\n" + b"m=audio 1 RTP/AVP 0\r\n" * 20,
        b"v=0\r\n" + b"a=x\r\n" * 500,
    ],
)
def test_what_is_no_description(body: bytes) -> None:
    with pytest.raises(SipProblem) as problem:
        parse_sdp(body)
    assert problem.value.code == 400


def test_our_offer_and_their_answer() -> None:
    talks = ours("required")
    offer = talks.offer()
    described = parse_sdp(offer).media[0]
    assert [codec.name for codec in described.codecs] == ["OPUS", "G722", "PCMU", "PCMA", *["TELEPHONE-EVENT"] * 2]
    assert described.protocol == "RTP/SAVP"
    assert [crypto.suite for crypto in described.cryptos] == list(SUITES)
    key = base64.b64encode(bytes(KEY_BYTES[SUITES[0]])).decode()
    maps = ("a=rtpmap:120 opus/48000/2", "a=rtpmap:97 telephone-event/48000")
    talks.take_answer(sdp("m=audio 5004 RTP/SAVP 120 97", *maps, f"a=crypto:1 {SUITES[0]} inline:{key}"))
    plan = talks.plan
    assert plan is not None
    assert (plan.payload_type, plan.heard_type, plan.event_type, plan.event_heard_type) == (120, 111, 97, 110)
    assert plan.keys is not None
    assert talks.offer() == offer, "nothing is different, so neither is the version"
    held = talks.offer("sendonly")
    assert b"a=sendonly" in held
    assert b"o=voi" in held
    assert held.split()[3] != offer.split()[3]
    with pytest.raises(SipProblem):
        talks.take_answer(sdp("m=audio 5004 RTP/AVP 0"))


def test_before_an_answer_comes_telephone_quality_is_offered() -> None:
    talks = ours()
    talks.narrow()
    assert b"m=audio 4000 RTP/AVP 0 8 101" in talks.offer()
    plan = talks.expected_plan("192.0.2.9")
    assert (plan.codec, plan.sends, plan.port) == ("PCMU", False, 0)
