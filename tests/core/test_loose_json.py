from hypothesis import given
from hypothesis import strategies as st

from voi.core.loose_json import loose_object


def test_what_models_write():
    assert loose_object('Sure: {"A": 1, "b": [2]} bye') == {"a": 1, "b": [2]}
    assert loose_object("{'class': 'x', reason: it is so, “tone”: “warm”") == {
        "class": "x",
        "reason": "it is so",
        "tone": "warm",
    }
    assert loose_object("no object") == {}
    assert loose_object("{" * 10_000) == {}


def test_only_the_beginning_is_read():
    """Patterns are tried at every character: a model that never ends must not be dear to judge."""
    assert loose_object(" " * 7_000 + '{"class": "denial"}') == {"class": "denial"}
    assert loose_object(" " * 8_000 + '{"class": "denial"}') == {}


@given(st.text(alphabet="{}[]\"':,ab \n\\", max_size=80))
def test_never_raises(text):
    assert isinstance(loose_object(text), dict)
