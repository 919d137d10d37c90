"""Logs: one line each, for people or for machines, with the conversation's id and without secrets."""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from voi.calls.call_id import conversation_id
from voi.errors import VoiError

HIDDEN = "***"
_SECRETS = (
    re.compile(r"(?<=[tT][oO][kK][eE][nN]=)(?!TOKEN\b)[^&\s\"']+"),  # TOKEN itself stands in our own hints
    re.compile(r"(?i)(?<=bearer )[^\s\"']+"),
    re.compile(r"(?i)(?<=api-key: )[^\s\"']+"),
    re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]*"),  # a JWT: base64 of {" begins so
)


class Redactor:
    """Takes tokens out of any text, and the secrets that it knows."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known = [secret for secret in secrets if len(secret) >= 8]

    def __call__(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        for pattern in _SECRETS:
            text = pattern.sub(HIDDEN, text)
        return text


class _Formatter(logging.Formatter):
    """Covers exceptions and libraries' lines too. `words`: the texts of exceptions may be told."""

    def __init__(self, redact: Redactor, words: bool) -> None:
        super().__init__()
        self._redact = redact
        self._words = words

    def format(self, record: logging.LogRecord) -> str:
        raised = record.exc_info[1] if record.exc_info else None
        error = trace(raised, words=self._words) if raised else ""
        time = datetime.fromtimestamp(record.created).astimezone()
        return self._line(record, time, self._redact(record.getMessage()), self._redact(error))

    def _line(self, record: logging.LogRecord, time: datetime, message: str, error: str) -> str:
        raise NotImplementedError


class TextFormatter(_Formatter):
    def _line(self, record: logging.LogRecord, time: datetime, message: str, error: str) -> str:
        conversation = _conversation_of(record)
        who = f"[{conversation}] " if conversation else ""
        text = f"{time:%H:%M:%S}.{time.microsecond // 1000:03d} {record.levelname:<7} {who}{message}"
        return f"{text}\n{error}" if error else text


class JsonFormatter(_Formatter):
    def _line(self, record: logging.LogRecord, time: datetime, message: str, error: str) -> str:
        line = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        if conversation := _conversation_of(record):
            line["conversation"] = conversation
        if error:
            line["error"] = error
        return json.dumps(line, ensure_ascii=False)


def trace(error: BaseException, *, words: bool, depth: int = 5) -> str:
    """Where it came from, the first cause first. An exception's own text may repeat what somebody said, so it is told
    only of those whose texts are ours or the operating system's, unless `words`."""
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


def set_up_logging(level: str, style: Literal["text", "json"], secrets: Iterable[str], *, words: bool = False) -> None:
    """All logs of the process to standard error. Libraries are heard from warnings upward."""
    formatter = JsonFormatter if style == "json" else TextFormatter
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(Redactor(secrets), words))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("voi").setLevel(level.upper())
    if level == "debug":
        logging.getLogger("uvicorn").setLevel(logging.INFO)
