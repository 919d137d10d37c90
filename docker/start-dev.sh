#!/usr/bin/env bash
# Inside the development container: ssh, and Jupyter where JUPYTER_TOKEN is set. HOST_KEYS and HOME_DIR are for tests.
set -euo pipefail
host_keys=${HOST_KEYS:-/etc/ssh/host-keys}
home=${HOME_DIR:-/home/user}

key="$host_keys/ssh_host_ed25519_key"
[ -s "$key" ] || ssh-keygen -q -t ed25519 -N '' -f "$key"
chmod 600 "$key"
# Folders that the host lacked are made by Docker, as root's.
chown user "$home/.local" "$home/.cache"

if [ -n "${JUPYTER_TOKEN:-}" ]; then
  # As its user, and the token not among its arguments, where every process could read it.
  sudo -u user -H --preserve-env=JUPYTER_TOKEN PATH="$home/.local/bin:$PATH" bash -c '
    cd "$1/voi-core"
    command -v jupyter >/dev/null || python3 -m pip install --user --quiet jupyterlab
    exec jupyter lab --ip=0.0.0.0 --port=8500 --no-browser' jupyter "$home" &
else
  echo 'JUPYTER_TOKEN is not set: no Jupyter server.'
fi
unset JUPYTER_TOKEN
exec /usr/sbin/sshd -D -e
