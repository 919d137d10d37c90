"""Names of voices: which are allowed, and which are taken."""

import pytest

from voi.config.voice_names import checked_name, known_as, refuse_taken
from voi.errors import ClientError, NameTaken

ZOE, APART = "Zo\u00e9", "Zoe\u0301"


@pytest.mark.parametrize("name", ["Ada", "ada 2", "2nd", "Zoë", "आदित्य", "李娜", "Ada (warm), v1.2", "x" * 64])
def test_names(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "../x",
        "a/b",
        "a\\b",
        "a\n",
        "a\0",
        "-x",
        ".x",
        "x ",
        " x",
        "a\u202eb",
        "a\u200bb",
        "😀",
        "\u0301a",
        "x" * 65,
    ],
)
def test_no_names(name: str) -> None:
    with pytest.raises(ClientError, match="A voice's name"):
        checked_name(name)


def test_a_name_is_the_same_in_both_forms_of_unicode() -> None:
    assert checked_name(APART) == ZOE
    assert known_as(APART, ["Ada", ZOE]) == ZOE
    assert known_as(ZOE, ["Ada", APART]) == APART
    assert known_as(APART, [ZOE, APART]) == APART
    assert known_as("zo\u00e9", [ZOE]) is None
    assert known_as("", []) is None


@pytest.mark.parametrize(("name", "force", "says"), [
    ("ada", True, "only in upper and lower case"), ("Ada", False, "already"), ("Ada", True, ""), ("Eva", False, ""),
])  # fmt: skip
def test_names_that_are_taken(name: str, force: bool, says: str) -> None:
    if not says:
        refuse_taken((name,), ("Ada", "Robin"), force=force)
        return
    with pytest.raises(NameTaken, match=says):
        refuse_taken(("Bob", name), ("Ada", "Robin"), force=force)
