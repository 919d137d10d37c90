from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.errors import ConfigError
from voi.training.splits import SPLITS, TEST, TRAIN, VALIDATION, deal

GROUPS = st.sets(st.text(min_size=1, max_size=8), min_size=3, max_size=60)
SHARES = st.floats(0.01, 0.25)


@given(GROUPS, SHARES, SHARES)
def test_everything_is_dealt_and_every_split_gets_some(groups: set[str], validation: float, test: float) -> None:
    dealt = deal(groups, validation, test)
    assert dealt.keys() == groups
    assert set(dealt.values()) == set(SPLITS)
    assert dealt == deal(sorted(groups, reverse=True), validation, test)


def test_more_recordings_move_no_older_ones() -> None:
    some = [f"sentence {number}" for number in range(500)]
    more = deal([*some, *(f"another {number}" for number in range(500))], 0.05, 0.1)
    assert {group: more[group] for group in some} == deal(some, 0.05, 0.1)


def test_shares_are_kept() -> None:
    counts = Counter(deal((f"sentence {number}" for number in range(20_000)), 0.05, 0.1).values())
    assert counts[VALIDATION] == pytest.approx(1_000, rel=0.1)
    assert counts[TEST] == pytest.approx(2_000, rel=0.1)


def test_another_seed_deals_otherwise() -> None:
    groups = [f"sentence {number}" for number in range(100)]
    assert deal(groups, 0.2, 0.2, "a") != deal(groups, 0.2, 0.2, "b")


def test_few_groups_and_no_share() -> None:
    assert set(deal(["a", "b"], 0.0, 0.0).values()) == {TRAIN}
    assert set(deal(["a", "b"], 0.05, 0.05).values()) == {TRAIN, VALIDATION}
    assert deal(["a"], 0.05, 0.05) == {"a": TRAIN}
    assert set(deal([str(n) for n in range(40)], 0.1, 0.0).values()) == {TRAIN, VALIDATION}
    assert deal([], 0.1, 0.1) == {}


@pytest.mark.parametrize("shares", [(-0.1, 0.1), (0.3, 0.3)])
def test_shares_that_make_no_sense(shares: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="shares"):
        deal(["a"], *shares)
