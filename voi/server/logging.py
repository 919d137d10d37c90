"""Logs one line per event, for people or for machines, with the conversation's id and without secrets."""

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

from voi.calls.call_id import conversation_id
from voi.errors import VoiError

HIDDEN = "***"
_SECRETS = (
    re.compile(r"(?<=[tT][oO][kK][eE][nN]=)(?!TOKEN\b)[^&\s\"']+"),  # Voi's own hints contain the word TOKEN
    re.compile(r"(?i)(?<=bearer )[^\s\"']+"),
    re.compile(r"(?i)(?<=api-key: )[^\s\"']+"),
    re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]*"),  # a JWT: eyJ is the base64 of {"
)


KNOWN_MAX = 5_000
"""Most secrets that are looked for; the oldest are given up."""
SHORTEST = 8
"""Shorter ones may be parts of ordinary words and numbers."""


class Redactor:
    """Removes tokens and known secrets from text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: dict[str, None] = {}
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Remove these as well from now on."""
        known = list(self._known | dict.fromkeys(secret for secret in secrets if len(secret) >= SHORTEST))
        self._known = dict.fromkeys(known[-KNOWN_MAX:])  # another dict: threads may be logging

    def __call__(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        for pattern in _SECRETS:
            text = pattern.sub(HIDDEN, text)
        return text


class _Formatter(logging.Formatter):
    """Formats all log lines, those of libraries included, and exceptions. `words`: the texts of exceptions may be
    logged. `worker`: this process's name among several."""

    def __init__(self, redact: Redactor, words: bool, worker: str = "") -> None:
        super().__init__()
        self._worker = worker
        self._redact = redact
        self._words = words

    def format(self, record: logging.LogRecord) -> str:
        raised = record.exc_info[1] if record.exc_info else None
        error = trace(raised, words=self._words) if raised else ""
        at = datetime.fromtimestamp(record.created).astimezone()
        return self._line(record, at, self._redact(record.getMessage()), self._redact(error))

    def _line(self, record: logging.LogRecord, time: datetime, message: str, error: str) -> str:
        raise NotImplementedError


class TextFormatter(_Formatter):
    """A line for people: time, level, conversation, message; an error's trace below it."""

    def _line(self, record: logging.LogRecord, time: datetime, message: str, error: str) -> str:
        conversation = _conversation_of(record)
        who = f"[{conversation}] " if conversation else ""
        worker = f"{self._worker} " if self._worker else ""
        text = f"{time:%H:%M:%S}.{time.microsecond // 1000:03d} {record.levelname:<7} {worker}{who}{message}"
        return f"{text}\n{error}" if error else text


class JsonFormatter(_Formatter):
    """A line of JSON for log collectors."""

    def _line(self, record: logging.LogRecord, time: datetime, message: str, error: str) -> str:
        line = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        if self._worker:
            line["worker"] = self._worker
        if conversation := _conversation_of(record):
            line["conversation"] = conversation
        if error:
            line["error"] = error
        return json.dumps(line, ensure_ascii=False)


class Seldom(logging.Filter):
    """Lets the same message pass once in `every_s`, with the number left out: messages that strangers can cause at will
    must not fill the disk."""

    def __init__(self, every_s: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every_s = every_s
        self._clock = clock
        self._passed: dict[str, tuple[float, int]] = {}
        """For each message, when it last passed and how many did not since. Bounded by the number of messages in the
        code."""

    def filter(self, record: logging.LogRecord) -> bool:
        now_s = self._clock()
        passed_s, left_out = self._passed.get(record.msg, (now_s - self._every_s, 0))
        if now_s - passed_s < self._every_s:
            self._passed[record.msg] = passed_s, left_out + 1
            return False
        self._passed[record.msg] = now_s, 0
        if left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} more since the last of these lines)", ()
        return True


def trace(error: BaseException, *, words: bool, depth: int = 5) -> str:
    """Traceback of an error, first cause first. An exception's text may repeat what people said. Unless `words` is set,
    it is logged only for exceptions of Voi and of the operating system."""
    parts = []
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and depth:
        parts.append(f"{trace(before, words=words, depth=depth - 1)}\nwhich led to:")
    if isinstance(error, BaseExceptionGroup) and depth:
        parts += [trace(inner, words=words, depth=depth - 1) for inner in error.exceptions]
    parts.append("".join(traceback.format_tb(error.__traceback__)).rstrip())
    text = f": {error}" if words or isinstance(error, VoiError | OSError) else " (VOI_LOG_WORDS=1 shows its text)"
    parts.append(type(error).__qualname__ + text)
    return "\n".join(part for part in parts if part)


def _conversation_of(record: logging.LogRecord) -> str:
    named: str = getattr(record, "conversation", "")
    return named or conversation_id.get()


_redactor = Redactor()


def hide(secrets: Iterable[str]) -> None:
    """Keep these out of the logs from now on: secrets that came while the process runs."""
    _redactor.learn(secrets)


def set_up_logging(
    level: str, style: Literal["text", "json"], secrets: Iterable[str], *, words: bool = False, worker: str = ""
) -> None:
    """Send all logs of the process to standard error. Libraries log warnings and above. `words`: the texts of
    exceptions may be logged. `worker`: the process's name, on each line."""
    global _redactor
    _redactor = Redactor(secrets)
    formatter = JsonFormatter if style == "json" else TextFormatter
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(_redactor, words, worker))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("voi").setLevel(level.upper())
    logging.getLogger("uvicorn.error").filters[:] = [Seldom()]  # uvicorn logs a line for each request that is not HTTP
    if level == "debug":
        logging.getLogger("uvicorn").setLevel(logging.INFO)
