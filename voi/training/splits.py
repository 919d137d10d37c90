"""Assigns recordings to splits: training, validation (used during training) and test (used only after it)."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

from voi.errors import ConfigError

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
"""The most needed split comes first."""


def deal(
    groups: Iterable[str],
    validation_share: float,
    test_share: float,
    seed: str = "",
    dealt_before: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """A split for each group, by a hash of its name. Groups in `dealt_before` (group: split) keep their split, so that
    a model is never tested with recordings that it was trained on.

    A group is what must not be in two splits: the recordings of one sentence, or of one speaker. A split that the hash
    leaves empty gets a group of another split that can spare one, if it is not in `dealt_before`: first training, then
    validation, which training needs, then the test.
    """
    if min(validation_share, test_share) < 0 or validation_share + test_share > 0.5:
        raise ConfigError("The shares for validation and test must be at least 0 and at most 0.5 together.")
    before = dealt_before or {}
    places = {group: _place(seed, group) for group in set(groups)}
    fresh = sorted(places.keys() - before.keys(), key=lambda group: (places[group], group))
    dealt = {group: before[group] for group in places.keys() & before.keys()}
    for group in fresh:
        place = places[group]
        dealt[group] = TEST if place < test_share else VALIDATION if place < test_share + validation_share else TRAIN
    needs = [(TRAIN, 1.0, fresh[::-1]), (VALIDATION, validation_share, fresh), (TEST, test_share, fresh)]
    for rank, (split, share, candidates) in enumerate(needs):
        if share > 0 and split not in dealt.values():
            counts = Counter(dealt.values())
            spare = [group for group in candidates if counts[dealt[group]] > 1]
            spare += [group for group in candidates if dealt[group] in SPLITS[rank + 1 :]]
            if spare:
                dealt[spare[0]] = split
    return dealt


def _place(seed: str, group: str) -> float:
    digest = hashlib.blake2b(f"{seed}\0{group}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
