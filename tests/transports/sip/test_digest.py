"""Credentials: the examples of RFC 7616 and RFC 2617, and our own gate."""

import re
import time

from voi.transports.sip.digest import Challenge, DigestGate, answer_of, best_challenge, read_fields

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def response(challenge: Challenge, cnonce: str, password: str, user: str = "Mufasa") -> str:
    return read_fields(answer_of(challenge, user, password, "GET", "/dir/index.html", cnonce=cnonce))["response"]


def test_the_examples_of_the_rfcs() -> None:
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    sha = Challenge("http-auth@example.org", NONCE, "SHA-256", OPAQUE, qop=True)
    assert response(sha, cnonce, "Circle of Life") == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    md5 = Challenge("http-auth@example.org", NONCE, "MD5", OPAQUE, qop=True)
    assert response(md5, cnonce, "Circle of Life") == "8ca523f5e9506fed4657c9700eebdbec"
    old = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", qop=True)
    assert response(old, "0a4f113b", "Circle Of Life") == "6629fae49393a05397450978507c4ef1"


def test_the_strongest_challenge_that_can_be_answered() -> None:
    md5, sha = 'Digest realm="r", nonce="1", qop="auth"', 'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth"'
    found = best_challenge([(md5, False), (sha, True)])
    assert found is not None
    assert (found.algorithm, found.nonce, found.header) == ("SHA-256", "2", "Proxy-Authorization")
    assert best_challenge([("Basic realm=x", False), ('Digest realm="r", nonce="1", qop="auth-int"', False)]) is None
    assert best_challenge([('Digest realm="r", nonce="1", algorithm=SHA-512-256', False)]) is None
    stale = best_challenge([('Digest realm="a\\"b", nonce="1", stale=TRUE', False)])
    assert stale is not None
    assert (stale.realm, stale.stale, stale.qop) == ('a"b', True, False)
    assert read_fields("Digest " + "a=1," * 2_000) == {}


def test_fields_end_where_they_are_none() -> None:
    assert read_fields('digest  a="x, y" ,, B = 2,c=') == {"a": "x, y", "b": "2", "c": ""}
    assert read_fields("Digest a=1 b=2, c=3") == {}
    assert read_fields('Digest a=1, b="2') == {"a": "1"}
    assert len(read_fields("Digest " + ",".join(f"a{n}=1" for n in range(200)))) == 32


def test_hostile_headers_take_no_time() -> None:
    """A server's answer with 128 of them once stood the whole process still for 3.5 s."""
    for text in ("a" * 2_040, " " * 2_030 + "x", "a" * 1_000 + " " * 1_000, 'a="' * 600, 'a="' + "\\a" * 1_000,
                 "a=" + " " * 1_000 + "b" * 500 + " " * 500 + "c", "," * 2_000, "a=1," * 500):  # fmt: skip
        began_s = time.thread_time()
        assert best_challenge([("Digest " + text, False)] * 128) is None
        assert time.thread_time() - began_s < 0.1, text[:20]


def test_the_gate() -> None:
    gate = DigestGate("voi")
    sha, md5 = gate.challenges(1_000.0)
    for _, value in (sha, md5):
        challenge = best_challenge([(value, False)])
        assert challenge is not None
        answer = answer_of(challenge, "anna", "password1", "INVITE", "sip:x")
        assert gate.proven(answer, "anna", "password1", "INVITE", 1_100.0) is True
        assert gate.proven(answer, "anna", "password2", "INVITE", 1_100.0) is False
        assert gate.proven(answer, "bob", "password1", "INVITE", 1_100.0) is False
        assert gate.proven(answer, "anna", "password1", "BYE", 1_100.0) is False
        assert gate.proven(answer, "anna", "password1", "INVITE", 1_400.0) is None, "too old: ask again"
    assert gate.proven("", "anna", "password1", "INVITE", 0) is False
    nonce = re.sub(r'nonce="[^"]*"', 'nonce="\udcff"', answer)
    assert not gate.proven(nonce, "anna", "password1", "INVITE", 1_000.0), "bytes that are no UTF-8"
    shown = re.sub(r'response="[^"]*"', 'response="\udcff"', answer)
    assert gate.proven(shown, "anna", "password1", "INVITE", 1_000.0) is False
    forged = Challenge("voi", "3e8-" + "0" * 32, qop=True)
    answer = answer_of(forged, "anna", "password1", "INVITE", "sip:x")
    assert gate.proven(answer, "anna", "password1", "INVITE", 1_000.0) is None
