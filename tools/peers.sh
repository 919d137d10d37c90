#!/usr/bin/env bash
# Installs programs that other people make, as they are, and has each work with Voi: tools/peers.sh realtime
#   realtime   clients of OpenAI's Realtime protocol (docs/clients.md); about 1.2 GB
#   rtvi       pipecat's JavaScript client (docs/rtvi.md)
#   mcp        servers of the Model Context Protocol (docs/tools.md#mcp)
# Needs network, Node with npm, and for realtime and rtvi Chromium. What comes from PyPI gets a venv each in .peers (or in
# VOI_PEERS), what comes from npm lies beside its scripts. More arguments go to pytest: tools/peers.sh realtime -k livekit
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { printf 'tools/peers.sh: %s\n' "$*" >&2; exit 1; }

case "${1:-}" in
    realtime) extras=(dev webrtc) modules="pytest, aiortc" ;;
    rtvi) extras=(dev) modules="pytest" ;;
    mcp) extras=(dev mcp) modules="pytest, mcp" ;;
    *)
        echo "usage: tools/peers.sh realtime|rtvi|mcp [PYTEST ARGUMENTS]" >&2
        exit 2
        ;;
esac
name=$1
shift
command -v node >/dev/null && command -v npm >/dev/null || fail "needs Node and npm (Debian, Ubuntu: apt-get install nodejs npm)"
if [ "$name" != mcp ]; then
    command -v chromium >/dev/null || command -v google-chrome >/dev/null || fail "needs Chromium (Debian: apt-get install chromium)"
fi
.venv/bin/python -c "import voi, $modules" 2>/dev/null || ./install.sh "${extras[@]}"

export VOI_PEERS=${VOI_PEERS:-$PWD/.peers}
while read -r list; do
    venv="$VOI_PEERS/$(basename "$list" .txt)"
    cmp -s "$list" "$venv/installed.txt" && continue
    echo "Installing $(basename "$list" .txt) into $venv"
    .venv/bin/python -m venv --clear "$venv"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$list"
    cp "$list" "$venv/installed.txt"
done < <(find "tests/peers/$name" -path '*/requirements/*.txt' -not -path '*/node_modules/*' | sort)
while read -r package; do
    (cd "$(dirname "$package")" && npm ci --no-audit --no-fund </dev/null)
done < <(find "tests/peers/$name" -name package.json -not -path '*/node_modules/*')

tests=("tests/peers/$name"/test_*.py)
[ -e "${tests[0]}" ] || tests=("tests/peers/test_$name.py")
exec .venv/bin/python -m pytest -rs "${tests[@]}" "$@"
