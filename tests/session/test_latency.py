from voi.session.latency import Latency, TurnTimes


def test_a_speculative_turn_is_counted_from_the_end_of_speech() -> None:
    latency = Latency()
    for quiet_ms in (32, 64, 96):
        latency.quiet(quiet_ms, 1_000 + quiet_ms)
    latency.transcribed(1_110)
    latency.started(3, speculative=True)
    latency.token(3, 1_160)
    latency.token(3, 1_180)
    latency.sound(3, 1_200)
    latency.quiet(256, 1_256)
    latency.released(3, 1_257)
    assert latency.ended(3, 1_258) == TurnTimes(1, True, 257, 110, 160, 200, 258)
    assert latency.ended(3, 1_300) is None


def test_a_new_pause_begins_a_new_count() -> None:
    latency = Latency()
    latency.quiet(32, 1_032)
    latency.transcribed(1_100)
    latency.quiet(32, 2_032)
    latency.started(1, speculative=False)
    latency.released(1, 2_300)
    assert latency.ended(1, None) == TurnTimes(1, False, 300)


def test_dropped_speculation_and_phrases_are_no_turns() -> None:
    latency = Latency()
    latency.started(1, speculative=True)
    assert latency.ended(1, None) is None
    latency.released(2, 100)
    latency.token(2, 100)
    assert latency.ended(2, 150) is None
    latency.asked(500)
    latency.started(3, speculative=False)
    latency.released(3, 500)
    times = latency.ended(3, 520)
    assert times is not None
    assert (times.turn, times.endpoint_ms, times.first_sent_ms) == (1, 0, 20)
    assert times.as_dict()["first_token_ms"] is None
