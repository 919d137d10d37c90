from hypothesis import given
from hypothesis import strategies as st

from voi.config.problems import did_you_mean, json_path, quoted


def test_json_paths_quote_what_is_not_a_word() -> None:
    assert json_path(("my_bro", "examples", 0, "user")) == "$.my_bro.examples[0].user"
    assert json_path(("llama_3.1", 'a"b')) == '$["llama_3.1"]["a\\"b"]'


def test_close_names_are_suggested_and_others_listed() -> None:
    assert did_you_mean("freind", ["friend", "echo"]) == ' (did you mean "friend"?)'
    assert did_you_mean("promt", ["system_prompt", "tone"]) == ' (did you mean "system_prompt"?)'
    assert did_you_mean("zzz", ["b", "a"]) == ' (there are "a", "b")'
    assert did_you_mean("zzz", ["b", "a"], list_them=False) == ""
    assert did_you_mean("zzz", []) == ""


@given(st.text(st.characters(), max_size=200))
def test_quoted_text_is_short_and_printable(text: str) -> None:
    shown = quoted(text)
    shown.encode()
    assert len(shown) <= 6 * 61 + 2
    assert not any(ord(letter) < 32 for letter in shown)


def test_half_a_surrogate_pair_can_be_quoted() -> None:
    assert quoted("a\ud800b") == '"a?b"'
