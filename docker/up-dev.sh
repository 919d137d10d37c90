#!/usr/bin/env bash
# Builds and starts the development container. Needs docker/id_rsa.pub, your public key.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

if [ ! -s id_rsa.pub ]; then
  printf 'up-dev.sh: docker/id_rsa.pub is missing: cp ~/.ssh/id_rsa.pub docker/\n' >&2
  exit 1
fi
if grep -q 'PRIVATE KEY' id_rsa.pub; then
  printf 'up-dev.sh: docker/id_rsa.pub is a private key: give the public one\n' >&2
  exit 1
fi
[ -e docker-compose-dev.yml ] || cp docker-compose-dev.example.yml docker-compose-dev.yml
# Made here, so that they are yours and not root's.
mkdir -p .local .cache .ssh-host-keys ../models
USER_ID=$(id -u)
GROUP_ID=$(id -g)
if [ "$USER_ID" = 0 ]; then # a root with password-less ssh is nobody's wish
  USER_ID=1000 GROUP_ID=1000
fi
export USER_ID GROUP_ID
# For people who call Compose by hand afterwards, and editors that do.
touch .env
for name in USER_ID GROUP_ID; do
  if grep -q "^$name=" .env; then sed -i "s/^$name=.*/$name=${!name}/" .env; else printf '%s=%s\n' "$name" "${!name}" >>.env; fi
done
docker compose -f docker-compose-dev.yml up --detach --build "$@"
printf 'Started voice-agent-core-container-dev. Go in: ssh user@localhost -p 2223, then: cd voi-core && ./install.sh\n'
