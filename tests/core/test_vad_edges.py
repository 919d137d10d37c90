from hypothesis import given
from hypothesis import strategies as st

from voi.core.facts import QuietGrew, SpeechGrew, UserStarted
from voi.core.vad_edges import VadEdges, VadRules


def hear(speech: VadEdges, pattern: str) -> list[object]:
    """Feed one window a letter: `x` voice, `.` none."""
    facts = (speech.window(0.9 if letter == "x" else 0.1) for letter in pattern)
    return [fact for fact in facts if fact]


def test_voice_sets_in_after_three_windows_and_is_dated_back() -> None:
    assert hear(VadEdges(), "....xxxx") == [UserStarted(128), SpeechGrew(128)]


def test_blips_are_not_speech() -> None:
    assert hear(VadEdges(), "xx.x.xx..x") == []


def test_quiet_is_told_from_the_first_window() -> None:
    assert hear(VadEdges(), "xxx...") == [UserStarted(0), QuietGrew(32), QuietGrew(64), QuietGrew(96)]


def test_one_quiet_window_is_no_pause() -> None:
    assert hear(VadEdges(), "xxx.x.x") == [
        UserStarted(0),
        QuietGrew(32),
        SpeechGrew(160),
        QuietGrew(32),
        SpeechGrew(224),
    ]


def test_voice_after_a_pause_sets_in_again() -> None:
    facts = hear(VadEdges(), "xxx..xxxx")
    assert facts == [UserStarted(0), QuietGrew(32), QuietGrew(64), UserStarted(160), SpeechGrew(128)]


def test_a_blip_in_a_pause_holds_the_quiet_back_but_does_not_end_it() -> None:
    assert hear(VadEdges(), "xxx..xx.x.") == [
        UserStarted(0), QuietGrew(32), QuietGrew(64), QuietGrew(160), QuietGrew(224),
    ]  # fmt: skip


def test_after_the_turn_nothing_is_told_until_voice_sets_in() -> None:
    speech = VadEdges()
    hear(speech, "xxx..")
    speech.end_turn()
    assert hear(speech, "..x..") == []
    assert hear(speech, "xxx") == [UserStarted(320)]


def test_a_turn_that_ends_in_the_middle_of_speech_begins_another() -> None:
    speech = VadEdges()
    hear(speech, "xxxx")
    speech.end_turn()
    assert hear(speech, "xxxx") == [UserStarted(128), SpeechGrew(128)]


def test_an_onset_under_way_survives_the_end_of_the_turn() -> None:
    speech = VadEdges()
    hear(speech, "xxx...xx")
    speech.end_turn()
    assert hear(speech, "x") == [UserStarted(192)]


def test_hysteresis_keeps_speech_going() -> None:
    speech = VadEdges(rules=VadRules(start_probability=0.6, stay_probability=0.35, start_ms=32))
    facts = [speech.window(p) for p in (0.5, 0.6, 0.4, 0.3)]
    assert facts == [None, UserStarted(32), SpeechGrew(64), QuietGrew(32)]


def test_sound_stays_marked_as_speech_a_little_longer() -> None:
    speech = VadEdges()
    voiced = []
    for letter in ".x.xxx.....":
        hear(speech, letter)
        voiced.append(speech.voiced)
    assert voiced == [False, True, False, True, True, True, True, True, True, False, False]


@given(st.text("x.", max_size=120), st.sets(st.integers(0, 119)))
def test_facts_are_always_in_order(pattern: str, turn_ends: set[int]) -> None:
    speech = VadEdges()
    in_turn, quiet_ms, spoken_ms, last_start_ms = False, 0, 0, -1
    for index, letter in enumerate(pattern):
        match speech.window(float(letter == "x")):
            case UserStarted(audio_ms):
                assert last_start_ms < audio_ms <= index * 32
                assert pattern[audio_ms // 32 : index + 1] == "xxx"
                in_turn, quiet_ms, spoken_ms, last_start_ms = True, 0, 96, audio_ms
            case SpeechGrew(speech_ms):
                assert in_turn
                assert letter == "x"
                assert speech_ms > spoken_ms
                quiet_ms, spoken_ms = 0, speech_ms
            case QuietGrew(now_quiet_ms):
                assert in_turn
                assert letter == "."
                assert now_quiet_ms > quiet_ms
                assert pattern[index + 1 - now_quiet_ms // 32 : index + 1].count("xxx") == 0
                quiet_ms = now_quiet_ms
        if index in turn_ends:
            speech.end_turn()
            in_turn, quiet_ms = False, 0
    if in_turn:
        facts = [speech.window(0.0) for _ in range(5)]
        assert all(isinstance(fact, QuietGrew) for fact in facts)  # liveness: quiet always grows in the end
