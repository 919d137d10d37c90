"""Signatures of webhooks: published examples where there are some, and what must not pass."""

import time
from dataclasses import replace

import pytest

from tests.fakes.media_carrier import ACCOUNTS, PUBLIC_URL, signed_webhook
from voi.config.phones import CarrierAccount, CarrierKind
from voi.transports.media_ws.carrier import PhoneWebhook, RingingCall, Unsigned
from voi.transports.media_ws.carriers import WEBHOOK_CARRIERS as CARRIERS
from voi.transports.media_ws.plivo import plivo_signature
from voi.transports.media_ws.twilio import twilio_signature

KINDS: list[CarrierKind] = ["twilio", "telnyx", "plivo", "vonage"]


def key_of(kind: CarrierKind) -> str:
    return CarrierAccount.model_validate(ACCOUNTS[kind]).key


def webhook_of(kind: CarrierKind, at_s: float | None = None) -> PhoneWebhook:
    headers, body = signed_webhook(kind, "CA1", at_s=at_s)
    lower = {name.lower(): value for name, value in headers.items()}
    return PhoneWebhook("POST", f"{PUBLIC_URL}/telephone/{kind}/voice", lower, body)


def test_the_example_of_twilios_documentation() -> None:
    """github.com/TwilioDevEd/api-snippets, security/signature_validation."""
    fields = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675310", "Digits": "1234", "From": "+14158675310",
              "To": "+18005551212"}  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    given = twilio_signature(url, {name: [value] for name, value in fields.items()}, "12345")
    assert given == "GvWf1cFY/Q7PnoempGyD5oXAezc="


@pytest.mark.parametrize("port", [":443", ""])
def test_twilio_signs_with_and_without_the_port(port: str) -> None:
    webhook = webhook_of("twilio")
    url = webhook.url.replace("voice.example.com", f"voice.example.com{port}")
    signed = twilio_signature(url, webhook.form(), key_of("twilio"))
    assert CARRIERS["twilio"].nonce(replace(webhook, headers={"x-twilio-signature": signed}), key_of("twilio"), 0)


@pytest.mark.parametrize(
    ("url", "fields", "signed"),
    [
        ("https://h/p", {}, "https://h/p.n"),
        ("https://h/p", {"b": ["2"], "a": ["1"]}, "https://h/p?a1b2.n"),
        ("https://h/p?y=2&x=1", {"a": ["1"]}, "https://h/p?x=1&y=2.a1.n"),
        ("https://h/p?y=2&x=1", {}, "https://h/p?x=1&y=2.n"),
    ],
)
def test_what_plivo_signs(url: str, fields: dict[str, list[str]], signed: str) -> None:
    """As Plivo's own SDK puts it together (plivo-python, plivo/utils/signature_v3.py)."""
    import base64
    import hmac

    right = base64.b64encode(hmac.digest(b"token", signed.encode(), "sha256"))
    assert plivo_signature(url, fields, "n", "token") == right


@pytest.mark.parametrize("kind", KINDS)
def test_a_right_one_and_the_call_in_it(kind: CarrierKind) -> None:
    webhook = webhook_of(kind)
    carrier = CARRIERS[kind]
    assert carrier.nonce(webhook, key_of(kind), time.time())
    plus = "" if kind in ("plivo", "vonage") else "+"
    assert carrier.ringing(webhook) == RingingCall("CA1", f"{plus}4930123456", f"{plus}4915112345678")


@pytest.mark.parametrize("kind", KINDS)
def test_what_must_not_pass(kind: CarrierKind) -> None:
    carrier, webhook, now_s = CARRIERS[kind], webhook_of(kind), time.time()
    other = "A" * 43 + "=" if kind == "telnyx" else "another key of the same length!!"
    wrong = [
        (replace(webhook, body=webhook.body + b"&To=%2B1"), key_of(kind)),
        (replace(webhook, headers={}), key_of(kind)),
        (replace(webhook, headers=dict.fromkeys(webhook.headers, "é\udcff")), key_of(kind)),
        (webhook, other),
    ]
    if kind in ("twilio", "plivo"):
        wrong.append((replace(webhook, url=webhook.url + "?x=1"), key_of(kind)))
    for each, key in wrong:
        with pytest.raises(Unsigned):
            carrier.nonce(each, key, now_s)


@pytest.mark.parametrize("kind", ["telnyx", "vonage"])
@pytest.mark.parametrize("off_s", [-400, 400])
def test_old_ones(kind: CarrierKind, off_s: int) -> None:
    with pytest.raises(Unsigned, match="too long ago"):
        CARRIERS[kind].nonce(webhook_of(kind, time.time() + off_s), key_of(kind), time.time())


def test_vonages_token_has_to_be_signed_with_its_algorithm() -> None:
    import jwt

    webhook = webhook_of("vonage")
    unsigned = jwt.encode({"iat": int(time.time())}, None, "none")
    with pytest.raises(Unsigned):
        CARRIERS["vonage"].nonce(replace(webhook, headers={"authorization": f"Bearer {unsigned}"}), key_of("vonage"), 0)
