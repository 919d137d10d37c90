#!/usr/bin/env bash
# Installs Voi into .venv beside this file; the system's Python is never touched. Run it as often as you like.
#   ./install.sh                  what a server needs
#   ./install.sh sound litellm    optional extras as well (sound, litellm, whisper, faster-whisper, xtts, xtts-cjk, train, dev)
# PYTHON=/path/to/python3.12 chooses the interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

extras=(media turn)
for extra in "$@"; do
  case "$extra" in
    media | turn) ;;
    sound | litellm | dev | whisper | faster-whisper | xtts | xtts-cjk | train) extras+=("$extra") ;;
    *) fail "unknown extra '$extra'; there are: sound, litellm, whisper, faster-whisper, xtts, xtts-cjk, train, dev" ;;
  esac
done

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  if [ -n "${PYTHON:-}" ]; then
    is_recent "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer"
    echo "$PYTHON"
    return
  fi
  for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if is_recent "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  fail "Voi needs Python 3.11 or newer (Debian, Ubuntu: apt-get install python3 python3-venv), or set PYTHON=/path/to/it"
}

make_venv() {
  is_recent .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1 && return
  local python
  python=$(find_python)
  say "Making .venv with $("$python" --version)"
  "$python" -m venv --clear .venv || fail "could not make a virtual environment (Debian, Ubuntu: apt-get install python3-venv)"
}

# What was installed is written down, so that a second run asks no package index.
install_packages() {
  local stamp=.venv/voi-installed sum missing=0 extra
  sum=$(cat pyproject.toml setup.py | sha256sum | cut -c1-64)
  touch "$stamp"
  grep -qx "$sum" "$stamp" || { : >"$stamp"; missing=1; }
  for extra in "${extras[@]}"; do grep -qx "$extra" "$stamp" || missing=1; done
  [ "$missing" = 1 ] || return 0
  say "Installing Voi with ${extras[*]} (about two minutes the first time)"
  .venv/bin/python -m pip install -q --disable-pip-version-check -e ".[$(IFS=,; echo "${extras[*]}")]" ||
    fail "pip could not install the packages: see its message above"
  case " ${extras[*]} " in *" dev "*)
    # Only for its ONNX file, which the VAD's tests compare with; its torch dependency is not wanted.
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps silero-vad==6.2.3 ||
      fail "pip could not install silero-vad, which the tests need" ;;
  esac
  printf '%s\n' "$sum" "${extras[@]}" >>"$stamp"
}

secret() { .venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(48))'; }

make_configuration() {
  local name
  if [ ! -e .env ]; then
    (
      umask 077
      sed -e "s|^TOKEN_SECRET_KEY=.*|TOKEN_SECRET_KEY=$(secret)|" -e "s|^API_KEY=.*|API_KEY=$(secret)|" .env.example >.env.new
      mv .env.new .env
    )
    say "Made .env with new random secrets"
  fi
  for name in agents.json tts_models.json litellm_config.yaml; do
    if [ ! -e "$name" ]; then
      cp "${name%.*}.example.${name##*.}" "$name"
      say "Made $name from its example"
    fi
  done
}

pull_models() {
  .venv/bin/voi models pull smart-turn ||
    say "Went on without the smart-turn weights: the end of a turn is judged by its silence and its words." \
        "To try again: .venv/bin/voi models pull smart-turn"
}

command -v gcc >/dev/null || command -v cc >/dev/null ||
  say "No C compiler found: voice activity detection will cost more CPU (Debian, Ubuntu: apt-get install gcc libc6-dev)"
make_venv
install_packages
make_configuration
pull_models
say "Voi is installed. Start it: .venv/bin/voi serve    Check the configuration: .venv/bin/voi check"
