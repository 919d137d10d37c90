#!/usr/bin/env python3
"""Fit the weights of `voi/core/can_end.py` to chat between people.

    pip install --no-deps --target DATA chitchat-dataset      (MIT, Perception, Control and Cognition Lab, 2019)
    python tools/fit_can_end.py DATA/chitchat_dataset/dataset.json [--write]

Each word of a message is a place to break off; the last word of a sentence is an end. Prints how well ends are told
from other words in messages that were left out. `--write` puts the weights beside the module. Needs torch
(`./install.sh train`).
"""

import argparse
import gzip
import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from voi.core.can_end import SCALE, WEIGHTS, features, is_word, tokens  # noqa: E402

LEAST_TIMES, FEATURES_MAX = 20, 40_000
"""What fewer messages have is left out, so that nobody's own words are in the weights."""
LEFT_OUT = 4_000
LONGEST = 60
LEAST_WEIGHT = 0.12
"""What weighs less is left out, but for the words themselves, by which a language is known."""
RATES, BATCH = (0.02, 0.01, 0.003), 4_096
SEED = 1

Message = tuple[list[str], list[int]]
"""Its words, and for each 1: an end, 0: none, 2: nobody can tell."""


def messages(dataset: Path) -> list[Message]:
    found = []
    for conversation in json.loads(dataset.read_text()).values():
        for turn in conversation["messages"]:
            found += [one for message in turn if 0 < len((one := read(message["text"]))[0]) < LONGEST]
    random.Random(SEED).shuffle(found)
    return found


def read(text: str) -> Message:
    words: list[str] = []
    ends: list[int] = []
    for token in tokens(text):
        if is_word(token):
            words.append(token)
            ends.append(0)
        elif ends:
            ends[-1] = 2 if ".." in token or "…" in token else 1
    if ends:
        ends[-1] = 1
    return words, ends


def places(chosen: Iterable[Message]) -> Iterator[tuple[tuple[str, ...], int]]:
    for words, ends in chosen:
        for last, end in enumerate(ends):
            if end < 2:
                yield features(words, last), end


def matrix(chosen: Iterable[Message], index: dict[str, int]) -> tuple[torch.Tensor, torch.Tensor]:
    rows, ends = [], []
    for names, end in places(chosen):
        rows.append(np.array([index.get(name, 0) for name in names], np.int32))
        ends.append(end)
    return torch.from_numpy(np.array(rows)), torch.tensor(ends, dtype=torch.float32)


def fit(rows: torch.Tensor, ends: torch.Tensor, size: int) -> tuple[Any, float]:
    torch.manual_seed(SEED)
    weights = torch.nn.EmbeddingBag(size, 1, mode="sum", sparse=True, padding_idx=0)
    torch.nn.init.zeros_(weights.weight)
    bias = torch.zeros(1, requires_grad=True)
    of_weights = torch.optim.SparseAdam(list(weights.parameters()), lr=RATES[0])
    of_bias = torch.optim.Adam([bias], lr=RATES[0])
    for rate in RATES:
        of_weights.param_groups[0]["lr"] = rate
        order = torch.randperm(len(ends))
        for start in range(0, len(ends), BATCH):
            chosen = order[start : start + BATCH]
            odds = weights(rows[chosen]).squeeze(1) + bias
            loss = torch.nn.functional.binary_cross_entropy_with_logits(odds, ends[chosen])
            of_weights.zero_grad()
            of_bias.zero_grad()
            loss.backward()
            of_weights.step()
            of_bias.step()
    return weights.weight.detach().numpy()[:, 0], float(bias.detach())


def area(odds: Any, is_end: Any) -> float:
    """Probability that an end has higher odds than another word."""
    ranks = np.empty(len(odds))
    ranks[np.argsort(odds)] = np.arange(1, len(odds) + 1)
    ends = is_end.sum()
    return float((ranks[is_end].sum() - ends * (ends + 1) / 2) / ends / (len(odds) - ends))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    found = messages(args.dataset)
    counts = Counter(name for names, _ in places(found[LEFT_OUT:]) for name in names)
    often = [name for name, times in counts.most_common(FEATURES_MAX) if times >= LEAST_TIMES]
    index = {name: number for number, name in enumerate(often, 1)}
    weights, bias = fit(*matrix(found[LEFT_OUT:], index), len(index) + 1)
    kept = {name: weights[at] for name, at in index.items() if name[0] == "1" or abs(weights[at]) >= LEAST_WEIGHT}
    rows, ends = matrix(found[:LEFT_OUT], {name: index[name] for name in kept})
    odds = weights[rows.numpy()].sum(1) + bias
    print(f"{len(found) - LEFT_OUT} messages, {len(kept)} weights; left out: {len(ends)} words, ", end="")
    print(f"area under the curve {area(odds, ends.numpy() > 0):.3f}")
    if args.write:
        lines = [f"\t{round(bias * SCALE)}", *(f"{name}\t{round(float(kept[name]) * SCALE)}" for name in sorted(kept))]
        with WEIGHTS.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
            file.write("\n".join(lines).encode())
        print(f"{WEIGHTS}: {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
