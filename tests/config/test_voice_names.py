from voi.config.voice_names import known_as

ZOE, APART = "Zo\u00e9", "Zoe\u0301"


def test_a_name_is_the_same_in_both_forms_of_unicode() -> None:
    assert known_as(APART, ["Ada", ZOE]) == ZOE
    assert known_as(ZOE, ["Ada", APART]) == APART
    assert known_as(APART, [ZOE, APART]) == APART
    assert known_as("zo\u00e9", [ZOE]) is None
    assert known_as("", []) is None
