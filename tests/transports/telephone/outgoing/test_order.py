"""Orders as they come in and are kept."""

import pytest
from pydantic import ValidationError

from voi.transports.telephone.outgoing.order import CallOrder, order_of

ORDER = {"to": "+4930123456", "account": "desk", "agent": "ada"}


def test_metadata_comes_back_as_it_was() -> None:
    metadata = {"a": [1, -1.5, True, None, "ö", {"b": 2**64 - 1}]}
    order = CallOrder.model_validate({**ORDER, "metadata": metadata})
    kept = order_of(order.as_details())
    assert kept is not None
    assert kept.metadata == metadata


def test_numbers_that_cannot_be_told_again_are_refused() -> None:
    """Else the event of such a call could never be sent."""
    for number in (float("inf"), float("nan"), 2**64, -(2**63) - 1, 10**4_000):
        with pytest.raises(ValidationError, match="write it as a text"):
            CallOrder.model_validate({**ORDER, "metadata": {"a": [number]}})
