#!/usr/bin/env bash
# A desktop telephone for an agent: a virtual display, a sound server, GNOME Calls, and a view of it over VNC. Then it runs
# the given command, such as `voi softphone --agent eliza --answer`; without one, it only shows the desktop.
#   PHONE_PASSWORD_FILE   file with a password (/run/secrets/phone_password): of VNC (its first 8 characters) and of the keyring with the SIP passwords
#   PHONE_VNC_LISTEN      address of VNC: 127.0.0.1;  PHONE_VNC_PORT: 5900;  PHONE_DISPLAY: 99
set -euo pipefail

export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-${HOME:?}/run}
mkdir -p "$XDG_RUNTIME_DIR/pulse"
chmod 700 "$XDG_RUNTIME_DIR"

# The session bus of the desktop: GNOME Calls is reached over it, and the keyring.
if [ -z "${PHONE_INSIDE:-}" ]; then
  export PHONE_INSIDE=1
  exec dbus-run-session -- "$0" "$@"
fi

fail() { printf 'start.sh: %s\n' "$*" >&2; exit 1; }

password_file=${PHONE_PASSWORD_FILE:-/run/secrets/phone_password}
[ -r "$password_file" ] || fail "cannot read $password_file"
password=$(head -n 1 "$password_file")
[ "${#password}" -ge 8 ] || fail "the password in $password_file needs at least 8 characters"

export DISPLAY=":${PHONE_DISPLAY:-99}"
export PULSE_SERVER="unix:$XDG_RUNTIME_DIR/pulse/native"
display_socket="/tmp/.X11-unix/X${PHONE_DISPLAY:-99}"

services=()
# shellcheck disable=SC2317  # called by the trap
end() {
  trap - EXIT
  kill "${services[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
}
trap end EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

until_there() { # what, and a command that succeeds once it is there
  local what=$1
  shift
  for _ in {1..100}; do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  fail "$what did not start"
}

# The display makes this folder for root alone.
[ -d "${display_socket%/*}" ] || { mkdir "${display_socket%/*}" && chmod 1777 "${display_socket%/*}"; }
Xvfb "$DISPLAY" -screen 0 1024x768x24 -nolisten tcp -noreset >/dev/null 2>&1 &
services+=($!)
until_there "the display" test -S "$display_socket"

# What Voi says goes into voi_mic, whose monitor is the telephone's microphone; what the telephone plays goes into
# voi_speaker, whose monitor is Voi's.
pulseaudio -n --daemonize=no --use-pid-file=no --exit-idle-time=-1 --disallow-exit --log-level=error \
  -L "module-native-protocol-unix socket=$XDG_RUNTIME_DIR/pulse/native" \
  -L "module-null-sink sink_name=voi_mic sink_properties=device.description=voi_mic" \
  -L "module-null-sink sink_name=voi_speaker sink_properties=device.description=voi_speaker" &
services+=($!)
until_there "the sound server" pactl info
# GNOME Calls plays nothing while its microphone stands still: silence keeps it going.
pacat --playback --device=voi_mic --rate=16000 --channels=1 --latency-msec=200 --client-name=silence </dev/zero &
services+=($!)

printf '%s' "$password" | gnome-keyring-daemon --unlock --components=secrets >/dev/null

x11vnc -display "$DISPLAY" -listen "${PHONE_VNC_LISTEN:-127.0.0.1}" -rfbport "${PHONE_VNC_PORT:-5900}" -no6 \
  -passwdfile "read:$password_file" -forever -shared -quiet -nolookup >/dev/null 2>&1 &
services+=($!)

PULSE_SINK=voi_speaker PULSE_SOURCE=voi_mic.monitor gnome-calls --provider sip &
services+=($!)

if [ "$#" -gt 0 ]; then
  # 80 ms of sound wait in the server, so that a busy machine makes no gaps.
  PULSE_LATENCY_MSEC=80 PULSE_SINK=voi_mic PULSE_SOURCE=voi_speaker.monitor "$@" &
  services+=($!)
fi
# The first that ends ends all.
code=0
wait -n "${services[@]}" || code=$?
exit "$code"
