"""The benchmark's modules are scripts in bench/: importable here as they are there."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
