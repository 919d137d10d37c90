"""Errors in the shape that OpenAI's clients read, and what is logged and counted of them: never words or texts."""

import logging
import time
from collections import Counter
from collections.abc import Callable

from fastapi import HTTPException
from fastapi.responses import JSONResponse

from voi.calls.admission import Refused
from voi.calls.failures import without_words
from voi.core.end_reason import EndReason
from voi.errors import ClientError, ConfigError, EngineError
from voi.session.events import Ended
from voi.tasks import FAULT

LINE_EVERY_S = 1.0
"""Failures of one kind are logged this often at most: a client that is refused may ask at once again."""
_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 404: "not_found", 408: "timeout", 413: "too_large", 415: "unsupported_media_type"}
_AWAY = frozenset({EndReason.STARTING, EndReason.DRAINING, EndReason.DRAINED, EndReason.SERVER_FULL})

log = logging.getLogger(__name__)


class OpenAiError(Exception):
    """A request that is answered with an error. `message` is worded for the client; what it quotes stands in quotation
    marks. `code`: one of a few words for programs. `param`: the field that is wrong."""

    def __init__(self, status: int, message: str, code: str = "", param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.param = status, message, param
        self.code = code or _CODES.get(status) or ("server_error" if status >= 500 else "invalid_request")

    def body(self) -> dict[str, object]:
        """The error as JSON."""
        kind = _KINDS.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> JSONResponse:
        """The answer to a request of which nothing was answered yet."""
        again = {"Retry-After": "1"} if self.status in (429, 503) and self.code != "insufficient_quota" else {}
        return JSONResponse(self.body(), self.status, headers=again)


def as_openai(error: Exception) -> OpenAiError:
    """Any error as one for the client. A fault of the server, or in the operator's files, is not described."""
    match error:
        case OpenAiError():
            return error
        case HTTPException():
            return OpenAiError(error.status_code, str(error.detail))
        case Refused():
            return of_end(error.ended)
        case ClientError():
            return OpenAiError(400, str(error))
        case EngineError():
            return OpenAiError(503 if error.retryable else 502, str(error), "engine_failed")
        case ConfigError():
            return OpenAiError(500, "Something in the server's files is wrong; its operator finds it in the log.")
        case TimeoutError():
            return OpenAiError(504, "It took too long.", "timeout")
    return OpenAiError(500, FAULT)


def of_end(ended: Ended) -> OpenAiError:
    """Why there is no place for a request, or why its conversation was ended."""
    words = ended.words or f"The conversation has ended: {ended.reason.value}."
    if ended.reason in (EndReason.APP_QUOTA, EndReason.QUOTA_USED):
        return OpenAiError(429, words, "insufficient_quota")
    if ended.reason is EndReason.APP_LIMIT:
        return OpenAiError(429, words, "rate_limit_exceeded")
    if ended.reason in _AWAY or ended.reason is EndReason.OVERLOADED:
        return OpenAiError(503, ended.words or "The server takes no requests now: it starts or stops.", "no_place")
    if ended.reason is EndReason.CLIENT_FAULT:
        return OpenAiError(400, words)
    if ended.reason is EndReason.ENGINE_FAILED:
        return OpenAiError(502, words, "engine_failed")
    return OpenAiError(500, words)


class Failures:
    """Logs and counts how requests end. `count` gets the endpoint and the outcome. `clock`: monotonic seconds."""

    def __init__(self, count: Callable[[str, str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._count, self._clock = count, clock
        self._logged_s: dict[tuple[str, str], float] = {}
        self._others: Counter[tuple[str, str]] = Counter()

    def done(self, endpoint: str, outcome: str = "ok") -> None:
        """A request was answered, or (`left`) its client did not wait for that."""
        self._count(endpoint, outcome)

    def failed(
        self, endpoint: str, error: Exception, app: str, *, begun: bool = False, told: bool = False
    ) -> OpenAiError:
        """Log and count an error. `app` "": unknown. `begun`: the answer had begun. `told`: it was logged before.
        Returns it as one for the client."""
        shown = as_openai(error)
        self._count(endpoint, "failed" if shown.status >= 500 else "refused")
        if not told:
            fault = not isinstance(
                error, OpenAiError | HTTPException | ClientError | EngineError | TimeoutError | Refused
            )
            self._log(endpoint, shown, app, "was broken off" if begun else "failed", error if fault else None)
        return shown

    def _log(self, endpoint: str, shown: OpenAiError, app: str, what: str, fault: Exception | None) -> None:
        kind, now_s = (endpoint, shown.code), self._clock()
        if fault is None and now_s - self._logged_s.get(kind, -LINE_EVERY_S) < LINE_EVERY_S:
            self._others[kind] += 1
            return
        self._logged_s[kind] = now_s
        level = logging.ERROR if fault else logging.WARNING if shown.status >= 500 else logging.INFO
        others = self._others.pop(kind, 0)
        more = f" (and {others} others)" if others else ""
        whose, words = f"of the app {app}" if app else "of a stranger", without_words(shown.message)
        log.log(level, "%s %s %s: %d %s: %s%s", endpoint, whose, what, shown.status, shown.code, words, more,
                exc_info=fault)  # fmt: skip
