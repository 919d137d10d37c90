#!/usr/bin/env bash
# Where no container engine runs: does what docker/Dockerfile does for the target `cpu`, in a Debian root of its own, and tries
# what comes of it as the image's user. As root; takes some minutes, 1.5 GB and a Debian mirror.
#   docker/try-in-chroot.sh /var/tmp/voi-root        add --keep to keep the folder
#   GPL=no docker/try-in-chroot.sh /var/tmp/voi-root
#   TRY=readme docker/try-in-chroot.sh /var/tmp/voi-root      instead: what README.md has a newcomer type, in a clone of HEAD
# DEBIAN_MIRROR names a mirror; pip is told of its index by the host's pip configuration and PIP_… variables.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=${1:?"a folder that does not exist yet"}
keep=${2:-}
gpl=${GPL:-yes}
try=${TRY:-image}
[ ! -e "$root" ] || { printf '%s exists already\n' "$root" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { printf 'try-in-chroot.sh: only root can make a root\n' >&2; exit 1; }

server=
clean_up() {
  if [ -n "$server" ]; then kill -- "-$server" 2>/dev/null || kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  # What ran inside may hold on to it for a moment.
  for place in dev proc; do
    for _ in 1 2 3 4 5; do
      if ! mountpoint -q "$root/$place" || umount "$root/$place" 2>/dev/null; then break; fi
      sleep 1
    done
  done
  if [ "$keep" != --keep ] && ! mountpoint -q "$root/dev" && ! mountpoint -q "$root/proc"; then rm -rf --one-file-system "$root"; fi
}
trap clean_up EXIT

inside() { chroot "$root" /usr/bin/env -i HOME=/root PATH=/opt/voi/bin:/usr/bin:/bin:/usr/sbin:/sbin "${pip[@]}" "$@"; }
pip=()
while IFS= read -r setting; do pip+=("$setting"); done < <(env | grep -E '^(PIP_[A-Z_]+|SSL_CERT_FILE)=' || true)

packages=ca-certificates
if [ "$try" = image ]; then packages+=,python3,python3-venv,gcc,libc6-dev,libpython3-dev; fi # as in the base image
printf '== a Debian root\n'
debootstrap --variant=minbase --include="$packages" bookworm "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >/dev/null
cp /etc/resolv.conf "$root/etc/"
for file in /etc/pip.conf "$HOME/.config/pip/pip.conf"; do if [ -e "$file" ]; then cp "$file" "$root/etc/pip.conf"; fi; done
if [ -d /usr/local/share/ca-certificates ]; then cp -r /usr/local/share/ca-certificates "$root/usr/local/share/"; fi
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"

# A server, and what is typed beside it. $1: the folder of the clone. $2: what starts the server.
newcomer() {
  local folder=$1 start=$2 typed
  shift 2
  printf '$ %s\n' "$start"
  set -m # a group of its own, to be ended as one
  chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/bin:/bin:/usr/sbin:/sbin VOI_PORT="$port" "${pip[@]}" \
    sh -c "cd /root/$folder && $start" >"$root/serve.log" 2>&1 </dev/null &
  server=$!
  set +m
  for ((second = 0; ; second++)); do
    grep -q 'Voi is ready at ' "$root/serve.log" && break
    { kill -0 "$server" 2>/dev/null && [ "$second" -lt 600 ]; } || { cat "$root/serve.log"; exit 1; }
    sleep 1
  done
  if grep 'compiled kernel' "$root/serve.log"; then exit 1; fi
  for typed; do
    printf '$ %s\n' "$typed"
    inside env VOI_PORT="$port" bash -c "cd /root/$folder && $typed" >"$root/typed.log" 2>&1 || { cat "$root/typed.log"; exit 1; }
    tail -n 3 "$root/typed.log" | cut -c 1-120
  done
  kill -- "-$server"
  wait "$server" || true
  server=
}

# README.md's commands, and those of Voi's first version in its order.
readme() {
  local needs
  needs=$(sed -n 's/^    apt-get install //p' "$repository/README.md")
  printf '$ apt-get install %s\n' "$needs"
  inside bash -c "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $needs" >"$root/apt.log" 2>&1
  git clone -q --bare "$repository" "$root/srv/voi.git"
  inside git clone -q /srv/voi.git /root/voi
  newcomer voi 'make run' '.venv/bin/voi talk --agent echo --in tests/data/audio/jfk.wav --out answer.wav' \
    '.venv/bin/voi stt answer.wav | grep -i country' '.venv/bin/voi talk --agent eliza --text "I need a holiday"'
  inside git clone -q /srv/voi.git /root/first
  inside sh -c 'cd /root/first && cp .env.example .env && ./install.sh' >"$root/install.log" 2>&1
  printf '$ %s\n' 'cp .env.example .env' ./install.sh
  # shellcheck disable=SC2016 # it is typed so
  newcomer first 'exec python3 ws_server.py' 'python3 token_generator.py my-app --expire 30' \
    '.venv/bin/voi talk --agent eliza --text "I need a holiday" --token "$(python3 token_generator.py my-app --expire 30)"'
  printf 'done: installed, answered, ended\n'
}
if [ "$try" = readme ]; then readme; exit; fi

printf '== packages and Voi, by the same scripts as in the image\n'
mkdir -p "$root/src"
# The build context: what docker/Dockerfile.dockerignore lets through, of what git knows.
git -C "$repository" ls-files -z --cached -- locks voi pyproject.toml setup.py README.md LICENSE CHANGELOG.md docs/licences.md \
  docker/install-packages.sh docker/finish.sh docker/gpl-sources.md | tar -C "$repository" --null -T - -cf - | tar -C "$root/src" -xf -
inside python3 -m venv /opt/voi
inside bash -c 'cd /src && docker/install-packages.sh "" >/dev/null'
inside bash -c "cd /src && docker/finish.sh $gpl >/dev/null"
inside rm -rf /src /root/.cache

printf '== what is in it\n'
inside groupadd --gid 10001 voi
inside useradd --uid 10001 --gid voi --home-dir /srv/voi --create-home voi
mkdir -p "$root"/srv/voi/{config,models,recordings,data,cache}
cp "$repository/agents.example.json" "$root/srv/voi/config/agents.json"
cp "$repository/tts_models.example.json" "$root/srv/voi/config/tts_models.json"
chown -R 10001:10001 "$root/srv/voi"
for file in opt/voi/bin/voi opt/voi/bin/voi-healthcheck usr/share/doc/voi/LICENSE usr/share/doc/voi/licences.md \
  usr/share/doc/voi/packages.txt; do
  [ -s "$root/$file" ] || { printf 'missing: %s\n' "$file" >&2; exit 1; }
done
strays=$(find "$root/opt/voi" "$root/srv/voi" \( -name .env -o -name 'id_rsa*' -o -name '*.wav' -path '*srv*' \) -print)
[ -z "$strays" ] || { printf 'should not be there: %s\n' "$strays" >&2; exit 1; }
for kernel in _silero _features _resample; do
  find "$root/opt/voi" -name "$kernel*.so" | grep -q . || { printf '%s was not compiled\n' "$kernel" >&2; exit 1; }
done
parts=$(find "$root/opt/voi" \( -name 'libespeak-ng*' -o -path '*/av.libs/*' \) -print | wc -l)
if [ "$gpl" = no ]; then
  [ "$parts" = 0 ] || { printf 'GPL parts are left\n' >&2; exit 1; }
else
  { [ "$parts" -gt 0 ] && [ -s "$root/usr/share/doc/voi/gpl-sources.md" ]; } || { printf 'GPL parts or their notice are missing\n' >&2; exit 1; }
fi
du -sh "$root/opt/voi" | cut -f1 | sed 's/$/ of packages/'

printf '== it runs as its user, and writes nothing outside of its volumes\n'
# One command, not a function: in the background its process is then the server's own, to be ended.
as_voi=(chroot --userspec=10001:10001 "$root" /usr/bin/env -i HOME=/srv/voi PATH=/opt/voi/bin:/usr/bin:/bin
  PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME=/srv/voi/cache VOI_PORT="$port" VOI_AGENTS_FILE=config/agents.json
  VOI_TTS_MODELS_FILE=config/tts_models.json TOKEN_SECRET_KEY=Kq7vX2mPw9RtY4bNc8ZdFhJs5LgAe3Ua API_KEY=h4Tz9Qw2Lm7Rx5Vb
  sh -c 'cd /srv/voi && exec "$@"' sh)
if [ "$gpl" = no ]; then "${as_voi[@]}" voi check; printf 'done: without the GPL parts\n'; exit 0; fi
touch "$root/before"
"${as_voi[@]}" voi serve >"$root/serve.log" 2>&1 &
server=$!
for ((second = 0; ; second++)); do
  "${as_voi[@]}" voi-healthcheck 2>/dev/null && break
  { kill -0 "$server" 2>/dev/null && [ "$second" -lt 120 ]; } || { cat "$root/serve.log"; exit 1; }
  sleep 1
done
"${as_voi[@]}" voi talk --agent eliza --text "I need a holiday" | tail -n 3
written=$(find "$root" -xdev -newer "$root/before" -type f ! -path "$root/proc/*" ! -path "$root/dev/*" ! -path "$root/tmp/*" \
  ! -path "$root/serve.log" ! -path "$root/srv/voi/models/*" ! -path "$root/srv/voi/recordings/*" ! -path "$root/srv/voi/data/*" ! -path "$root/srv/voi/cache/*" -print)
[ -z "$written" ] || { printf 'written outside of volumes: %s\n' "$written" >&2; exit 1; }
kill -TERM "$server"
wait "$server" && server=
printf 'done: healthy, spoken with, ended cleanly\n'
