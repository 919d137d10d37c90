#!/usr/bin/env bash
# Installs clients that other people make, as they are, and has each hold a conversation with Voi: tools/peers.sh realtime
# Needs network, Node with npm, and Chromium for the browser. The clients of Python get a venv each in .peers (about 1 GB; or
# in VOI_PEERS), those of npm lie beside their scripts. More arguments go to pytest: tools/peers.sh realtime -k livekit
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# -eq 0 ] || [ ! -d "tests/peers/$1" ]; then
    echo "usage: tools/peers.sh NAME [PYTEST ARGUMENTS], NAME a folder of tests/peers" >&2
    exit 2
fi
name=$1
shift
export VOI_PEERS=${VOI_PEERS:-$PWD/.peers}
for list in "tests/peers/$name"/clients/requirements/*.txt; do
    [ -e "$list" ] || continue
    venv="$VOI_PEERS/$(basename "$list" .txt)"
    if ! cmp -s "$list" "$venv/installed.txt"; then
        .venv/bin/python -m venv "$venv"
        "$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$list"
        cp "$list" "$venv/installed.txt"
    fi
done
while read -r package; do
    (cd "$(dirname "$package")" && npm ci --no-audit --no-fund)
done < <(find "tests/peers/$name" -name package.json -not -path '*/node_modules/*')
tests=("tests/peers/$name"/test_*.py)
[ -e "${tests[0]}" ] || tests=("tests/peers/test_$name.py")
exec .venv/bin/python -m pytest "${tests[@]}" "$@"
