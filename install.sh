#!/usr/bin/env bash
# Installs Voi into .venv beside this file; the system's Python is never touched. Run it as often as you like.
#   ./install.sh                  what a server needs
#   ./install.sh sound litellm    optional extras as well: sound, echo, google, languages, litellm, llamacpp, mcp, piper, pocket-tts, otel, postgres, telephone, webrtc, whisper, faster-whisper, xtts, xtts-cjk, wyoming, zeroconf, train, dev
# PYTHON=/path/to/python3.12 chooses the interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

EXTRAS=(sound echo google languages litellm llamacpp mcp piper pocket-tts otel postgres telephone webrtc whisper faster-whisper xtts xtts-cjk wyoming zeroconf train dev)
extras=(media turn voice)
for extra in "$@"; do
  case " media turn voice ${EXTRAS[*]} " in
    *" $extra "*) ;;
    *) fail "unknown extra '$extra'; there are: ${EXTRAS[*]}" ;;
  esac
  case " ${extras[*]} " in *" $extra "*) ;; *) extras+=("$extra") ;; esac
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

# What is in an environment names the folder that it was made in: moved, or mounted elsewhere, it cannot run.
made_here() { [ ! -s .venv/voi-installed ] || grep -qxF "$(cd .venv && pwd -P)" .venv/voi-installed; }

make_venv() {
  made_here && is_recent .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1 && return
  local python had
  had=$(cat .venv/voi-installed 2>/dev/null || true)
  python=$(find_python)
  say "Making .venv with $("$python" --version)"
  "$python" -m venv --clear .venv || fail "could not make a virtual environment (Debian, Ubuntu: apt-get install python3-venv)"
  # With the extras that it had.
  { (cd .venv && pwd -P); printf '%s\n' "$had" | grep -vxE '[0-9a-f]{64}|/.+|' || true; } >.venv/voi-installed
}

pip_install() { .venv/bin/python -m pip install -q --disable-pip-version-check "$@" || fail "pip could not install the packages: see its message above"; }

# Exactly the files that locks/ names by their hashes; packages are built with what is in .venv, not with what an index has today.
pip_install_locked() { pip_install --require-hashes --no-deps --no-build-isolation "$@"; }

# setuptools warns of every editable installation.
install_voi() { PYTHONWARNINGS=ignore pip_install --no-deps --no-build-isolation -e .; }

# What was installed is written down, so that a second run asks no package index.
install_packages() {
  local stamp=.venv/voi-installed sum missing=0 torch=0 extra files=(-r locks/server.lock)
  sum=$(cat pyproject.toml setup.py locks/*.lock | sha256sum | cut -c1-64)
  touch "$stamp"
  grep -qx "$sum" "$stamp" || missing=1
  for extra in "${extras[@]}"; do grep -qx "$extra" "$stamp" || missing=1; done
  [ "$missing" = 1 ] || return 0
  # The extras of earlier runs as well: when the locks change, they change together.
  for extra in "${EXTRAS[@]}"; do
    case " ${extras[*]} " in *" $extra "*) continue ;; esac
    if grep -qx "$extra" "$stamp"; then extras+=("$extra"); fi
  done
  for extra in "${extras[@]}"; do
    case "$extra" in media | turn | voice) continue ;; whisper | xtts | pocket-tts | train) torch=1 ;; esac
    files+=(-r "locks/$extra.lock")
  done
  say "Installing Voi with ${extras[*]} (about two minutes the first time)"
  pip_install_locked -r locks/installers.lock
  pip_install_locked "${files[@]}"
  # torch without hashes: they differ between its builds, and the machine decides which one fits (see tools/lock.py). Its own
  # dependencies come with it, NVIDIA's among them.
  if [ "$torch" = 1 ]; then pip_install -r locks/torch.lock; fi
  install_voi
  printf '%s\n' "$sum" "$(cd .venv && pwd -P)" "${extras[@]}" >"$stamp"
}

# The compiled parts, for this Python and of this source.
has_kernel() { .venv/bin/python -m voi.audio.compiled 2>/dev/null; }

can_compile() {
  { command -v gcc || command -v cc; } >/dev/null &&
    [ -e "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ]
}

# A compiler that came after the first installation is used too.
compile_kernel() {
  if ! has_kernel && can_compile; then install_voi; fi
  has_kernel ||
    say "Voice activity detection costs several times the CPU without its compiled kernel. To have it (Debian, Ubuntu):" \
      "apt-get install gcc python3-dev, then run ./install.sh again"
}

secret() { .venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(48))'; }

# A secret that is empty in .env gets a random value; what stands there is kept.
fill_secret() {
  local empty="^$1=[[:space:]]*(\"\"|'')?[[:space:]]*\$"
  grep -qE "$empty" .env || return 0
  (umask 077 && sed -E "s/$empty/$1=$(secret)/" .env >.env.new)
  cat .env.new >.env  # not moved there: .env may be a link, or belong to another user
  rm .env.new
  chmod o-rwx .env
  say "Put a new random $1 into .env"
}

make_configuration() {
  local name
  if [ ! -e .env ]; then
    (umask 077 && cp .env.example .env)
    say "Made .env from its example"
  fi
  fill_secret TOKEN_SECRET_KEY
  fill_secret API_KEY
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

make_venv
install_packages
compile_kernel
make_configuration
pull_models
say "Voi is installed. Start it: .venv/bin/voi serve    Check the configuration: .venv/bin/voi check"
