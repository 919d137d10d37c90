"""Close codes of WebSockets in our words."""

import pytest

from voi.engines.cloud.refusal import closed, refusal


@pytest.mark.parametrize(
    ("code", "words", "told", "retryable"),
    [(1008, "quota_exceeded", "no credit left", False), (1011, "planted", "failed (close code 1011)", True),
     (1012, "", "failed (close code 1012)", True), (3009, "", "takes no more at once", True),
     (4001, "", "refused the key", False), (4002, "", "no credit left", False),
     (1011, "NET-0001: no audio received within the timeout window", "got nothing for some time", True),
     (1008, "DATA-0000", "refused what it was sent", False)],
)  # fmt: skip
def test_close_codes(code: int, words: str, told: str, retryable: bool) -> None:
    error = closed("ear", code, words)
    assert told in str(error)
    assert error.retryable is retryable
    assert "planted" not in str(error)


def test_a_key_without_the_right_to_a_model() -> None:
    assert "does not have that model" in str(refusal("ear", 403, "You have no access to the requested model."))
    assert "refused the key" in str(refusal("ear", 403, ""))
