#!/usr/bin/env bash
# One command to a server: makes the configuration that is missing, with random secrets, builds the images and starts them.
#   docker/up.sh voi.example.com         that name must lead here (DNS), with ports 80 and 443 open
#   docker/up.sh voi.example.com cuda    with Whisper and XTTS on an NVIDIA GPU
#   docker/up.sh                         again, as it was; the first time for https://localhost alone
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
cd "$(dirname "${BASH_SOURCE[0]}")"
umask 077 # what it makes holds secrets; what containers read is opened below

say() { printf '%s\n' "$*"; }
fail() { printf 'up.sh: %s\n' "$*" >&2; exit 1; }
secret() { head -c 48 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_'; }

domain=${1:-}
variant=${2:-}
case "$variant" in '' | cpu | cuda) ;; *) fail "the variant is cpu or cuda, not $variant" ;; esac
[[ "$domain" =~ ^[A-Za-z0-9.:-]*$ ]] || fail "$domain is not the name of a host"
command -v docker >/dev/null || fail "Docker is not installed: https://docs.docker.com/engine/install/"

# .env beside the compose file is for Compose alone: which name, which variant.
touch .env
put() { # NAME VALUE DEFAULT: an empty value leaves what stands there
  if ! grep -q "^$1=" .env; then printf '%s=%s\n' "$1" "${2:-$3}" >>.env; fi
  if [ -n "$2" ]; then sed -i "s/^$1=.*/$1=$2/" .env; fi
}
put DOMAIN "$domain" localhost
put VARIANT "$variant" cpu

# Voi's secrets and LiteLLM's keys stay apart; one key is known to both, by which Voi asks LiteLLM.
if [ ! -e litellm.env ]; then
  printf '%s\n' "LITELLM_MASTER_KEY=sk-$(secret)" '# Keys of the providers that litellm_config.yaml names:' \
    '#OPENAI_API_KEY=' '#ANTHROPIC_API_KEY=' '#GEMINI_API_KEY=' '#GROQ_API_KEY=' >litellm.env
  say "Made docker/litellm.env: put the keys of your LLM providers there"
fi
if [ ! -e voi.env ]; then
  printf '%s\n' "TOKEN_SECRET_KEY=$(secret)" "API_KEY=$(secret)" \
    "LITELLM_API_KEY=$(sed -n 's/^LITELLM_MASTER_KEY=//p' litellm.env)" '# More settings: docs/settings.md' >voi.env
  say "Made docker/voi.env with random secrets"
fi
copy() {
  [ -e "$2" ] && return
  cp "$1" "$2"
  chmod 644 "$2"
  say "Made docker/$2 from its example"
}
mkdir -p config
chmod 755 config
copy ../agents.example.json config/agents.json
copy ../tts_models.example.json config/tts_models.json
copy ../litellm_config.example.yaml litellm_config.yaml
copy Caddyfile.example Caddyfile
copy docker-compose.example.yml docker-compose.yml
# The example has what a GPU needs behind a comment.
if grep -q '^VARIANT=cuda' .env; then
  sed -i 's/^    # deploy: /    deploy: /' docker-compose.yml
else
  sed -i 's/^    deploy: \({ resources: .*driver: nvidia\)/    # deploy: \1/' docker-compose.yml
fi

docker compose build
docker compose run --rm --no-deps voi models pull smart-turn ||
  say "Went on without the smart-turn weights: silence and words decide when a person has finished."
docker compose up --detach --remove-orphans
compose="docker compose --project-directory $(printf %q "$here")"
say "Voi is starting at https://$(sed -n 's/^DOMAIN=//p' .env): $compose ps, $compose logs voi"
say "A token for your app: $compose exec voi voi token my-app --expire 30"
