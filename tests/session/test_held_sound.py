from voi.core.guard import PatternGuard
from voi.session.held_sound import HeldSound


def test_sound_waits_for_its_words() -> None:
    held = HeldSound(PatternGuard(["as an AI"]))
    assert held.feed("Well, ", b"1")[1] == b"1"
    assert held.feed("as ", b"2")[1] == b""
    assert held.feed("an ", b"3")[1] == b""
    text, sound = held.feed("actor, ", b"4")
    assert (text.strip(), sound) == ("as an actor,", b"234")


def test_of_what_is_denied_no_sound_goes_out() -> None:
    held = HeldSound(PatternGuard(["as an AI"]))
    out = [held.feed(word, word.encode()) for word in ("Sure. ", "as ", "an ", "AI ", "no.")] + [held.close()]
    assert held.denied
    assert b"".join(sound for _, sound in out) == b"Sure. "


def test_without_a_guard_nothing_waits() -> None:
    held = HeldSound(None)
    assert held.feed("as an AI", b"1") == ("as an AI", b"1")
    assert held.close() == ("", b"")
