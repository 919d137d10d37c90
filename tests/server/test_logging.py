"""Logs name the conversation and hide secrets, also in exceptions and in libraries' lines."""

import contextvars
import io
import json
import logging
from collections.abc import Iterator

import pytest

from tests.server.fakes import API_KEY, SECRET
from voi.calls.call_id import conversation_id
from voi.errors import ClientError
from voi.server.auth import issue_token
from voi.server.logging import HIDDEN, Redactor, Seldom, hide, set_up_logging, trace


@pytest.fixture
def _quiet_root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def captured(style: str, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    set_up_logging("info", style, [SECRET, API_KEY])  # type: ignore[arg-type]
    return out


@pytest.mark.parametrize(
    "line",
    [
        '"GET /ws?token={token}&x=1 HTTP/1.1" 200',
        "bad token {token} here",
        "Authorization: Bearer {token}",
        "api-key: {token}",
        f"the secret is {SECRET}",
        f"key={API_KEY}!",
    ],
)
def test_secrets_are_hidden(line: str) -> None:
    token = issue_token("app", SECRET)
    hidden = Redactor([SECRET, API_KEY])(line.format(token=token))
    assert "***" in hidden
    for secret in (token, SECRET, API_KEY, token.split(".")[1]):
        assert secret not in hidden


def test_what_is_no_secret_stays() -> None:
    assert Redactor(["short"])("a token of love; short; 17 tokens") == "a token of love; short; 17 tokens"


@pytest.mark.usefixtures("_quiet_root")
def test_secrets_that_come_later_are_hidden_too(monkeypatch: pytest.MonkeyPatch) -> None:
    out = captured("text", monkeypatch)
    set_up_logging("info", "text", [API_KEY])
    hide(["planted-password", "short"])
    logging.getLogger("voi.x").warning("planted-password and %s, short", API_KEY)
    assert f"{HIDDEN} and {HIDDEN}, short" in out.getvalue()


def test_known_secrets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voi.server.logging.KNOWN_MAX", 2)
    redact = Redactor(["the-first-one"])
    redact.learn(["the-second-one", "the-third-one"])
    assert redact("the-first-one the-third-one the-second-one") == f"the-first-one {HIDDEN} {HIDDEN}"


@pytest.mark.usefixtures("_quiet_root")
def test_json_lines_name_the_conversation_and_hide_secrets_in_tracebacks(monkeypatch: pytest.MonkeyPatch) -> None:
    out = captured("json", monkeypatch)

    def work() -> None:
        conversation_id.set("c-1")
        try:
            try:
                raise OSError(f'no "/ws?token={SECRET}" there')
            except OSError as error:
                raise ValueError("what somebody said") from error
        except ValueError:
            logging.getLogger("voi.x").exception("it broke with %s", API_KEY)

    contextvars.copy_context().run(work)
    logging.getLogger("voi.y").info("outside\nof any")
    logging.getLogger("some.library").info("chatter")
    logging.LoggerAdapter(logging.getLogger("voi.z"), {"conversation": "c-2"}).info("named")
    first, second, third = (json.loads(line) for line in out.getvalue().splitlines())
    assert (first["conversation"], first["level"], first["logger"]) == ("c-1", "error", "voi.x")
    assert first["message"] == "it broke with ***"
    assert 'OSError: no "/ws?token=***" there\nwhich led to:' in first["error"]
    assert first["error"].endswith("ValueError (VOI_LOG_WORDS=1 shows its text)")
    assert "in work" in first["error"]
    assert "what somebody said" not in first["error"].replace('raise ValueError("what somebody said")', "")
    assert "conversation" not in second
    assert second["message"] == "outside\nof any"
    assert third["conversation"] == "c-2"


@pytest.mark.usefixtures("_quiet_root")
def test_text_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    out = captured("text", monkeypatch)

    def work() -> None:
        conversation_id.set("c-1")
        logging.getLogger("voi.x").warning("careful")

    contextvars.copy_context().run(work)
    assert out.getvalue().endswith(" WARNING [c-1] careful\n")


def test_exceptions_are_told_with_their_causes_and_groups() -> None:
    try:
        try:
            raise ExceptionGroup("many", [KeyError("a word"), ClientError("your fault")])
        except ExceptionGroup:
            raise RuntimeError("another word") from None
    except RuntimeError as error:
        told = trace(error, words=False)
        assert "many" not in told.replace('ExceptionGroup("many"', "")
    group = ExceptionGroup("many", [KeyError("a word"), ClientError("your fault")])
    told = trace(group, words=False)
    assert "a word" not in told
    assert "ClientError: your fault" in told
    assert "a word" in trace(group, words=True)


def test_a_hint_of_our_own_is_no_secret() -> None:
    redact = Redactor()
    assert redact("Connect to /ws?token=TOKEN.") == "Connect to /ws?token=TOKEN."
    assert redact("/ws?token=TOKENs3cret&x=1 Token=abc") == f"/ws?token={HIDDEN}&x=1 Token={HIDDEN}"


def test_what_strangers_can_cause_at_will_is_logged_seldom() -> None:
    now_s = 0.0
    seldom = Seldom(60.0, lambda: now_s)

    def passes(message: str) -> str:
        record = logging.LogRecord("uvicorn.error", logging.WARNING, "x.py", 1, message, (), None)
        return record.getMessage() if seldom.filter(record) else ""

    assert passes("Invalid HTTP request received.")
    assert [passes("Invalid HTTP request received.") for _ in range(300)] == [""] * 300
    assert passes("Something else.")
    now_s = 61.0
    assert passes("Invalid HTTP request received.") == (
        "Invalid HTTP request received. (300 more since the last of these lines)"
    )
    now_s = 122.0
    assert passes("Invalid HTTP request received.") == "Invalid HTTP request received."


@pytest.mark.usefixtures("_quiet_root")
@pytest.mark.parametrize("style", ["text", "json"])
def test_lines_name_the_worker_where_there_are_several(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    set_up_logging("info", style, [], worker="worker-8766")  # type: ignore[arg-type]
    logging.getLogger("voi").info("hello")
    line = out.getvalue()
    assert (json.loads(line)["worker"] if style == "json" else line.split()[2]) == "worker-8766"
