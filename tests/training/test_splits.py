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


@given(GROUPS, GROUPS, SHARES, SHARES)
def test_what_was_dealt_stays_where_it_is(some: set[str], more: set[str], validation: float, test: float) -> None:
    before = deal(some, validation, test)
    after = deal(some | more, validation, test, dealt_before=before)
    assert before.items() <= after.items()
    assert after.keys() == some | more
    without_some = deal(more, validation, test, dealt_before=before)
    assert without_some.keys() == more
    assert all(without_some[group] == before[group] for group in more & some)


@pytest.mark.parametrize(
    ("before", "fresh", "after"),
    [
        ({"a": TRAIN}, "bc", {TRAIN, VALIDATION, TEST}),
        ({"a": VALIDATION}, "b", {VALIDATION, TRAIN}),
        ({"a": TEST}, "b", {TEST, TRAIN}),
        ({"a": TEST}, "bc", {TEST, TRAIN, VALIDATION}),
        ({"a": TRAIN, "b": TRAIN}, "c", {TRAIN, VALIDATION}),
        ({"a": TRAIN, "b": TRAIN}, "", {TRAIN}),
    ],
)
def test_a_split_that_is_empty_gets_what_is_new(before: dict[str, str], fresh: str, after: set[str]) -> None:
    for seed in map(str, range(30)):
        dealt = deal([*before, *fresh], 0.25, 0.25, seed, before)
        assert before.items() <= dealt.items()
        assert set(dealt.values()) == after


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
