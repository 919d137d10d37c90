"""Sounds over the agent through the real server: what a recording says of them."""

import json

from bench.overlap.live import tell
from bench.overlap.trial import Outcome
from voi.core.actions import Action, Duck, Release, Resume, SendStatus, Status
from voi.core.facts import Fact, QuietGrew, ReplySounded, SpeechGrew, UserStarted, VoiceJudged
from voi.core.journal import encode_entry

Step = tuple[int, Fact, list[Action]]


def told(*steps: Step) -> Outcome:
    outcome = Outcome("a", "interruption", "stop", "over clean")
    tell(outcome, [json.dumps(encode_entry(at_ms, fact, actions)) for at_ms, fact, actions in steps])
    return outcome


def test_times_are_on_the_clock_of_the_sound() -> None:
    """The conversation's clock is 300 ms ahead of the sound's, and once it was 40 ms late."""
    outcome = told(
        (100, ReplySounded(1), [Release(1, 1)]),
        (1_396, UserStarted(1_000), [Duck(1, "soft")]),
        (1_428, SpeechGrew(128), []),
        (1_500, SpeechGrew(160), []),
        (1_510, VoiceJudged(1, 160, 0.9, 0.6), [Duck(1, "deep")]),
        (1_720, SpeechGrew(416), [SendStatus(Status.USER_INTERRUPT)]),
    )
    assert outcome.answered is None, "that was the greeting"
    since = outcome.since_onset
    assert (since(outcome.soft_ms), since(outcome.deep_ms), since(outcome.stop_ms)) == (96, 210, 420)
    assert outcome.voice_end_ms == 1_416
    assert outcome.stopped


def test_what_did_not_stop_it_is_over_when_it_is_loud_again() -> None:
    outcome = told(
        (1_096, UserStarted(1_000), [Duck(1, "soft")]),
        (1_192, SpeechGrew(192), []),
        (1_352, QuietGrew(160), [Resume(1)]),
        (1_400, ReplySounded(2), [Release(2, 3)]),
    )
    assert outcome.voice_end_ms == 1_192
    assert outcome.loud_again_ms == 1_352
    assert not outcome.stopped
    assert outcome.answered
