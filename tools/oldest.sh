#!/usr/bin/env bash
# Puts the oldest versions that pyproject.toml allows into .venv, to test that its ranges begin where they say.
# ./install.sh brings the locked ones back.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
.venv/bin/python -m pip install -q --disable-pip-version-check 'uv>=0.13,<1'
rm -f .venv/voi-installed
oldest=$(mktemp)
trap 'rm -f "$oldest"' EXIT
.venv/bin/uv pip compile -q --resolution lowest-direct --extra media --extra turn --extra dev pyproject.toml -o "$oldest"
.venv/bin/uv pip install -q --python .venv/bin/python -r "$oldest"
