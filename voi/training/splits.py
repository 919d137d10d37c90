"""Who goes where: training, validation (while training) and test (after it, seen by nothing before)."""

import hashlib
from collections.abc import Iterable

from voi.errors import ConfigError

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)


def deal(groups: Iterable[str], validation_share: float, test_share: float, seed: str = "") -> dict[str, str]:
    """A split for each group, by a hash of its name: the same whenever it is asked, and whatever else there is.

    Groups keep together what must not be on both sides: recordings of one sentence, or of one speaker. Where so few
    groups are dealt that a split would stay empty, it gets the one nearest to it; of two, one is for validation, which
    training cannot do without.
    """
    if min(validation_share, test_share) < 0 or validation_share + test_share > 0.5:
        raise ConfigError("The shares for validation and test must be at least 0 and at most 0.5 together.")
    places = {group: _place(seed, group) for group in set(groups)}
    ranked = sorted(places, key=lambda group: (places[group], group))
    dealt = {}
    for group, place in places.items():
        dealt[group] = TEST if place < test_share else VALIDATION if place < test_share + validation_share else TRAIN
    if len(ranked) == 2 and validation_share > 0:
        return dict(zip(ranked, (VALIDATION, TRAIN), strict=True))
    if len(ranked) >= len(SPLITS):
        wanted = [(TEST, test_share, ranked), (VALIDATION, validation_share, ranked), (TRAIN, 1.0, ranked[::-1])]
        for split, share, candidates in wanted:
            if share > 0 and split not in dealt.values():
                counts = {name: list(dealt.values()).count(name) for name in SPLITS}
                dealt[next(group for group in candidates if counts[dealt[group]] > 1)] = split
    return dealt


def _place(seed: str, group: str) -> float:
    digest = hashlib.blake2b(f"{seed}\0{group}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
