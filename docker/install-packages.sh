#!/usr/bin/env bash
# Inside the image: installs what a server needs and the given extras, exactly as locked, into the environment on PATH.
#   docker/install-packages.sh whisper xtts
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

files=(-r locks/server.lock)
torch=0
read -ra extras <<<"$*"
for extra in "${extras[@]}"; do
  [ -e "locks/$extra.lock" ] || { printf 'install-packages.sh: no lock for the extra %s\n' "$extra" >&2; exit 1; }
  files+=(-r "locks/$extra.lock")
  case "$extra" in whisper | xtts) torch=1 ;; esac
done
pip install --require-hashes --no-deps -r locks/installers.lock
pip install --require-hashes --no-deps --no-build-isolation "${files[@]}"
# torch without hashes, with the CUDA packages that it names itself (see tools/lock.py).
if [ "$torch" = 1 ]; then pip install -r locks/torch.lock; fi
