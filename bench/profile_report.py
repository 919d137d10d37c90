"""Where the time goes, from py-spy's folded stacks: python bench/profile_report.py results/voi/profile-100.raw"""

import re
import sys
from collections import Counter
from pathlib import Path

FRAME = re.compile(r"^(?P<function>.*) \((?P<file>.*?)(?::\d+)?\)$")
SHOWN = 15


def module(frame: str) -> str | None:
    """The file that a frame belongs to, when it is Voi's, a peer's or a known library's."""
    if not (match := FRAME.match(frame)):
        return None
    path = match["file"]
    if found := re.search(r"(?:^|/)(voi/.*|peers/.*|common/.*)$", path):
        return found[1]
    if found := re.search(r"site-packages/([^/]+)", path):
        return found[1]
    return None


def main(path: str) -> None:
    modules: Counter[str] = Counter()
    leaves: Counter[str] = Counter()
    for line in Path(path).read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        leaves[re.sub(r":\d+\)$", ")", frames[-1])] += int(count)
        owner = next((m for frame in reversed(frames) if (m := module(frame))), "event loop and interpreter")
        modules[owner] += int(count)
    total = sum(leaves.values())
    for title, counter in (("by module (nearest to the leaf)", modules), ("by function", leaves)):
        print(f"{path}: {total} samples {title}")
        for name, samples in counter.most_common(SHOWN):
            print(f"  {samples / total:6.1%}  {name}")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        main(argument)
