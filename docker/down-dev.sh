#!/usr/bin/env bash
# Stops and removes the development container; source, packages and weights are on the host and stay.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
exec docker compose -f docker-compose-dev.yml down "$@"
