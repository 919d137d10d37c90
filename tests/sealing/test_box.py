import pytest

from voi.sealing.box import OVERHEAD_BYTES, Unreadable, derived_key, new_key, seal, unseal

KEY = new_key()


def test_a_box_opens_with_its_key_and_place() -> None:
    box = seal(KEY, b"hello", b"messages 1")
    assert unseal(KEY, box, b"messages 1") == b"hello"
    assert len(box) == 5 + OVERHEAD_BYTES
    assert b"hello" not in box


def test_the_same_words_look_different_each_time() -> None:
    assert seal(KEY, b"hello", b"") != seal(KEY, b"hello", b"")


@pytest.mark.parametrize(
    ("key", "change", "place"),
    [(new_key(), 0, b"here"), (KEY, 1, b"here"), (KEY, 0, b"there")],
    ids=["another key", "a changed bit", "another place"],
)
def test_what_does_not_fit_is_unreadable(key: bytes, change: int, place: bytes) -> None:
    box = bytearray(seal(KEY, b"hello", b"here"))
    box[-1] ^= change
    with pytest.raises(Unreadable):
        unseal(key, bytes(box), place)


@pytest.mark.parametrize("box", [b"", b"short", bytes(12)])
def test_what_is_no_box_is_unreadable(box: bytes) -> None:
    with pytest.raises(Unreadable):
        unseal(KEY, box, b"")


def test_keys_are_derived_by_purpose() -> None:
    secret = "s" * 40
    assert derived_key(secret, "a") == derived_key(secret, "a") != derived_key(secret, "b")
    assert len(derived_key(secret, "a")) == 32
