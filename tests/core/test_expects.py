import pytest

from voi.core.expects import Expects, expects


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("", Expects.OPEN),
        ("It is sunny.", Expects.OPEN),
        ("How can I help you?", Expects.OPEN),
        ("What is your phone number?", Expects.NUMBER),
        ("Sure. Could you give me your account number, please?", Expects.NUMBER),
        ("Please tell me your date of birth.", Expects.NUMBER),
        ("Could you spell that for me?", Expects.SPELLING),
        ("And what is your e-mail address?", Expects.SPELLING),
        ("What is your street address?", Expects.LIST),
        ("Is that right?", Expects.YES_NO),
        ("I have you down for Monday at three. Does that work?", Expects.YES_NO),
        ("Your number is 555 0199, correct?", Expects.YES_NO),
        ("Would you like tea or coffee?", Expects.CHOICE),
        ("What is your phone number? I will call you back.", Expects.NUMBER),
    ],
)
def test_what_the_last_question_asks_for(said: str, kind: Expects):
    assert expects(said) is kind
