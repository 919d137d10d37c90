"""Turns what a speech provider answers into our errors: who is to blame, and what to do.

A provider's own words may quote what was said, or a key. So they are searched, and never repeated.
"""

import re
from collections.abc import Mapping

from voi.errors import EngineError

WORDS_MAX = 20_000
"""Most characters of a provider's words that are searched."""

_NO_CREDIT = re.compile(
    r"insufficient.?(quota|credit|balance|funds)|quota.?exceeded|out of credits?|billing|credit.?limit"
)
_BAD_KEY = re.compile(
    r"invalid.{0,12}(api.?)?key|incorrect api key|unauthori[sz]ed|not.?authori[sz]ed|unauthenticated|invalid auth"
)
_BUSY = re.compile(r"concurren|too.?many.?(requests|connections|sessions)|rate.?limit|system.?busy|max.?active")
_NO_VOICE = re.compile(r"voice.{0,40}(not|does not|unknown|invalid)|(no such|unknown|invalid) voice|voice_not_found")
_NO_MODEL = re.compile(
    r"access to.{0,40}model|(unknown|invalid)[ _]model|model_not_found"
    r"|model.{0,40}(not (found|supported)|does not exist|unknown|invalid)"
)
_TOO_LONG = re.compile(r"character.?limit|too long|at most \d+ characters|string_above_max")
_TIMEOUT = re.compile(r"time.?out|timed.?out|inactiv|expired")
_PASSING = frozenset({408, 425, 429, 498, 529})
_PASSING_CODES = frozenset({1006, 1011, 1012, 1013, 1014, 3005})
_MEANT: Mapping[int, int] = {4001: 401, 4002: 402, 3009: 429}
"""Close codes of services that mean an HTTP status."""


def refusal(name: str, status: int | None, words: str) -> EngineError:
    """The error for an HTTP status (None: the words came over a WebSocket) and the provider's words. `name`: the
    engine, as in the configuration."""
    words = words[:WORDS_MAX].lower()
    message, retryable = _explained(name, status, words)
    limit = status in (402, 429) or any(full.search(words) for full in (_NO_CREDIT, _BUSY))
    return EngineError(message, retryable=retryable, limit=limit)


def closed(name: str, code: int, words: str) -> EngineError:
    """The error for a WebSocket that was closed with that code and reason."""
    if (status := _MEANT.get(code)) is not None:
        return refusal(name, status, words)
    error = refusal(name, None, words)
    if code in _PASSING_CODES and str(error) == str(refusal(name, None, "")):
        return EngineError(f"{name} failed (close code {code}).", retryable=True)
    return error


def _explained(name: str, status: int | None, words: str) -> tuple[str, bool]:
    told = f" (HTTP {status})" if status is not None else ""
    if status == 402 or _NO_CREDIT.search(words):
        return f"The account at {name} has no credit left{told}: top it up, or raise its limit.", False
    if status == 429 or _BUSY.search(words):
        return f"{name} takes no more at once{told}: its plan's limit is reached. Set `at_once` to that limit.", True
    if status == 403 and _NO_MODEL.search(words):
        return f"{name} does not have that model for this key{told}: check the option `model`.", False
    if status in (401, 403) or _BAD_KEY.search(words):
        return f"{name} refused the key{told}: check the environment variable that `api_key` names.", False
    if _TIMEOUT.search(words):
        return f"{name} closed the connection, since it got nothing for some time{told}.", True
    if _NO_VOICE.search(words):
        return f"{name} does not have that voice{told}: `voi voice list` shows its voices.", False
    if _NO_MODEL.search(words):
        return f"{name} does not have that model{told}: check the option `model`.", False
    if _TOO_LONG.search(words) or status == 413:
        return f"The text was too long for {name}{told}: lower the model's `avg_text_len`.", False
    if status == 404:
        return (
            f"{name} has nothing at that address{told}: check the options `url`, `model` and the voice's name.",
            False,
        )
    if status is not None and 300 <= status < 400:
        return f"{name} answered with a redirect{told}: check the option `url`.", False
    if status is not None and (status >= 500 or status in _PASSING):
        return f"{name} failed{told}.", True
    if status is None:
        return f"{name} refused what it was sent: check its options.", False
    return f"{name} refused the request{told}: check its options.", False
