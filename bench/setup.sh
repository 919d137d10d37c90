#!/usr/bin/env bash
# What the benchmark needs besides Voi's own .venv: one virtual environment for its tools and one for each peer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
install() {  # NAME PIP_ARGUMENTS...: pip runs only when the arguments or the requirements changed
  local venv="venvs/$1" stamp="venvs/$1/installed" wanted
  shift
  wanted="$* $(cat requirements.txt peers/*.txt | sha256sum)"
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
  echo "Installing $venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check "$@"
  [ "$venv" != venvs/tools ] || "$venv/bin/pip" install -q --disable-pip-version-check --no-deps silero-vad==6.2.3
  echo "$wanted" >"$stamp"
}
install tools -r requirements.txt
for peer in pipecat livekit; do install "$peer" -r "peers/$peer.txt"; done
mkdir -p results
venvs/tools/bin/python make_assets.py
