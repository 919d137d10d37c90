import pytest

from voi.core.completeness import parse_completeness


@pytest.mark.parametrize(
    ("answer", "complete"),
    [
        ('{"status": "complete", "reason": "a whole question"}', True),
        ('{"status": "incomplete", "reason": "it is not complete"}', False),
        ("```json\n{'status': 'Incomplete'", False),
        ("{status: complete}", True),
        ('{"status": true}', True),
        ("complete", True),
        ("The turn is not complete.", False),
        ("unfinished", False),
        ('{"status": "complete or incomplete"}', None),
        ('{"status": 5}', None),
        ("I cannot tell", None),
        ("", None),
    ],
)
def test_verdicts(answer, complete):
    assert parse_completeness(answer) is complete
