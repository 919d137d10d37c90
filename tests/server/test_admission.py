"""Places for conversations."""

import pytest

from voi.server.admission import Admission
from voi.server.failures import Refused


def test_nobody_before_it_opens_and_after_it_closes() -> None:
    admission = Admission(2)
    with pytest.raises(Refused, match="starting"):
        admission.admit()
    admission.open()
    admission.admit()
    admission.close("Going home.")
    with pytest.raises(Refused, match=r"Going home\."):
        admission.admit()
    assert (admission.active, admission.is_open) == (1, False)


def test_full_and_free_again() -> None:
    admission = Admission(2)
    admission.open()
    admission.admit()
    admission.admit()
    with pytest.raises(Refused, match="full: it holds 2"):
        admission.admit()
    admission.leave()
    admission.admit()
    assert admission.active == 2
