"""The ways of a frame and of a sentence are as short as `docs/architecture.md` says and pass no file that it lacks."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text()
FRAME_MAX, SENTENCE_MAX = 7, 32

pytestmark = pytest.mark.integration


def test_both_ways() -> None:
    pytest.importorskip("espeakng_loader")
    run = subprocess.run(
        [sys.executable, ROOT / "tools" / "journey.py"], capture_output=True, text=True, timeout=120, check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    frame, sentence = (ways := run.stdout.split("A sentence,"))[0], ways[1]
    documented = section("**A frame", "**A sentence"), section("**A sentence", "## Words")
    for way, page, most in zip((frame, sentence), documented, (FRAME_MAX, SENTENCE_MAX), strict=True):
        passed = re.findall(r"^    voi/(\S+)$", way, re.MULTILINE)
        assert passed
        assert {name for name in passed if name.rpartition("/")[2] not in page} == set()
        assert len(passed) <= most, passed


def section(begin: str, end: str) -> str:
    return PAGE.partition(begin)[2].partition(end)[0]
