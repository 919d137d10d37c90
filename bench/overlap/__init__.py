"""Measures turn-taking on labelled clips: see docs/turn-taking.md. `python -m bench.turns` prints how."""
